"""Decoders that are broken on purpose: what turns recorded text and bytes into numbers gives another result.

What a broken decoder makes of evidence that a sound experiment recorded needs no guest.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial, wraps
from typing import Any

from harness.lab.helpers import heap, oom, reclaim
from harness.linux import btf, counters, maps, oom_report, pages, trace_events

Spoil = Callable[[Any], Any]


def _neighbours(values: dict[str, int]) -> dict[str, int]:
    """Gives each key the value of the one behind it."""
    behind = [*values.values()][1:] + [*values.values()][:1]
    return dict(zip(values, behind, strict=True))


def _halves(values: dict[str, int]) -> dict[str, int]:
    return {key: value // 2 for key, value in values.items()}


# By the type of the result: how it is spoiled → what does that.
SPOILED: Mapping[type, Mapping[str, Spoil]] = {
    dict: {"each key has its neighbour's value": _neighbours, "halves": _halves},
    bool: {"the opposite": lambda result: not result},
    int: {
        "halves": lambda result: None if result is None else result // 2,
        "one less": lambda n: None if n is None else max(n - 1, 0),
    },
    list: {
        "without the first": lambda result: None if result is None else type(result)(result[1:]),
        "without the last": lambda result: None if result is None else type(result)(result[:-1]),
    },
    set: {"without the smallest": lambda result: result - {min(result, default=None)}},
}
# What turns recorded text and bytes into what quantities are made of: where it is, its name, its result's type.
FUNCTIONS: tuple[tuple[Any, str, type], ...] = (
    (pages, "resident", int),
    (pages, "count_mapped", int),
    (pages, "same_frames", int),
    (pages, "frames", set),
    (pages, "mapped", list),
    (maps, "parse", list),
    (trace_events, "parse", list),
    (trace_events, "lost", bool),
    (oom_report, "victims", list),
    (btf.Types, "members", list),
    (btf.Types, "enumerators", list),
    (heap, "page_runs", list),
    (oom, "killed", list),
    (reclaim, "wakes", list),
    (reclaim, "looks", list),
)


@dataclass(frozen=True)
class Broken:
    """A decoder and the way in which it is broken. break_it gives a context in which it is. runs: what the source of an
    experiment has in it whose procedure decodes, so that no recorded evidence will do; "" where judging does it."""

    decoder: str
    how: str
    break_it: Callable[[], AbstractContextManager[None]]
    runs: str = ""


def broken() -> Iterator[Broken]:
    """Yields each way in which each decoder is broken."""
    for name, file in counters.FILES.items():
        ways = SPOILED[dict].items() if file.parse is not counters.single else [("halves", _halves)]
        for how, spoil in ways:
            if file.parse is not counters.text_only:
                yield Broken(name, how, partial(_file, name, spoil))
    for holder, name, kind in FUNCTIONS:
        runs = "Types(" if holder is btf.Types else ""
        for how, spoil in SPOILED[kind].items():
            yield Broken(_title(holder, name), how, partial(_function, holder, name, spoil), runs)
    states = list(pages.STATES)
    for state, other in zip(states, [*states[1:], states[0]], strict=True):
        yield Broken(f"pages: {state}", f"tells “{other}”", partial(_state, state, other))


@contextmanager
def watched() -> Iterator[set[str]]:
    """Gives the names of the decoders that are used until the block ends."""
    used: set[str] = set()

    def noting(name: str) -> Spoil:
        def note(result: Any) -> Any:
            used.add(name)
            return result

        return note

    class States(dict[str, pages.State]):
        def __getitem__(self, state: str) -> pages.State:
            used.add(f"pages: {state}")
            return super().__getitem__(state)

    with ExitStack() as stack:
        for file in counters.FILES:
            stack.enter_context(_file(file, noting(file)))
        for holder, name, _ in FUNCTIONS:
            stack.enter_context(_function(holder, name, noting(_title(holder, name))))
        stack.callback(setattr, pages, "STATES", pages.STATES)
        pages.STATES = States(pages.STATES)
        yield used


def _title(holder: Any, name: str) -> str:
    return f"{holder.__name__.rpartition('.')[2]}.{name}"


@contextmanager
def _file(name: str, spoil: Spoil) -> Iterator[None]:
    sound = counters.FILES[name]
    counters.FILES[name] = replace(sound, parse=lambda text: spoil(sound.parse(text)))
    try:
        yield
    finally:
        counters.FILES[name] = sound


@contextmanager
def _state(state: str, other: str) -> Iterator[None]:
    sound = pages.STATES[state]
    pages.STATES[state] = pages.STATES[other]
    try:
        yield
    finally:
        pages.STATES[state] = sound


@contextmanager
def _function(holder: Any, name: str, spoil: Spoil) -> Iterator[None]:
    """Puts a function that spoils its result wherever the sound one is known, under whatever name."""
    sound = getattr(holder, name)

    @wraps(sound)
    def spoiled(*arguments: Any, **options: Any) -> Any:
        return spoil(sound(*arguments, **options))

    known = [
        (module, known_as)
        for module in [holder, *(one for path, one in list(sys.modules.items()) if path.startswith(("harness.", "experiments.")))]
        for known_as, value in list(vars(module).items())
        if value is sound
    ]
    with ExitStack() as stack:
        for module, known_as in known:
            setattr(module, known_as, spoiled)
            stack.callback(setattr, module, known_as, sound)
        yield
