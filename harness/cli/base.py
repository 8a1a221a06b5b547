"""What every command has in common: its exit status, its errors in one line, its options."""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from harness import errors
from harness.errors import LabError, UsageError

RUNS = "results/runs"


def say(line: str) -> None:
    print(line, flush=True)


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def undo_what_was_left() -> None:
    """What a killed run has left changed of this host is undone before anything else is done."""
    from harness.machine.host import journal

    for change in journal.restore_left():
        print(f"undone, left by a run that was killed: {change}", file=sys.stderr)


def guarded(command: Callable[..., int | None], *, undo: bool = True) -> Any:
    """Makes a task of a function: its result is the exit status, a LabError one line, never a traceback. undo: first
    undoes what a killed run has left."""

    @functools.wraps(command)
    def run(context: Any, *arguments: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _end)  # leaves by every block's end, as Ctrl-C does
        try:
            if undo:
                undo_what_was_left()
            status = command(context, *arguments, **options) or 0
        except LabError as error:
            print(error, file=sys.stderr)
            status = error.status
        except KeyboardInterrupt:
            status = errors.INTERRUPTED
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            status = 0
        sys.stdout.flush()
        sys.exit(status)

    return run


def looking(command: Callable[..., int | None]) -> Any:
    """The same for a command that is about what a killed run has left: it is still there when the command begins."""
    return guarded(command, undo=False)


def whole(name: str, value: str | None) -> int | None:
    """An option that must be a whole number."""
    if value is None:
        return None
    try:
        return int(value)
    except ValueError:
        raise UsageError(f"--{name} {value}", "it is no whole number", f"for instance --{name} 3") from None
