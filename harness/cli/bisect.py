"""invoke check: one claim on one kernel, with the exit status that `git bisect run` understands (docs/bisect.md)."""

from __future__ import annotations

import atexit
import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness import errors
from harness.cli.base import say, warn
from harness.cli.options import running
from harness.cli.running import execute
from harness.errors import LabError, UsageError
from harness.run.options import DEBUGGER, RunOptions

if TYPE_CHECKING:
    from harness.evidence.schema import Row

# git-bisect(1), "Bisect run": 0 good, 1 to 127 bad except 125, which skips the commit; what is above 127 ends the
# bisection. A mistake of the user's must be none of the first three: each would call a commit what it is not.
AS_WANTED, OTHER, CANNOT_TELL, STOP = 0, 1, 125, 128


def status(rows: Iterable[Row], want: str, broken: bool) -> int:
    """Gives the status that a claim's rows come to, one row for each setting: as wanted only if all are; the other verdict
    once is enough."""
    from harness.claims.claim import DECIDED

    found = [row["verdict"] for row in rows]
    if not broken and found and all(verdict == want for verdict in found):
        return AS_WANTED
    return OTHER if any(verdict in DECIDED and verdict != want for verdict in found) else CANNOT_TELL


def check_want(want: str) -> None:
    """Raises UsageError where no such verdict can be wanted."""
    from harness.claims.claim import DECIDED

    if want not in DECIDED:
        raise UsageError(f"--want {want}", "two verdicts can be wanted", f"type --want {' or --want '.join(DECIDED)}")


def verdict_status(claim: str, want: str, options: RunOptions) -> int:
    """Runs the claim's experiment, prints its answer: the exit status. Raises LabError where it can't be asked."""
    from harness import catalogue

    experiment, found = catalogue.find(claim)
    if found is None:
        names = ", ".join(one.id for one in experiment.claims)
        raise UsageError(f"claim {claim!r}", "it is an experiment", f"its claims are {names}")
    check_want(want)
    finished = execute([experiment], experiment.name, found.id, options)
    if finished.interrupted:
        return errors.INTERRUPTED
    rows = [row for row in finished.rows if row["claim"] == found.id]
    if len({row["verdict"] for row in rows}) > 1:
        say(f"{found.id}  not the same under all settings: --set chooses one ({', '.join(experiment.axes) or 'see above'})")
    return status(rows, want, bool(finished.failures))


@running(
    DEBUGGER,
    without=("json", "machine"),
    claim="the id of a claim",
    want="the verdict that is good: confirmed or refuted",
)
def check(context: Any, claim: str, want: str = "", *, options: RunOptions) -> int:
    """Decide a claim for git bisect run: 0 the wanted verdict, 1 the other one, 125 can't tell, 128 wrong usage."""
    try:
        found = verdict_status(claim, want, replace(options, machine="vm"))
    except UsageError as error:
        warn(error)
        found = STOP
    except (LabError, OSError) as error:
        warn(error)
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
    """Ends the process with 128. invoke ends with 1 for a command line that it can't read, Python for a package that is
    missing: a bad commit to git. Unless check got to its end, that is 128."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(STOP)


def arm(words: Sequence[str]) -> None:
    """Has wrong usage end with 128 where the command line asks for `check`."""
    if next((word for word in words if not word.startswith("-")), "") == "check" and not {"-h", "--help"} & set(words):
        atexit.register(stop)
