"""The noise floor: how far a counter moves between two samples with nothing in between, and what that is of a
quantity. Pure.

Two floors are part of the evidence, and a counter's noise is the larger of them: that of the kernel, of many guests in
which a sandbox and a probe idle (`invoke bench --noise`; cell.json has a copy), and the trial's own, between the two
idle samples at the start of each recording. The second covers the machine's counters only: sandboxes and probes come
later. A counter that neither has measured is taken as still.

The rule (harness/verdicts/judge.py): the margin of an expectation is the distance between its two ranges, the least by which a
number in one must move to be in the other; one page, where they are "exactly n" and "at most n - 1". Noise that reaches
the margin could carry a value across, whatever was read: the expectation is undecided.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import singledispatch
from pathlib import Path
from typing import Any

from harness import paths
from harness.claims.claim import Expect
from harness.claims.quantities import Bound, Called, Change, Combined, Counter, Magnitude, Quantity, in_pages, value_of
from harness.evidence.recording import Number, Recording, Trial
from harness.linux import counters

# Counter, as `role` names it → the furthest it moved, in its own unit.
Floor = Mapping[str, int]
UNKNOWN: Floor = {}


def path_of(series: str, directory: Path = paths.BENCH) -> Path:
    """Where the floor of a kernel series is published."""
    return directory / f"noise-{series}.json"


def published(series: str, directory: Path = paths.BENCH) -> dict[str, Any] | None:
    """What cell.json keeps of a series' published floor: from which kernel and how many runs it is, and how far each
    counter moved that did, in its own unit. None where no floor is published."""
    try:
        found = json.loads(path_of(series, directory).read_text())
    except (OSError, ValueError):
        return None
    return {
        "kernel": found["kernel"],
        "runs": found["runs"],
        "counters": {name: max(abs(row["min"]), abs(row["max"])) for name, row in found["moving"].items()},
    }


def floor_of(cell: Mapping[str, Any]) -> Floor:
    """The kernel's floor as cell.json has it; evidence from before there was one has none."""
    found: Floor = (cell.get("noise") or {}).get("counters", UNKNOWN)
    return found


def role(counter: str) -> str:
    """A counter under the name that it has in every experiment: "box/memory.stat:anon" → "sandbox/memory.stat:anon"."""
    source, key = counters.source_and_key(counter)
    file = source.rsplit("/", 1)[-1]
    owner = "sandbox/" if file in counters.SANDBOX else "probe/" if file in counters.PROBE else ""
    return f"{owner}{file}:{key}" if key else f"{owner}{file}"


def of_counter(counter: str, recording: Recording, floor: Floor) -> int:
    """The noise of a counter in one recording, in its own unit."""
    return max(floor.get(role(counter), 0), abs(recording.idle_change(counter) or 0))


@singledispatch
def of(quantity: Quantity, trial: Trial, floor: Floor) -> Number:
    """How far noise alone can move a quantity, in the quantity's unit.

    A counter and its change: as far as the counter moves. Sums and differences: their parts' together; products and
    quotients: by the parts' values. Page states (mincore, pagemap), mappings, records and what a function of the
    experiment's own reads: 0, they are no counters.
    """
    return 0


@of.register(Called)
@of.register(Magnitude)
def _(quantity: Called | Magnitude, trial: Trial, floor: Floor) -> Number:
    return of(quantity.what, trial, floor)


@of.register(Counter)
@of.register(Change)
def _(quantity: Counter | Change, trial: Trial, floor: Floor) -> Number:
    recording = trial.arms.get(quantity.arm)
    if recording is None:
        return 0
    noise = of_counter(quantity.counter, recording, floor)
    return in_pages(noise, counters.unit_of(quantity.counter), recording.page_size)


@of.register
def _(quantity: Combined, trial: Trial, floor: Floor) -> Number:
    left, right = of(quantity.left, trial, floor), of_bound(quantity.right, trial, floor)
    if quantity.sign in {"+", "-"} or not (left or right):
        return left + right
    one, other = quantity.left.read(trial), value_of(quantity.right, trial)
    if one is None or other is None:
        return 0  # there is no reading that could be judged
    one, other = abs(one), abs(other)
    if quantity.sign == "*":
        return one * right + other * left + left * right
    if other <= right:
        return math.inf  # the divisor may be nothing but noise
    furthest = (left + one / other * right) / (other - right)
    return furthest if quantity.sign == "/" else math.ceil(furthest)


def of_bound(bound: Bound | None, trial: Trial, floor: Floor) -> Number:
    return of(bound, trial, floor) if isinstance(bound, Quantity) else 0


def of_expect(expect: Expect, trial: Trial, floor: Floor) -> tuple[str, Number]:
    """The noisiest of what an expectation reads, the deciding quantity or a reference: its name, and how far noise can
    move it against the bounds (some are counters themselves)."""
    bounds = max(
        of_bound(bound, trial, floor) for bounds in (expect.if_true, expect.if_false) for bound in (bounds.low, bounds.high)
    )
    read = [
        (quantity.name, of(quantity, trial, floor) + bounds)
        for quantity in (expect.quantity, expect.reads_true, expect.reads_false)
    ]
    return max(read, key=lambda one: one[1])
