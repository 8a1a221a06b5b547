"""invoke check: one claim on one kernel, with the exit status that `git bisect run` understands (docs/bisect.md)."""

from __future__ import annotations

import atexit
import os
import sys
import traceback
from collections.abc import Iterable, Mapping
from typing import Any

from invoke import task

from harness import catalogue, errors
from harness.claims.claim import CONFIRMED, REFUTED
from harness.cli.base import RUNS, guarded, say
from harness.cli.options import DEBUGGER, RUNNING, Typed, run
from harness.errors import LabError, UsageError

# git-bisect(1), "Bisect run": 0 good, 1 to 127 bad except 125, which skips the commit; what is above 127 ends the
# bisection. A mistake of the user's must be none of the first three: each would call a commit what it is not.
AS_WANTED, OTHER, CANNOT_TELL, STOP = 0, 1, 125, 128


def status(rows: Iterable[Mapping[str, Any]], want: str, broken: bool) -> int:
    """Of a claim's rows, one for each setting: as wanted only if all are; the other verdict once is enough."""
    found = [row["verdict"] for row in rows]
    if not broken and found and all(verdict == want for verdict in found):
        return AS_WANTED
    return OTHER if any(verdict in {CONFIRMED, REFUTED} and verdict != want for verdict in found) else CANNOT_TELL


def verdict_status(claim: str, want: str, typed: Typed) -> int:
    """Runs the claim's experiment, prints its answer: the exit status. Raises LabError where it can't be asked."""
    experiment, found = catalogue.find(claim)
    if found is None:
        names = ", ".join(one.id for one in experiment.claims)
        raise UsageError(f"claim {claim!r}", "it is an experiment", f"its claims are {names}")
    if want not in {CONFIRMED, REFUTED}:
        raise UsageError(f"--want {want}", "two verdicts can be wanted", f"type --want {CONFIRMED} or --want {REFUTED}")
    finished = run([experiment], experiment.name, found.id, typed)
    if finished.interrupted:
        return errors.INTERRUPTED
    rows = [row for row in finished.rows if row["claim"] == found.id]
    if len({row["verdict"] for row in rows}) > 1:
        say(f"{found.id}  not the same under all settings: --set chooses one ({', '.join(experiment.axes) or 'see above'})")
    return status(rows, want, bool(finished.failures))


@task(
    iterable=["set_", "append"],
    help={
        "claim": "the id of a claim",
        "want": "the verdict that is good: confirmed or refuted",
        **{name: text for name, text in RUNNING.items() if name not in {"json", "machine"}},
        **DEBUGGER,
    },
)
@guarded
def check(
    context: Any,
    claim: str,
    want: str = "",
    kernel: str | None = None,
    modules: str | None = None,
    append: Any = None,
    trials: str | None = None,
    set_: Any = None,
    results: str = RUNS,
    jobs: str | None = None,
    fresh_boot: bool = False,
    mirror: str | None = None,
    gdb: str = "",
) -> int:
    """For git bisect run: 0 the wanted verdict, 1 the other one, 125 can't tell, 128 wrong usage."""
    typed = Typed("vm", (kernel,), modules, append, trials, set_, results, jobs, fresh_boot, mirror, False, gdb=gdb)
    try:
        found = verdict_status(claim, want, typed)
    except UsageError as error:
        print(error, file=sys.stderr)
        found = STOP
    except (LabError, OSError) as error:
        print(error, file=sys.stderr)
        found = CANNOT_TELL
    except Exception:
        traceback.print_exc()
        found = CANNOT_TELL
    said = {AS_WANTED: "good: as wanted", OTHER: "bad: the other verdict", CANNOT_TELL: "can't tell: to be skipped"}
    if found in said:
        say(f"{claim}  {said[found]} (exit status {found})")
    atexit.unregister(stop)
    return found


def stop() -> None:
    """invoke ends with 1 for a command line that it can't read, Python for a package that is missing: a bad commit to
    git. Unless check got to its end, that is 128."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(STOP)


def arm(words: list[str]) -> None:
    """Has wrong usage end with 128 where the command line asks for `check` (and not for help)."""
    if next((word for word in words if not word.startswith("-")), "") == "check" and not {"-h", "--help"} & set(words):
        atexit.register(stop)
