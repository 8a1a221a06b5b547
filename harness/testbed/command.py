"""`invoke testbed`: the local machine on whole systems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from invoke import task

from harness import errors
from harness.command import RUNS, guarded, say, whole
from harness.errors import UsageError

ROUNDS = 10


@task(help={"system": "bookworm or trixie (default: both)", "trials": "trials of each experiment (1)",
            "rounds": f"how often a run is killed ({ROUNDS}); a fifth as many runs with an OOM",
            "section": "only the experiments whose section or folder has this in its name",
            "results": "where the evidence is kept"})
@guarded
def testbed(context: Any, system: str = "", trials: str = "1", rounds: str = str(ROUNDS), section: str = "",
            results: str = RUNS) -> int:
    """Run the local machine on whole Debians in guests: as root, as a user with a delegated cgroup, as one without."""
    from harness import results as stored
    from harness.testbed.session import show
    from harness.testbed.system import SYSTEMS

    chosen = [one for one in SYSTEMS if system in {"", one.suite}]
    if not chosen:
        raise UsageError(f"--system {system}", f"there are {' and '.join(one.suite for one in SYSTEMS)}", "leave it out")
    wrong = 0
    for tested in chosen:
        into = stored.create(Path(results), tested.series, f"testbed-{tested.suite}")
        for shown in show(tested, into, trials=whole("trials", trials) or 1, rounds=whole("rounds", rounds) or ROUNDS,
                          section=section, heard=say):
            say(f"  {'ok   ' if shown.holds else 'WRONG'} {shown.what}: {shown.said}")
            wrong += not shown.holds
    return errors.SURPRISE if wrong else errors.AS_KNOWN
