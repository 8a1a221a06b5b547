"""`invoke testbed`: the local machine, and guests under KVM, on whole systems."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import errors
from harness.cli.base import RUNS, at_least_one, command, say
from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.testbed.session import Asked
    from harness.testbed.system import System

ROUNDS = 10


def parts_of(only: str) -> tuple[str, ...]:
    """Gives the parts that the user named, else all of them."""
    from harness.testbed.session import PARTS

    named = tuple(name.strip() for name in only.split(",") if name.strip())
    for name in named:
        if name not in PARTS:
            raise UsageError(f"--only {name}", f"the parts are {', '.join(PARTS)}", "name one or several, with commas")
    return named or PARTS


@command(
    system="bookworm, trixie or bookworm-kvm (default: all that the parts need)",
    trials="trials of each experiment (1)",
    rounds=f"how often a run is killed ({ROUNDS}); a fifth as many runs with an OOM",
    only="refusal, user, root, plain-group, container, ci, pressure, kills or kvm; several with commas",
    section="verdicts of the experiments whose section or folder has this in its name (default: all)",
    whole="verdicts under all their settings (default: the first one on bookworm, the last one on trixie)",
    results="where the evidence is kept",
)
def testbed(
    context: Any,
    system: str = "",
    trials: str = "1",
    rounds: str = str(ROUNDS),
    only: str = "",
    section: str = "",
    whole: bool = False,
    results: str = RUNS,
) -> int:
    """Run the lab on whole Debians in guests: as root, as a user with a delegated cgroup, as one without; guests under KVM."""
    from harness import catalogue
    from harness.machine.processes import fleet
    from harness.testbed.session import Asked, parts_on
    from harness.testbed.system import SYSTEMS

    asked = Asked(
        parts_of(only),
        tuple(catalogue.of_section(section)),
        "all" if whole else "",
        at_least_one("trials", trials),
        at_least_one("rounds", rounds),
    )
    named = [one for one in SYSTEMS if system in {"", one.name}]
    if not named:
        raise UsageError(f"--system {system}", f"there are {', '.join(one.name for one in SYSTEMS)}", "leave it out")
    chosen = [one for one in named if parts_on(one, asked)]
    if not chosen:
        raise UsageError(f"--system {system}", f"{', '.join(asked.parts)} is not shown there", "leave it out")
    # Two at a time: a third would make each slower than its own deadlines expect on two processors.
    with ThreadPoolExecutor(min(len(chosen), 2)) as pool, fleet.running():
        wrong = list(pool.map(lambda tested: showing(tested, asked, Path(results)), chosen))
    return errors.SURPRISE if any(wrong) else errors.AS_KNOWN


def showing(tested: System, asked: Asked, parent: Path) -> int:
    """Says what is shown on one system, as it comes: how much of it is wrong."""
    from harness.evidence import run_directory
    from harness.testbed.session import show_on

    into = run_directory.create(parent, tested.series, f"testbed-{tested.name}")
    wrong = 0
    for shown in show_on(tested, into, asked, say):
        say(f"  {'ok   ' if shown.holds else 'WRONG'} {tested.name}: {shown.what}: {shown.said}")
        wrong += not shown.holds
    return wrong
