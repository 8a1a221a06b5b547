"""Whole commands as a user waits for them: interpreter, imports, guests, verdicts and the report; and their evidence."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from harness import catalogue
from harness.bench.comparison import Contender, Limit, Row, Timing, interleave
from harness.errors import LabError
from harness.machine.guest import accelerator
from harness.machine.kernels.kernel import Kernel
from harness.paths import ROOT
from harness.run.cell import cells
from harness.run.options import RunOptions
from harness.run.trial import run_trial

CLAIM = "tmpfs-unreclaimable"
MEGABYTE = 1_000_000


def seconds_of(words: Sequence[str], statuses: Sequence[int] = (0,)) -> float:
    """Measures how long a command takes. Raises LabError if it ends with another status: what failed is no measurement."""
    began = time.monotonic()
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    took = time.monotonic() - began
    if done.returncode not in statuses:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise LabError(
            "bench",
            f"{' '.join(words[1:])} ended with status {done.returncode}: {said[-1] if said else ''}",
            "run that command by itself",
        )
    return took


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "invoke", *words]


def _timed(words: Sequence[str], times: int = 1, statuses: Sequence[int] = (0,)) -> Callable[[], list[float]]:
    return lambda: [seconds_of(words, statuses) for _ in range(times)]


def size(directory: Path) -> int:
    """Counts the bytes that a directory takes: of its files, as they are long."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def newest(parent: Path) -> Path:
    return max(parent.iterdir(), key=lambda path: path.stat().st_mtime)


def listing(turns: int) -> Row:
    start = Contender("python -c pass", _timed([sys.executable, "-c", "pass"], 5))
    return Row(
        "invoke list",
        "the whole process; beside it, what the interpreter takes to do nothing",
        "s",
        interleave([Contender("invoke list", _timed(command("list"), 3)), start], turns),
        limits=(Limit(0.3),),
    )


def trial(kernel: Kernel, turns: int, directory: Path) -> Row:
    """Measures one trial of the README's experiment: opening a guest, the procedure, the recording."""
    chosen, _ = accelerator.choose(kernel)
    experiment, _ = catalogue.find(CLAIM)

    def contender(name: str, fresh: bool) -> Contender:
        cell = cells(experiment, kernel, RunOptions(trials=1, fresh_boot=fresh), chosen)[0]

        def turn() -> list[float]:
            began = time.monotonic()
            broken = run_trial(cell, 1, directory)
            took = time.monotonic() - began
            if broken:
                raise LabError("bench", broken, f"run `invoke run-experiment {CLAIM}` by itself")
            return [took]

        return Contender(name, turn)

    return Row(
        "trial",
        f"one of {experiment.name}; guest and recording included",
        "s",
        interleave([contender("restored", False), contender("booted", True)], turns),
        kernel.series,
    )


def answer(kernel: Kernel, turns: int, directory: Path) -> Iterator[Row]:
    """Measures the README's first command, from the shell's prompt to the verdict, and the evidence that it leaves."""
    words = command("run-experiment", CLAIM, "--kernel", kernel.series, "--results", str(directory))
    start = Contender("python -c pass", _timed([sys.executable, "-c", "pass"]))
    yield Row(
        f"run-experiment {CLAIM}",
        "the whole process: 3 trials from the snapshots of 3 boots, verdict and report",
        "s",
        interleave([Contender("run", _timed(words)), start], turns),
        kernel.series,
        (Limit(2.5),),
    )
    evidence = float(size(newest(directory) / "experiments"))
    yield Row(
        "evidence of it",
        "its recordings and consoles on disk",
        "MB",
        (Timing("evidence", ((evidence / MEGABYTE,),)),),
        kernel.series,
    )


def everything(kernel: Kernel, directory: Path) -> Iterator[Row]:
    """Measures the whole catalogue, once: it takes minutes. Surprises and undecided claims (status 3) are measured all the
    same."""
    for trials, limit in ((3, 480.0), (1, 180.0)):
        where = directory / f"all-{trials}"
        words = command("run-all", "--kernel", kernel.series, "--jobs", "2", "--trials", str(trials), "--results", str(where))
        took = seconds_of(words, (0, 3))
        what = f"{len(catalogue.entries())} experiments, {trials} trial{'s' * (trials > 1)}, all settings, --jobs 2"
        yield Row(
            f"whole catalogue, {trials} trial{'s' * (trials > 1)}",
            what,
            "s",
            (Timing("run-all", ((took,),)),),
            kernel.series,
            (Limit(limit),),
        )
        if trials == 3:
            yield Row(
                "evidence of the catalogue",
                f"{what}: recordings and consoles on disk",
                "MB",
                (Timing("evidence", ((size(newest(where) / "experiments") / MEGABYTE,),)),),
                kernel.series,
                (Limit(30.0),),
            )
