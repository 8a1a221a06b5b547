"""What every command has in common: its exit status, its errors in one line, its help."""

from __future__ import annotations

import errno
import functools
import inspect
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from invoke import Argument, Task

from harness import errors, paths
from harness.cli import startup
from harness.errors import LabError, UsageError
from harness.printable import harmless

PROGRAM = "invoke"  # by which name the commands are typed
RUNS = str(paths.RUNS)
# The option of all commands that know the catalogue.
EXPERIMENTS, OWN = "experiments", "a folder with experiments of your own, beside the catalogue's (repeatable)"


def as_typed(line: str) -> str:
    """Gives a line with the commands in it as they are typed here: `invoke …` in the checkout, `folklab …` where installed."""
    return line if PROGRAM == "invoke" else re.sub(r"\binvoke (?=[a-z])", f"{PROGRAM} ", line)


def say(line: str) -> None:
    """Prints a line at once, also into a pipe; what would act on a terminal is written as its number."""
    print(harmless(as_typed(line), keep="\n\t"), flush=True)


def say_json(content: object) -> None:
    """Prints what `--json` asks for."""
    from harness.evidence import json_file

    say(json_file.render(content))


def warn(line: object) -> None:
    """Prints a line where errors go, harmless as `say` does; nothing for an empty one."""
    if text := as_typed(str(line)):
        print(harmless(text, keep="\n\t"), file=sys.stderr, flush=True)


def undo_what_was_left() -> None:
    """Undoes what a killed run has left changed of this host, before anything else is done."""
    from harness.machine.host import journals

    if not journals.any_there():
        return
    from harness.machine.host import journal

    for change in journal.restore_left():
        warn(f"undone, left by a run that was killed: {change}")


def take_in(directories: Sequence[str]) -> None:
    """Has the catalogue hold the experiments of these folders too, and tells of every own file that can't be used."""
    from harness import catalogue

    catalogue.use([Path(one) for one in directories])
    for problem in catalogue.problems():
        warn(problem.error)


def guarded(body: Callable[..., int | None], undo: bool, own: bool) -> Callable[..., None]:
    """Wraps a command's function: its result becomes the exit status, a LabError one line, and nothing a traceback.

    undo: first undoes what a killed run has left of this host. own: it takes folders with the user's own experiments.
    """

    @functools.wraps(body)
    def run(context: Any, *arguments: Any, **options: Any) -> None:
        startup.begin()
        try:
            if undo:
                undo_what_was_left()
            if own:
                take_in(options.pop(EXPERIMENTS))
            status = body(context, *arguments, **options) or 0
            sys.stdout.flush()
        except KeyboardInterrupt:
            status = errors.INTERRUPTED
        except BrokenPipeError:  # the reader has seen enough
            status = _without_output(0)
        except (LabError, OSError, MemoryError) as error:
            status = _told(error)
        except ImportError as error:
            if not re.search("allocate memory|map segment", str(error)):
                raise  # a bug of ours, or a package that is missing: the whole traceback names it
            status = _told(MemoryError())
        startup.over()
        try:
            sys.stdout.flush()
        except OSError as error:
            status = _without_output(_told(error))
        sys.exit(startup.interrupted() or status)

    if own:
        signature = inspect.signature(body)
        option = inspect.Parameter(EXPERIMENTS, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None)
        run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), option])  # type: ignore[attr-defined]
    return run


def _told(error: BaseException) -> int:
    """Prints what went wrong in one line, and gives the exit status. What this machine lacks is no bug, and no traceback."""
    if isinstance(error, LabError):
        told = error
    elif isinstance(error, OSError):
        remedy = REMEDIES.get(error.errno or 0, "see what became of it")
        told = LabError(str(error.filename or "a file"), error.strerror or str(error), remedy)
    else:
        told = LabError("memory", "there is not enough for this process", "end something, or allow it more (ulimit -v)")
    try:
        warn(told)
    except OSError:  # nobody can be told: the terminal is gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    return told.status


def _without_output(status: int) -> int:
    """Has what is still to be printed go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return status


# What helps where the kernel refuses, by errno.
REMEDIES = {
    errno.ENOSPC: "free some room, also where the output goes",
    errno.EDQUOT: "free some room",
    errno.EFBIG: "allow larger files (ulimit -f)",
    errno.EMFILE: "allow more open files (ulimit -n 1024)",
    errno.ENFILE: "end something: this host has as many files open as it can",
    errno.ENOMEM: "end something, or allow this process more memory (ulimit -v)",
    errno.EAGAIN: "end something, or allow more processes (ulimit -u)",
    errno.EACCES: "it is another user's",
    errno.EROFS: "name a place that can be written to",
}


class Command(Task[Any]):
    """A task of the lab's, of which one object serves: invoke copies every task that it is given, with all that it holds."""

    @classmethod
    def named(cls, name: str) -> Command:
        """Gives a command that is known by its name only, for a command line that does not ask for it."""
        return cls(_not_asked_for, name=name, positional=())

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Gives the command's arguments. Asked for them, invoke takes the lines of help out that it has used: they are put back,
        for it asks again, and so do others."""
        lines = dict(self.help)
        try:
            return [] if self.body is _not_asked_for else super().get_arguments(ignore_unknown_help)
        finally:
            self.help = lines

    def __deepcopy__(self, memo: dict[int, Any]) -> Command:
        return self


def _not_asked_for(context: Any) -> None:
    """Takes the place of a command's function that is not loaded."""


def task_of(
    body: Callable[..., int | None],
    help: Mapping[str, str],
    *,
    called: str | None = None,
    undo: bool = True,
    own: bool = False,
    repeated: Sequence[str] = (),
) -> Command:
    """Makes a task of a function that returns its exit status. help: a line for each option. called: the task's name, if
    that is not the function's. own: it knows the catalogue, and takes folders with the user's own experiments. repeated:
    the options that may stand several times.

    No option gets a one-letter form by itself: invoke would take letters as they come, -h for --throwaway-host.
    """
    lines = {**help, **({EXPERIMENTS: OWN} if own else {})}
    several = [*repeated, *([EXPERIMENTS] if own else [])]
    return Command(guarded(body, undo, own), name=called, help=lines, iterable=several, auto_shortflags=False)


def command(
    *, called: str | None = None, undo: bool = True, own: bool = False, **help: str
) -> Callable[[Callable[..., int | None]], Command]:
    """Decorates a function as a command, with a line of help for each of its options."""
    return lambda body: task_of(body, help, called=called, undo=undo, own=own)


def whole_number(name: str, value: str | None) -> int | None:
    """Reads an option that must be a whole number. Raises UsageError for anything else."""
    if value is None:
        return None
    if re.fullmatch(r"[+-]?[0-9]{1,18}", value):
        return int(value)
    raise UsageError(f"--{name} {value}", "it is no whole number", f"for instance --{name} 3")


def at_least_one(name: str, value: str, done: str = "done") -> int:
    """Reads an option that must be a whole number from 1 up. Raises UsageError for anything else: nothing would be `done`."""
    found = whole_number(name, value) or 0
    if found < 1:
        raise UsageError(f"--{name} {value}", f"nothing would be {done}", "at least 1")
    return found
