"""Growth: time and evidence against the number of experiments, of trials, and the size of a workload.

All by whole commands, on one experiment that is made as often and as large as wanted: it touches anonymous memory, and
what each page is goes into the evidence.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.bench.programs import command, newest, seconds_of, size
from harness.bench.schema import GrowthRow, LineRow, significant
from harness.linux import counters
from harness.linux.sizes import GIB, MIB
from harness.machine.kernels.kernel import Kernel

SMALL = 16  # MiB, where the size is not what varies
EXPERIMENTS, TRIALS, SIZES = (1, 2, 4, 8), (1, 2, 3), (16, 64, 256, 1024, 4096)
REPEATS = 3  # of each point: the shortest counts, since what disturbs only adds
SLOW = 1024  # MiB: from here on a point takes so long that once is enough
# Beside the workload: the kernel, its page tables, and what the agent has locked.
SPARE = 256 * MIB

EXPERIMENT = '''
"""Does a workload of {mib} MiB end up in its memory, number {number}?"""
from harness.claims import MIB, AtMost, Claim, Exactly, Expect, Experiment, Needs, Pages, pages

SIZE = {mib} * MIB

def procedure(lab):
    probe = lab.probe()
    written, other, untouched = probe.map(SIZE).write(), probe.map(4 * MIB).write(), probe.map(4 * MIB)
    lab.sample("written", pages={{"written": written, "untouched": untouched}})
    lab.sample("other", pages={{"other": written}})

EXPERIMENT = Experiment(procedure, needs=Needs(memory={memory}), expects=(Expect(
    Claim("growth-{number}", "Pages that were written are there.", "growth of the lab"),
    Pages("written", "written", "anonymous"), Exactly(pages(SIZE), "all"), AtMost(pages(SIZE) - 1, "not all"),
    Pages("other", "other", "anonymous"), Pages("written", "untouched", "anonymous")),))
'''


@dataclass(frozen=True)
class Line:
    """A straight line through the points (least squares): constant and slope, and how far the steepest part of the
    way departs from it: the slope of the last step by the slope of the line. 1 is linear, above 1 grows faster."""

    constant: float
    slope: float
    last_step: float

    @classmethod
    def through(cls, points: Sequence[tuple[float, float]]) -> Line:
        xs, ys = zip(*points, strict=True)
        slope, constant = statistics.linear_regression(xs, ys)
        step = (ys[-1] - ys[-2]) / (xs[-1] - xs[-2])
        return cls(constant, slope, step / slope if slope else 1.0)

    def as_json(self) -> LineRow:
        """Gives the line as bench.json has it."""
        return {
            "constant": significant(self.constant),
            "slope": significant(self.slope),
            "last step by slope": significant(self.last_step),
        }


@dataclass(frozen=True)
class Growth:
    """What grew with what: points of (how much, seconds, bytes of evidence)."""

    of: str
    unit: str
    points: tuple[tuple[int, float, int], ...]

    @property
    def seconds(self) -> Line:
        return Line.through([(x, y) for x, y, _ in self.points])

    @property
    def evidence(self) -> Line:
        return Line.through([(x, z) for x, _, z in self.points])

    def as_json(self) -> GrowthRow:
        """Gives what grew as bench.json has it."""
        return {
            "of": self.of,
            "unit": self.unit,
            "seconds": self.seconds.as_json(),
            "bytes": self.evidence.as_json(),
            "points": [{"x": x, "seconds": significant(y), "bytes": z} for x, y, z in self.points],
        }


def _memory(mib: int) -> int:
    """Gives the guest's memory in bytes: the usual GiB where that holds the workload."""
    need = mib * MIB + SPARE
    return GIB if need <= GIB else -(-need // GIB) * GIB


def _run(kernel: Kernel, directory: Path, experiments: int, trials: int, mib: int, repeats: int) -> tuple[float, int]:
    """Measures seconds and bytes of one point."""
    own = directory / f"{experiments}-{trials}-{mib}"
    (own / "experiments").mkdir(parents=True)
    for number in range(experiments):
        text = EXPERIMENT.format(mib=mib, number=number, memory=_memory(mib))
        (own / "experiments" / f"growth_{number}.py").write_text(text)
    words = command(
        "run-all",
        "--section",
        "growth of the lab",
        "--kernel",
        kernel.series,
        "--trials",
        str(trials),
        "--jobs",
        "1",
        "--results",
        str(own / "runs"),
        "--experiments",
        str(own / "experiments"),
    )
    took = min(seconds_of(words) for _ in range(repeats))
    return took, size(newest(own / "runs") / "experiments")


def _free() -> int:
    """Gives the bytes that this host can give without swapping: what its page cache holds among them."""
    return counters.keyed(Path("/proc/meminfo").read_bytes())["MemAvailable"] * 1024


def measure(kernel: Kernel, directory: Path) -> Iterator[Growth]:
    """Points that a small host manages: workloads that its free memory does not hold twice are left out."""
    _run(kernel, directory / "warm", 1, max(TRIALS), SMALL, 1)
    yield Growth(
        "experiments",
        "experiments",
        tuple((number, *_run(kernel, directory / "experiments", number, 1, SMALL, REPEATS)) for number in EXPERIMENTS),
    )
    yield Growth(
        "trials", "trials", tuple((number, *_run(kernel, directory / "trials", 1, number, SMALL, REPEATS)) for number in TRIALS)
    )
    points = []
    for mib in [mib for mib in SIZES if 2 * _memory(mib) <= _free()]:
        if _memory(mib) > GIB:
            _run(kernel, directory / "warm-large", 1, 1, mib, 1)  # boots a guest of that size, for its snapshot
        points.append((mib, *_run(kernel, directory / "sizes", 1, 1, mib, REPEATS if mib < SLOW else 1)))
    if len(points) > 1:
        yield Growth("workload", "MiB", tuple(points))
