"""The noise floor of a kernel as it is published, and the noise of an expectation.

What noise does to a quantity, each quantity says itself (harness/claims/quantities.py). The rule (harness/verdicts/judge.py):
the margin of an expectation is the distance between its two ranges, the least by which a number in one must move to be in
the other; one page, where they are "exactly n" and "at most n - 1". Noise that reaches the margin could carry a value
across, whatever was read: the expectation is undecided.
"""

from __future__ import annotations

import json
from pathlib import Path

from harness import paths
from harness.claims.claim import Expect
from harness.claims.quantities import noise_of
from harness.evidence.floor import UNKNOWN, Floor
from harness.evidence.recording import Number, Trial
from harness.evidence.schema import CellRecord, NoiseFile, NoiseRow
from harness.linux import architecture


def path_of(series: str, directory: Path = paths.BENCH, arch: str = architecture.AMD64.machine) -> Path:
    """Names the file in which the floor of a kernel series is published; arch: as `uname -m` tells it."""
    return directory / f"noise-{'' if arch == architecture.AMD64.machine else f'{arch}-'}{series}.json"


def published(series: str, directory: Path = paths.BENCH, arch: str = architecture.AMD64.machine) -> NoiseRow | None:
    """Reads what cell.json keeps of a series' published floor: from which kernel and how many runs it is, and how far each
    counter moved that did, in its own unit. None where no floor is published."""
    try:
        found: NoiseFile = json.loads(path_of(series, directory, arch).read_text())
    except (OSError, ValueError):
        return None
    return {
        "kernel": found["kernel"],
        "runs": found["runs"],
        "counters": {name: max(abs(row["min"]), abs(row["max"])) for name, row in found["moving"].items()},
    }


def floor_of(cell: CellRecord) -> Floor:
    """Gives the kernel's floor as cell.json has it; evidence from before there was one has none."""
    published = cell.get("noise")
    return published["counters"] if published else UNKNOWN


def of_expect(expect: Expect, trial: Trial, floor: Floor) -> tuple[str, Number]:
    """Finds the noisiest of what an expectation reads, the deciding quantity or a reference: its name, and how far noise can
    move it against the bounds (some are counters themselves)."""
    bounds = max(
        noise_of(bound, trial, floor) for bounds in (expect.if_true, expect.if_false) for bound in (bounds.low, bounds.high)
    )
    read = [
        (quantity.name, quantity.noise(trial, floor) + bounds)
        for quantity in (expect.quantity, expect.reads_true, expect.reads_false)
    ]
    return max(read, key=lambda one: one[1])
