"""`invoke bench`: how fast the lab is beside its peers, how its counters behave at rest, how clones compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.cli.base import command, whole_number
from harness.errors import UsageError

RESULTS = "results/bench"
TURNS, RUNS = 5, 50


@command(
    kernel="one series or several (6.1,6.12); default: all that are fetched",
    turns=f"turns of each row ({TURNS})",
    long="the whole catalogue too: a quarter of an hour",
    clones="instead: the catalogue on restored and on booted guests, and what differs",
    section="with --clones: only the experiments whose section or folder has this in its name",
    trials="with --clones: trials of each experiment",
    restored="with --clones: a run on restored guests that is there already (of one kernel or a matrix)",
    booted="with --clones: one that was made with --fresh-boot",
    noise="instead: what counters do while nothing happens",
    runs=f"with --noise: runs of the empty procedure ({RUNS})",
    results="where the results are written",
)
def bench(
    context: Any,
    kernel: str = "",
    turns: str = str(TURNS),
    long: bool = False,
    clones: bool = False,
    section: str = "",
    trials: str | None = None,
    restored: str = "",
    booted: str = "",
    noise: bool = False,
    runs: str = str(RUNS),
    results: str = RESULTS,
) -> int:
    """Measure the lab's own speed and noise, beside its peers."""
    names = [name.strip() for name in kernel.split(",") if name.strip()]
    into = Path(results)
    counts = {"turns": whole_number("turns", turns), "runs": whole_number("runs", runs), "trials": whole_number("trials", trials)}
    for name, count in counts.items():
        if count is not None and count < 1:
            raise UsageError(f"--{name} {count}", "nothing would be measured", "at least 1")
    if noise and clones:
        raise UsageError("--noise --clones", "each is a session of its own", "type one of them")
    for name, text in {"section": section, "trials": trials, "restored": restored, "booted": booted}.items():
        if text and not clones:
            raise UsageError(f"--{name}", "it belongs to --clones", "add --clones")
    from harness.bench import session

    if noise:
        from harness.bench import noise_floor, report

        status = noise_floor.run([one.series for one in session.chosen(names)], counts["runs"] or RUNS, into)
        report.write(into)
        return status
    if clones:
        from harness.bench import report
        from harness.bench.clones import run
        from harness.evidence import run_directory

        given = {way: run_directory.find(text) for way, text in {"restored": restored, "booted": booted}.items() if text}
        statuses = [run(one, section, counts["trials"], into, given) for one in session.chosen(names)]
        report.write(into)
        return max(statuses)
    return session.run(names, counts["turns"] or TURNS, long, into)
