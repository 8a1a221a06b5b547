"""The noise floor of a kernel as evidence has it: how far each counter moves with nothing going on. Pure.

A counter's noise is the larger of two floors: that of the kernel, of many guests in which a sandbox and a probe idle
(`invoke bench --noise`; cell.json has a copy), and the trial's own, between the two idle samples at the start of each
recording. The second covers the machine's counters only: sandboxes and probes come later. A counter that neither has
measured is taken as still.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TypeAlias

from harness.evidence.recording import Number, Recording
from harness.linux import counters

# Counter, as `role` names it → the furthest it moved, in its own unit.
Floor: TypeAlias = Mapping[str, int]
UNKNOWN: Floor = {}


def role(counter: str) -> str:
    """Gives a counter the name that it has in every experiment: "box/memory.stat:anon" → "sandbox/memory.stat:anon"."""
    source, key = counters.source_and_key(counter)
    file = source.rpartition("/")[2]
    owner = "sandbox/" if file in counters.SANDBOX else "probe/" if file in counters.PROBE else ""
    return f"{owner}{file}:{key}" if key else f"{owner}{file}"


def counter_noise(counter: str, recording: Recording, floor: Floor) -> int:
    """Gives the noise of a counter in one recording, in its own unit."""
    return max(floor.get(role(counter), 0), floor.get(same_source(counter), 0), abs(recording.idle_change(counter) or 0))


def same_source(counter: str) -> str:
    """Names the counter whose parts a counter is one of, as a floor has it: memory.numa_stat is memory.stat, node for node
    (mm/memcontrol.c), and lags as that does."""
    return re.sub(r"memory\.numa_stat:(\w+)\.\d+$", r"memory.stat:\1", role(counter))


def carried_noise(sign: str, one: tuple[Number, Number], other: tuple[Number, Number]) -> Number:
    """Gives how far a product ("*"), a quotient ("/") or a whole quotient ("//") moves with its parts.

    one, other: size of a part, without its sign, and its own noise. A divisor that may be nothing but noise: infinite.
    """
    (first, left), (second, right) = one, other
    if sign == "*":
        return first * right + second * left + left * right
    if second <= right:
        return math.inf
    furthest = (left + first / second * right) / (second - right)
    return furthest if sign == "/" else math.ceil(furthest)
