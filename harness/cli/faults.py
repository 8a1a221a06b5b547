"""`invoke faults`: faults made on purpose, and what came of each."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness import errors
from harness.cli.base import RUNS, at_least_one, command, say, whole_number
from harness.errors import UsageError


def named(names: str) -> tuple[str, ...]:
    """Gives the parts that the user named, else all of them. Raises UsageError for one that there is not."""
    from harness.faults.parts import PARTS

    found = tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
    for name in found:
        if name not in PARTS:
            raise UsageError(f"--part {name}", f"the parts are {', '.join(PARTS)}", "name one or several, with commas")
    return found or tuple(PARTS)


@command(
    part="one or several, with commas (default: all); --parts says what each does",
    parts="say what the parts are, and do nothing",
    count="how many cases: executions, rounds, trials (default: as many as docs/reliability.md records)",
    kernel="a series, for parts that start guests (default: that of runs)",
    seed="chooses the cases: the same seed, the same cases (1)",
    results="where what a reader may want to see is kept",
)
def faults(
    context: Any,
    part: str = "",
    parts: bool = False,
    count: str | None = None,
    kernel: str = "",
    seed: str = "1",
    results: str = RUNS,
) -> int:
    """Make faults on purpose and say what came of each: an error or an undecided claim, never a wrong verdict."""
    from harness.evidence import run_directory
    from harness.faults.parts import PARTS
    from harness.faults.shown import Asked

    if parts:
        for name, one in PARTS.items():
            say(f"{name:10} {one.count:>12,} {one.says}")
        return errors.AS_KNOWN
    chosen, seeded = named(part), whole_number("seed", seed) or 0
    number = None if count is None else at_least_one("count", count, "shown")
    wrong = 0
    say(f"Faults, {time.strftime('%Y-%m-%d')}, this host's kernel {os.uname().release}")
    for name in chosen:
        into = run_directory.create(Path(results), "faults", name)
        for shown in PARTS[name].show(Asked(number or PARTS[name].count, kernel, seeded, into)):
            say(f"  {'ok   ' if shown.holds else 'WRONG'} {name}: {shown.what}: {shown.said}")
            wrong += not shown.holds
        with suppress(OSError):  # a part that left something
            into.rmdir()
    return errors.SURPRISE if wrong else errors.AS_KNOWN
