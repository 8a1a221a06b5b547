"""Values and ranges as people read them on a picture: names for errnos and file systems, MiB beside pages."""

from __future__ import annotations

from collections.abc import Sequence

from harness.claims.claim import Expect
from harness.claims.limits import Limits, human
from harness.claims.quantities import Quantity
from harness.claims.said import FILE_SYSTEMS, error_name
from harness.evidence.recording import Number
from harness.verdicts.aloud import singular

MIB = 1 << 20
_MAGIC = 1000  # a bare number from here on may be a file system's
_LARGE = 256  # pages from which on their size in MiB is said too


def size(number: Number) -> str:
    """Says bytes in MiB, GiB or TiB, or in KiB where they are fewer than one."""
    for unit, name in ((1 << 40, "TiB"), (1 << 30, "GiB"), (MIB, "MiB")):
        if abs(number) >= unit:
            return f"{number / unit:,.1f}".removesuffix(".0") + f" {name}"
    return f"{number / 1024:,.0f} KiB"


def is_truth(expect: Expect) -> bool:
    """Says whether a quantity is yes or no: a bare number whose ranges are 0 and 1."""
    ends = {end for one in (expect.if_true, expect.if_false) for end in (one.low, one.high)}
    return expect.quantity.unit == "" and ends == {0, 1}


def said(value: Number | None, expect: Expect, page_size: int = 0) -> str:
    """Says a value of an expectation's quantity or of a reference. page_size: bytes, 0 where pages are not turned into MiB."""
    if value is None:
        return "not read"
    return _yes_or_no(value) if is_truth(expect) else in_words(value, expect.quantity, page_size)


def _yes_or_no(value: Number) -> str:
    return {0: "no", 1: "yes"}.get(int(value), human(value))


def in_words(value: Number, quantity: Quantity, page_size: int = 0) -> str:
    """Says a value with its unit."""
    unit = quantity.unit
    if unit == "errno":
        return "succeeded" if value == 0 else error_name(int(value))
    if unit == "signal":
        return "no signal" if value == 0 else error_name(-int(value))
    if unit == "" and value >= _MAGIC and int(value) in FILE_SYSTEMS:
        return FILE_SYSTEMS[int(value)]
    if unit == "0.01 %":
        return f"{value / 100:g} %"
    if unit == "KiB" and abs(value) >= 1 << 10:
        return size(value * 1024)
    if unit == "%":
        return f"{human(value)} %"
    text = f"{human(value)} {unit}".rstrip() if value != 1 else f"1 {singular(unit)}".rstrip()
    return f"{text} ({size(value * page_size)})" if unit == "pages" and page_size and abs(value) >= _LARGE else text


def over_trials(values: Sequence[Number | None], expect: Expect, page_size: int = 0) -> str:
    """Says the values of all trials: one, or from the least to the most."""
    read = sorted({value for value in values if value is not None})
    if not read:
        return "not read"
    if len(read) == 1:
        return said(read[0], expect, page_size)
    if is_truth(expect) or expect.quantity.unit in {"errno", "signal"}:
        return " or ".join(said(one, expect) for one in read)
    return f"{human(read[0])} to {said(read[-1], expect, page_size)}"


def bound(limits: Limits | None, expect: Expect) -> str:
    """Says a range in few words: "exactly 8,192", "8,191 or less", "not ENOMEM"."""
    if limits is None:
        return "not read"
    low, high = limits.low, limits.high
    if expect.quantity.unit == "errno" and (low, high, limits.outside) in {(1, None, False), (0, 0, True)}:
        return "any error"
    words = [None if end is None else _bare(end, expect) for end in (low, high)]
    return _bound(words[0], words[1], limits.outside) + ("" if limits.events is None else f" of {human(limits.events)}")


def _bare(end: Number, expect: Expect) -> str:
    if is_truth(expect):
        return _yes_or_no(end)
    unit = expect.quantity.unit
    named = unit in {"errno", "signal", "%", "0.01 %", ""}
    return in_words(end, expect.quantity) if named else human(end)


def _bound(low: str | None, high: str | None, outside: bool) -> str:
    if low == high:
        return "any number" if low is None else f"{'not' if outside else 'exactly'} {low}"
    if low is None:
        return f"more than {high}" if outside else f"{high} or less"
    if high is None:
        return f"less than {low}" if outside else f"{low} or more"
    return f"below {low} or above {high}" if outside else f"{low} to {high}"
