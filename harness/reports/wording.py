"""How numbers, ranges and texts read in a report: aloud, and exactly."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from harness.claims.claim import CONFIRMED, REFUTED, SKIPPED, UNDECIDED, EventRange, Range
from harness.claims.limits import human
from harness.claims.quantities import Quantity, name_of
from harness.printable import harmless
from harness.verdicts.classify import Standing, classify, is_predicted, is_surprise
from harness.verdicts.wording import spread

if TYPE_CHECKING:
    from harness.claims.limits import Limits
    from harness.evidence.recording import Number
    from harness.evidence.schema import Row

HOST = "the host itself"  # a machine that is no guest


def spoken(low: str | None, high: str | None, outside: bool) -> str:
    """Says a range in words, of the words for its ends."""
    if low == high:
        return "any number" if low is None else f"{'anything but' if outside else 'exactly'} {low}"
    if low is None:
        return f"more than {high}" if outside else f"at most {high}"
    if high is None:
        return f"less than {low}" if outside else f"at least {low}"
    return f"less than {low} or more than {high}" if outside else f"{low} to {high}"


def words(limits: Limits | None) -> str:
    """Says a range with its numbers in words."""
    if limits is None:
        return "a bound that was not read"
    low, high = (None if end is None else human(end) for end in (limits.low, limits.high))
    return spoken(low, high, limits.outside) + ("" if limits.events is None else f" of {human(limits.events)}")


def aloud(range_: Range) -> str:
    """Says a range in words as it was declared."""
    if isinstance(range_, EventRange):
        return range_.test
    low, high = (None if end is None else name_of(end) for end in (range_.low, range_.high))
    return spoken(low, high, range_.outside)


def bound(range_: Range, limits: Sequence[Limits | None]) -> str:
    """Says a range over the trials in words, and the names of what it was worked out from."""
    if isinstance(range_, EventRange):
        return f"{over_trials(range_, limits)}: {range_.test}" if limits else range_.test
    names = dict.fromkeys(name_of(end) for end in (range_.low, range_.high) if isinstance(end, Quantity))
    return over_trials(range_, limits) + (f" ({', '.join(names)})" if names and limits else "")


def bounds(text: str) -> str:
    """Writes a range of verdicts.json with separators in its numbers."""
    return re.sub(r"(?<![\d.])\d{4,}(?!\.?\d)", lambda number: f"{int(number[0]):,}", text)


def over_trials(range_: Range, limits: Sequence[Limits | None]) -> str:
    """Says what a range is in all trials, or what it is in each; as it was declared, if no trial gives it numbers."""
    return " | ".join(dict.fromkeys(words(one) for one in limits)) or aloud(range_)


def number(value: Number | None) -> str:
    return "not read" if value is None else human(value)


def signed(value: Number | None) -> str:
    return "not read" if value is None else f"{'+' if value > 0 else ''}{human(value)}"


def memory(size: Number) -> str:
    """Says bytes gained or lost as people say them: in MiB, or in KiB below one."""
    whole, unit = (size / (1 << 20), "MiB") if abs(size) >= 1 << 20 else (size / 1024, "KiB")
    return f"{whole:+,.2f}".rstrip("0").rstrip(".") + f" {unit}"


def near(text: str) -> str:
    """Gives an error's text with the paths of evidence as they are from the run's directory, wherever that lies."""
    return re.sub(r"/\S*/(?=experiments/)", "", text)


def plain(text: object) -> str:
    """Gives a text in which Markdown sees no mark of its own."""
    marked = re.sub(r"([\\`*\[\]<|])", r"\\\1", harmless(" ".join(str(text).split())))
    # Within a word an underscore marks nothing.
    return re.sub(r"(?<![^\W_])_+|_+(?![^\W_])", lambda run: r"\_" * len(run[0]), marked)


def code(text: object) -> str:
    """Gives a text as it is, in a code span, also in a table."""
    content = harmless(" ".join(str(text).split())).replace("|", r"\|")
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", content)), default=0))
    space = " " if "`" in content else ""
    return f"{fence}{space}{content}{space}{fence}" if content else ""


def counted(count: int, noun: str, several: str = "") -> str:
    """Says how many: "3 trials", "1 boot", "no errors". several: the plural, where that is not the noun with an s."""
    return f"{count or 'no'} {noun if count == 1 else several or noun + 's'}"


def listed(names: Sequence[str]) -> str:
    """Says a list as people do: "5.10, 6.1 and 6.12"."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def signed_spread(changes: Sequence[Number | None]) -> str:
    """Says changes over all trials: one number if they are alike."""
    return spread(changes, signed, "not read")


def where(row: Row) -> str:
    """Says where: "6.12.117 (guest, TCG)", kernel and machine."""
    machine = "guest" if row["machine"] == "vm" else HOST
    accelerator = {"tcg": ", TCG", "kvm": ", KVM"}.get(row["accelerator"], "")
    return f"{row['kernel']} ({machine}{accelerator})"


def repetition(row: Row) -> str:
    """Says that a row is a repetition: ", repeated because a claim was undecided"; "" for one that is none."""
    times = row.get("repeated", 0)
    often = "" if times == 1 else f" {times} times"
    return f", repeated{often} because a claim was undecided" if times else ""


def setting(axis: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in axis.items())


def tally(rows: Sequence[Row]) -> str:
    """Counts verdicts by kind: "12 verdicts: 9 confirmed, 3 refuted"."""
    count = Counter(row["verdict"] for row in rows)
    kinds = ", ".join(f"{count[kind]} {kind}" for kind in (CONFIRMED, REFUTED, UNDECIDED, SKIPPED) if count[kind])
    return f"{counted(len(rows), 'verdict')}{': ' if kinds else ''}{kinds}"


def surprises(rows: Sequence[Row]) -> str:
    """Counts surprises among the predictions: "1 surprise among 9 predictions (2 more known answers were written after they
    had been measured)". Skipped and undecided rows have put no prediction to the test."""
    tested = [row for row in rows if classify(row) in {Standing.AS_KNOWN, Standing.SURPRISE}]
    predicted = [row for row in tested if is_predicted(row)]
    measured = len(tested) - len(predicted)
    more = f" ({measured} more known answers were written after they had been measured)" if measured else ""
    among = f" among {counted(len(predicted), 'prediction')}" if predicted else ""
    return f"{counted(sum(map(is_surprise, predicted)), 'surprise')}{among}{more}"


def width() -> int:
    return min(120, shutil.get_terminal_size((100, 24)).columns)


def wrapped(text: str, indent: str = "  ") -> str:
    return textwrap.fill(" ".join(text.split()), width(), initial_indent=indent, subsequent_indent=indent)
