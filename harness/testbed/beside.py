"""Verdicts of the local machine beside those that guests gave on a kernel of the same series: the reference's."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from harness.claims.claim import SKIPPED, UNDECIDED
from harness.evidence import run_directory
from harness.evidence.schema import Row
from harness.reports.comparison import rows
from harness.verdicts.run_cells import judge_run

TOLD_APART = ("lru", "malloc")  # by these a kernel's rows of one claim differ in the reference
# What is undecided since a counter moved by itself (harness/verdicts/judge.py says so in these words): on a system with
# processes of its own that happens (measured: to 1 of 87 trials that read Cached), and the experiment is asked once more.
NOISE = "with nothing going on"


@dataclass(frozen=True)
class Beside:
    """What came of a run. same: rows whose verdict is the guests'; alone: as the known answer says, where guests were
    not asked (in this version of the experiment); skipped: reason → claims; noisy: experiment → lines, for each row that is
    undecided since the system was not at rest; other: a line for each row that is none of these, and for all that broke."""

    same: int
    alone: int
    skipped: Counter[str]
    noisy: Mapping[str, Sequence[str]]
    other: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.other and not self.noisy and self.same + self.alone > 0

    def text(self) -> str:
        counts = f"{self.same} as in guests, {self.alone} as known where guests have no verdict, {self.skipped.total()} skipped"
        skipped = (f"{number} skipped: {reason}" for reason, number in self.skipped.most_common())
        return "".join([counts, *(f"\n    {line}" for line in (*skipped, *chain(*self.noisy.values()), *self.other))])


def key(row: Row) -> tuple[str | None, ...]:
    return (row["claim"], row["series"], *(row["settings"].get(name) for name in TOLD_APART))


def compared(run: Iterable[Row], guests: Iterable[Row], broken: Iterable[str] = ()) -> Beside:
    """Compares the rows of a run with those of guests."""
    known = {key(row): row for row in guests if row["verdict"] != SKIPPED}
    same = alone = 0
    skipped: Counter[str] = Counter()
    noisy: dict[str, list[str]] = defaultdict(list)
    other = list(broken)
    for row in run:
        guest = known.get(key(row))
        if guest and guest["version"] != row["version"]:
            guest = None
        if row["verdict"] == SKIPPED:
            skipped[row["why"]] += 1
        elif guest and guest["verdict"] == row["verdict"]:
            same += 1
        elif not guest and row["verdict"] == row["known"]:
            alone += 1
        else:
            settings = " ".join(filter(None, key(row)[2:]))
            want = f"in guests {guest['verdict']}" if guest else f"known {row['known']}"
            undecided = row["verdict"] == UNDECIDED and NOISE in row["why"]
            lines = noisy[row["experiment"]] if undecided else other
            lines.append(f"{row['claim']} ({settings}) {row['verdict']}, {want}: {row['why']}")
    return Beside(same, alone, skipped, noisy, tuple(other))


def judged(run: Path) -> Beside:
    """Judges a run that was collected elsewhere."""
    found = list(judge_run(run))
    broken = [f"broken: {failure['experiment']}: {failure['what']}" for one in found for failure in one.failures]
    return compared([row for one in found for row in one.rows], run_directory.read_verdicts(rows.REFERENCE)["verdicts"], broken)
