"""What every command has in common: its exit status, its errors in one line, its options."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import Any

from harness import errors
from harness.errors import LabError, UsageError

RUNS = "results/runs"


def say(line: str) -> None:
    print(line, flush=True)


def guarded(command: Callable[..., int | None]) -> Any:
    """Makes a task of a function: its result is the exit status, a LabError one line, never a traceback."""

    @functools.wraps(command)
    def run(context: Any, *arguments: Any, **options: Any) -> None:
        try:
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


def whole(name: str, value: str | None) -> int | None:
    """An option that must be a whole number."""
    if value is None:
        return None
    try:
        return int(value)
    except ValueError:
        raise UsageError(f"--{name} {value}", "it is no whole number", f"for instance --{name} 3") from None
