"""`invoke bench`: how fast the lab is beside its peers, how its counters behave at rest, how clones compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.cli.base import at_least_one, command
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
    mutants="instead: experiments and decoders broken on purpose, and whether a reference, a guard or the verdict notices",
    only="with --mutants: of one experiment (or the experiment of a claim)",
    sample="with --mutants: so many, the same ones each time; default: all",
    schedule="instead: how busy a matrix keeps 2 to 64 workers, simulated by what cells took in the published one",
    recorded="with --mutants: a run that has evidence of the experiments as they are; with --schedule: one that has the times",
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
    mutants: bool = False,
    only: str = "",
    sample: str | None = None,
    schedule: bool = False,
    recorded: str = "",
    runs: str = str(RUNS),
    results: str = RESULTS,
) -> int:
    """Measure the lab's own speed and noise, beside its peers."""
    names = [name.strip() for name in kernel.split(",") if name.strip()]
    into = Path(results)
    counts = {
        name: None if text is None else at_least_one(name, text, "measured")
        for name, text in (("turns", turns), ("runs", runs), ("trials", trials), ("sample", sample))
    }
    sessions = [
        f"--{name}"
        for name, asked in (("noise", noise), ("clones", clones), ("mutants", mutants), ("schedule", schedule))
        if asked
    ]
    if len(sessions) > 1:
        raise UsageError(" ".join(sessions), "each is a session of its own", "type one of them")
    of_clones = {"section": section, "trials": trials, "restored": restored, "booted": booted}
    of_mutants = {"only": only, "sample": sample}
    of_both = {"recorded": recorded}
    for session_of, is_asked, options in (
        ("--clones", clones, of_clones),
        ("--mutants", mutants, of_mutants),
        ("--mutants or --schedule", mutants or schedule, of_both),
    ):
        for name, text in options.items():
            if text and not is_asked:
                raise UsageError(f"--{name}", f"it belongs to {session_of}", f"add {session_of}")
    if schedule:
        from harness.bench import schedule as simulation
        from harness.evidence import run_directory

        return simulation.run(run_directory.find(recorded) if recorded else None)
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
    if mutants:
        from harness.bench import report
        from harness.bench.mutants import session as broken
        from harness.evidence import run_directory
        from harness.machine.kernels import find

        try:
            kernels = [find.by_name(name) for name in names] or [find.by_name()]
            sound = run_directory.find(recorded) if recorded else None
            return max(broken.run(one, only, counts["sample"], into, sound) for one in kernels)
        finally:
            if into.exists():
                report.write(into)
    return session.run(names, counts["turns"] or TURNS, long, into)
