"""How numbers, ranges and texts read in a report: aloud, and exactly."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness import verdicts
from harness.claims import Range
from harness.quantities import Number, Quantity, name_of
from harness.verdicts import Limits, human


def words(limits: Limits | None) -> str:
    """A range as it is read aloud."""
    if limits is None:
        return "a bound that was not read"
    low, high = human(limits.low), human(limits.high)
    if limits.low == limits.high:
        return "any number" if limits.low is None else f"{'anything but' if limits.outside else 'exactly'} {low}"
    if limits.low is None:
        return f"more than {high}" if limits.outside else f"at most {high}"
    if limits.high is None:
        return f"less than {low}" if limits.outside else f"at least {low}"
    return f"less than {low} or more than {high}" if limits.outside else f"{low} to {high}"


def bound(range_: Range, limits: Sequence[Limits | None]) -> str:
    """A range over the trials in words, and the names of what it was worked out from."""
    names = dict.fromkeys(name_of(end) for end in (range_.low, range_.high) if isinstance(end, Quantity))
    return over_trials(range_, limits) + (f" ({', '.join(names)})" if names and limits else "")


def over_trials(range_: Range, limits: Sequence[Limits | None]) -> str:
    """What a range is in all trials, or what it is in each; as it was declared, if no trial gives it numbers."""
    return " | ".join(dict.fromkeys(words(one) for one in limits)) or verdicts.describe(range_)


def number(value: Number | None) -> str:
    return "not read" if value is None else human(value)


def signed(value: Number | None) -> str:
    return "not read" if value is None else f"{'+' if value > 0 else ''}{human(value)}"


def memory(size: Number) -> str:
    """Bytes gained or lost as people say them: in MiB, or in KiB below one."""
    whole, unit = (size / (1 << 20), "MiB") if abs(size) >= 1 << 20 else (size / 1024, "KiB")
    return f"{whole:+,.2f}".rstrip("0").rstrip(".") + f" {unit}"


def plain(text: object) -> str:
    """Text in which Markdown sees no mark of its own."""
    marked = re.sub(r"([\\`*\[\]<|])", r"\\\1", " ".join(str(text).split()))
    # Within a word an underscore marks nothing.
    return re.sub(r"(?<![^\W_])_+|_+(?![^\W_])", lambda run: r"\_" * len(run[0]), marked)


def code(text: object) -> str:
    """Text as it is, in a code span, also in a table."""
    content = " ".join(str(text).split()).replace("|", r"\|")
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", content)), default=0))
    space = " " if "`" in content else ""
    return f"{fence}{space}{content}{space}{fence}" if content else ""


def counted(count: int, noun: str) -> str:
    """"3 trials", "1 boot", "no errors"."""
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"


def spread(changes: Sequence[Number | None]) -> str:
    """Changes over all trials: one number if they are alike."""
    read = sorted(change for change in changes if change is not None)
    if not read:
        return "not read"
    return signed(read[0]) if read[0] == read[-1] else f"{signed(read[0])} to {signed(read[-1])}"
