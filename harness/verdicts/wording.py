"""How verdicts, numbers and ranges read, in one place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from harness.claims import said
from harness.claims.claim import FALSE, REFUTED, TRUE, Expect
from harness.claims.limits import human
from harness.claims.rates import CONFIDENCE, Rate
from harness.evidence.recording import Number
from harness.verdicts.aloud import aloud, amounts
from harness.verdicts.pooled import pooled

if TYPE_CHECKING:
    from harness.verdicts.reading import Reading

# Names that begin a sentence as they are written.
SMALL = frozenset(
    {"kswapd", "malloc", "mlock", "exec", "fork", "free", "reclaim", "jemalloc", "shm", "tmpfs", "ramfs", "procfs", "sysfs"}
)


def common(texts: Any) -> str:
    """Gives what all trials have in common, or each trial's."""
    return " | ".join(dict.fromkeys(texts))


def spread(values: Sequence[Number | None], say: Callable[[Number], str] = human, nothing: str = "nothing") -> str:
    """Says what was read over the trials: one number, or from … to …

    nothing: what is said where no trial has read any.
    """
    read = sorted(value for value in values if value is not None)
    if not read:
        return nothing
    return say(read[0]) if read[0] == read[-1] else f"{say(read[0])} to {say(read[-1])}"


def sentence(readings: Sequence[tuple[Expect, Sequence[Reading]]], verdict: str, page_size: int) -> str:
    """Says the numbers that decided: of the expectations that were contradicted, or of all. page_size: of the machine."""
    wanted = FALSE if verdict == REFUTED else TRUE
    decisive = [(expect, found) for expect, found in readings if all(one.outcome == wanted for one in found)]
    told = merged([told_aloud(expect, found) for expect, found in decisive or readings])
    return amounts(" ".join(begun(one, before) for before, one in pairwise([".", *told])), page_size)


def told_aloud(expect: Expect, readings: Sequence[Reading]) -> str:
    """Gives a phrase as it is read aloud; the count of a rate stays one of so many."""
    found = phrase(expect, readings)
    return found if pooled(readings) else aloud(found)


def beside(says: str, values: Sequence[Number | None], page_size: int) -> str:
    """Says what else was measured."""
    return amounts(aloud(said.fill(says, values, spread(values), "")), page_size)


def merged(told: Sequence[str]) -> list[str]:
    """Says once what several sentences in a row say of several things: "Of a clean file; of a dirty one: all of it stayed."""
    found: list[tuple[str, str]] = []
    for one in told:
        head, _, tail = one.partition(": ")
        if head.count("(") > head.count(")"):  # the colon of an interval: what follows it is not what is said of something
            head, tail = one, ""
        if tail and found and found[-1][1] == tail and found[-1][0] != head:
            found[-1] = (f"{found[-1][0]}; {head[:1].lower()}{head[1:]}", tail)
        else:
            found.append((head, tail))
    return [f"{head}: {tail}" if tail else head for head, tail in found]


def begun(said: str, before: str) -> str:
    """Begins a sentence with a capital letter where it is a word, and no name, that begins it; and no other one."""
    first, _, rest = said.partition(" ")
    if not before.endswith("."):
        return first.lower() + " " + rest if first in {"All", "None", "No"} else said
    return said[:1].upper() + said[1:] if first.isalpha() and first not in SMALL else said


def count(rate: Rate, unit: str) -> str:
    """Says a count of events with the interval of the share behind it: "31 of 36 rounds (86 %, …)"."""
    low, high = (percent(end) for end in rate.interval)
    share = percent(rate.count / rate.events)
    return f"{rate.count:,} of {rate.events:,} {unit} ({share} %; {percent(CONFIDENCE)} % interval: {low} to {high} %)"


def percent(share: float) -> str:
    """Says a share in percent, without the sign; to a tenth where a whole number would say "none" or "all"."""
    return f"{100 * share:.0f}" if share in {0, 1} or 0.01 < share < 0.99 else f"{100 * share:.1f}"


def phrase(expect: Expect, readings: Sequence[Reading]) -> str:
    rate = pooled(readings)
    speak = said.speaker(expect.quantity.unit)
    values = count(rate, expect.quantity.unit) if rate else spread([reading.value for reading in readings], speak)
    bounds = common(str(reading.if_true) for reading in readings)
    if expect.says:
        most = readings[0].if_true.high if readings and readings[0].if_true else None
        numbers = [reading.value for reading in readings] if rate is None else []
        return said.fill(expect.says, numbers, values, "nothing" if most is None else human(most))
    unit = f" {expect.quantity.unit}" if expect.quantity.unit and not rate and speak is human else ""
    return f"{expect.quantity.name}: {values}{unit} (true: {bounds})."


def reference_phrase(expect: Expect, readings: Sequence[Reading]) -> str:
    """Says in one line what the references read: each other answer can be had."""
    false = _referred(expect, readings, lambda reading: reading.reads_false)
    true = _referred(expect, readings, lambda reading: reading.reads_true)
    return (
        f"Controls: {expect.reads_false.name}: {false} (so a false claim reads); "
        f"{expect.reads_true.name}: {true} (so a true one reads)."
    )


def _referred(expect: Expect, readings: Sequence[Reading], which: Callable[[Reading], Number | None]) -> str:
    rate = pooled(readings, which)
    if rate:
        return count(rate, expect.quantity.unit)
    return spread([which(reading) for reading in readings], said.speaker(expect.quantity.unit))
