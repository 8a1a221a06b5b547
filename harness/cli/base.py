"""What every command has in common: its exit status, its errors in one line, its help."""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

from invoke import Task, task

from harness import errors
from harness.errors import LabError, UsageError
from harness.printable import harmless

RUNS = "results/runs"


def say(line: str) -> None:
    """Prints a line at once, also into a pipe; what would act on a terminal is written as its number."""
    print(harmless(line, keep="\n\t"), flush=True)


def warn(line: object) -> None:
    """Prints a line where errors go, harmless as `say` does; nothing for an empty one."""
    if text := str(line):
        print(harmless(text, keep="\n\t"), file=sys.stderr, flush=True)


def _end(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def undo_what_was_left() -> None:
    """Undoes what a killed run has left changed of this host, before anything else is done."""
    from harness.machine.host import journal

    for change in journal.restore_left():
        warn(f"undone, left by a run that was killed: {change}")


def guarded(body: Callable[..., int | None], undo: bool) -> Callable[..., None]:
    """Wraps a command's function: its result becomes the exit status, a LabError one line, and nothing a traceback.

    undo: first undoes what a killed run has left of this host.
    """

    @functools.wraps(body)
    def run(context: Any, *arguments: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _end)  # leaves by every block's end, as Ctrl-C does
        try:
            if undo:
                undo_what_was_left()
            status = body(context, *arguments, **options) or 0
        except LabError as error:
            warn(error)
            status = error.status
        except KeyboardInterrupt:
            status = errors.INTERRUPTED
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            status = 0
        sys.stdout.flush()
        sys.exit(status)

    return run


def task_of(
    body: Callable[..., int | None],
    help: Mapping[str, str],
    *,
    called: str | None = None,
    undo: bool = True,
    repeated: Sequence[str] = (),
) -> Task[Any]:
    """Makes a task of a function that returns its exit status. help: a line for each option. called: the task's name, if
    that is not the function's. repeated: the options that may stand several times.

    No option gets a one-letter form by itself: invoke would take letters as they come, -h for --throwaway-host.
    """
    made: Task[Any] = task(name=called, help=dict(help), iterable=list(repeated), auto_shortflags=False)(guarded(body, undo))
    return made


def command(*, called: str | None = None, undo: bool = True, **help: str) -> Callable[[Callable[..., int | None]], Task[Any]]:
    """Decorates a function as a command, with a line of help for each of its options."""
    return lambda body: task_of(body, help, called=called, undo=undo)


def whole_number(name: str, value: str | None) -> int | None:
    """Reads an option that must be a whole number. Raises UsageError for anything else."""
    if value is None:
        return None
    try:
        return int(value)
    except ValueError:
        raise UsageError(f"--{name} {value}", "it is no whole number", f"for instance --{name} 3") from None
