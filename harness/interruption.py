"""Interruptions by a signal: where they may come, and what is done at once when one comes.

Python raises KeyboardInterrupt wherever the main thread stands: also between a lock of the standard library and the block
that gives it back. Threads that need that lock then wait for ever (seen: a run that was interrupted while it handed in its
trials stood still, with Semaphore.release in both threads of its pool). So while a pool lives an interruption is held back,
and raised where the main thread looks for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Interrupted(KeyboardInterrupt):
    """A signal has come. Python ends with SIGINT, whatever is made of the exception, if a KeyboardInterrupt itself has once left
    exec() of a text, with which dataclasses are made (its Python/pythonrun.c, run_eval_code_obj); of this kind it takes none."""


_blocks = 0  # of `held` that are open
_came = False
_at_once: list[Callable[[], None]] = []


def at_once(act: Callable[[], None]) -> None:
    """Has `act` called in the signal's handler, when an interruption is held back. It may take no lock."""
    _at_once.append(act)


def interrupt() -> None:
    """Raises Interrupted; or holds it back for now. Called by the handler of a signal."""
    global _came
    if not _blocks:
        raise Interrupted
    _came = True
    for act in _at_once:
        act()


def check() -> None:
    """Raises Interrupted where one is held back."""
    global _came
    if _came:
        _came = False
        raise Interrupted


@contextmanager
def held() -> Iterator[None]:
    """Holds interruptions back, until `check` or the end of the block. In threads but the main one it does nothing: no
    signal's handler runs there."""
    global _blocks
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _blocks += 1
    try:
        yield
    finally:
        _blocks -= 1
    if not _blocks:
        check()
