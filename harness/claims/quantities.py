"""Quantities: numbers read from the evidence of one trial. Pure; no reading is None, never 0.

Amounts of memory are in pages of the machine, whatever unit the kernel's file has.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from harness.evidence.recording import Number
from harness.linux import counters, maps

if TYPE_CHECKING:
    from harness.evidence.recording import Recording, Trial


@dataclass(frozen=True)
class Quantity:
    """A number with a name and a unit. `read` gives it for a trial, None where the evidence does not have it."""

    def read(self, trial: Trial) -> Number | None:
        raise NotImplementedError

    @property
    def name(self) -> str:
        raise NotImplementedError

    @property
    def unit(self) -> str:
        return "pages"

    def called(self, name: str, unit: str | None = None) -> Quantity:
        """The same under a name that a reader understands."""
        return Called(self, name, self.unit if unit is None else unit)

    def __add__(self, other: Bound) -> Quantity:
        return Combined("+", self, other)

    def __sub__(self, other: Bound) -> Quantity:
        return Combined("-", self, other)

    def __mul__(self, other: Bound) -> Quantity:
        return Combined("*", self, other)

    def __truediv__(self, other: Bound) -> Quantity:
        return Combined("/", self, other)

    def __floordiv__(self, other: Bound) -> Quantity:
        return Combined("//", self, other)

    def __abs__(self) -> Quantity:
        return Magnitude(self)


Bound: TypeAlias = int | float | Quantity


def value_of(bound: Bound | None, trial: Trial) -> Number | None:
    return bound.read(trial) if isinstance(bound, Quantity) else bound


def name_of(bound: Bound) -> str:
    return bound.name if isinstance(bound, Quantity) else f"{bound:,}"


@dataclass(frozen=True)
class Called(Quantity):
    what: Quantity
    title: str
    units: str

    def read(self, trial: Trial) -> Number | None:
        return self.what.read(trial)

    @property
    def name(self) -> str:
        return self.title

    @property
    def unit(self) -> str:
        return self.units


_OPERATIONS: dict[str, Callable[[Number, Number], Number]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
}


@dataclass(frozen=True)
class Combined(Quantity):
    sign: str
    left: Quantity
    right: Bound

    def read(self, trial: Trial) -> Number | None:
        left, right = self.left.read(trial), value_of(self.right, trial)
        if left is None or right is None or (self.sign in {"/", "//"} and not right):
            return None
        return _OPERATIONS[self.sign](left, right)

    @property
    def name(self) -> str:
        return f"{self.left.name} {self.sign} {name_of(self.right)}"

    @property
    def unit(self) -> str:
        return "" if self.sign == "/" and isinstance(self.right, Quantity) else self.left.unit


@dataclass(frozen=True)
class Magnitude(Quantity):
    """A number without its sign."""

    what: Quantity

    def read(self, trial: Trial) -> Number | None:
        value = self.what.read(trial)
        return None if value is None else abs(value)

    @property
    def name(self) -> str:
        return f"|{self.what.name}|"

    @property
    def unit(self) -> str:
        return self.what.unit


@dataclass(frozen=True)
class FromArm(Quantity):
    """A quantity of one recording of the trial: that of the arm `arm` (the only one has no name)."""

    def of(self, recording: Recording) -> Number | None:
        raise NotImplementedError

    def read(self, trial: Trial) -> Number | None:
        recording = trial.arms.get(getattr(self, "arm", ""))
        return None if recording is None else self.of(recording)

    def in_arm(self, arm: str) -> FromArm:
        """The same quantity, read in another arm."""
        return replace(self, arm=arm)  # type: ignore[call-arg]  # every subclass has the field


def in_pages(value: int, unit: str, page_size: int) -> Number:
    """KiB and bytes become pages; a whole number where it is one."""
    size = {"KiB": 1024, "bytes": 1}.get(unit)
    if size is None:
        return value
    pages, rest = divmod(value * size, page_size)
    return value * size / page_size if rest else pages


@dataclass(frozen=True)
class Counter(FromArm):
    """A counter at a named moment: Counter("meminfo:Cached", "before")."""

    counter: str
    sample: str
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        value = recording.counter(self.sample, self.counter)
        return None if value is None else in_pages(value, counters.unit_of(self.counter), recording.page_size)

    @property
    def name(self) -> str:
        return f"{self.counter} at “{self.sample}”"

    @property
    def unit(self) -> str:
        unit = counters.unit_of(self.counter)
        return "pages" if unit in {"KiB", "bytes"} else unit


@dataclass(frozen=True)
class Change(FromArm):
    """How much a counter grew between two named moments."""

    counter: str
    since: str
    until: str
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        before = Counter(self.counter, self.since).of(recording)
        after = Counter(self.counter, self.until).of(recording)
        return None if before is None or after is None else after - before

    @property
    def name(self) -> str:
        return f"growth of {self.counter} from “{self.since}” to “{self.until}”"

    @property
    def unit(self) -> str:
        return Counter(self.counter, self.since).unit


@dataclass(frozen=True)
class Pages(FromArm):
    """How many pages of a range or a file are in a state (harness/linux/pages.py lists the states) at a named moment."""

    sample: str
    label: str
    state: str = "resident"
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        return recording.pages(self.sample, self.label, self.state)

    @property
    def name(self) -> str:
        return f"{self.state} pages of {self.label} at “{self.sample}”"


@dataclass(frozen=True)
class SameFrames(FromArm):
    """How many pages of two ranges have the same physical frame, page by page, at a named moment.

    until: the second range is looked at then; with the same range twice: how many pages stayed where they were.
    """

    sample: str
    first: str
    second: str
    arm: str = ""
    until: str = ""

    def of(self, recording: Recording) -> Number | None:
        return recording.same_frames(self.sample, self.first, self.second, self.until or self.sample)

    @property
    def name(self) -> str:
        since = f"“{self.sample}”" + (f" and “{self.until}”" if self.until else "")
        return f"pages that {self.first} and {self.second} share at {since}"


@dataclass(frozen=True)
class MappedPages(FromArm):
    """How many pages of a process's ranges lie in mappings that `which` picks from its /proc/PID/maps.

    ranges: the record that lists them, [address, length] each in bytes.
    """

    sample: str
    process: str
    ranges: str
    which: Callable[[maps.Mapping], bool]
    title: str
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        text, ranges = recording.text(self.sample, f"{self.process}/maps"), recording.records.get(self.ranges)
        if text is None or ranges is None:
            return None
        picked = [mapping for mapping in maps.parse(text) if self.which(mapping)]
        size = sum(
            max(0, min(mapping.end, address + length) - max(mapping.start, address))
            for address, length in ranges
            for mapping in picked
        )
        return int(size // recording.page_size)

    @property
    def name(self) -> str:
        return self.title


@dataclass(frozen=True)
class Recorded(FromArm):
    """What the procedure recorded under a name, as it is."""

    record: str
    units: str = ""
    arm: str = ""
    title: str = ""

    def of(self, recording: Recording) -> Number | None:
        value = recording.records.get(self.record)
        if value is None or isinstance(value, (bool, int, float)):
            return None if value is None else (int(value) if isinstance(value, bool) else value)
        raise TypeError(f"{self.record} is no number: {value!r}")

    @property
    def name(self) -> str:
        return self.title or self.record

    @property
    def unit(self) -> str:
        return self.units


@dataclass(frozen=True)
class Derived(FromArm):
    """Any number that a pure function reads from a recording (or None)."""

    title: str
    function: Callable[[Recording], Number | None]
    units: str = ""
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        return self.function(recording)

    @property
    def name(self) -> str:
        return self.title

    @property
    def unit(self) -> str:
        return self.units


@dataclass(frozen=True)
class Size(FromArm):
    """A size in bytes as pages of the machine, rounded up."""

    bytes: int
    arm: str | None = None

    def read(self, trial: Trial) -> Number | None:
        sizes = {recording.page_size for recording in trial.arms.values()}
        return -(-self.bytes // sizes.pop()) if len(sizes) == 1 else None

    @property
    def name(self) -> str:
        return f"{self.bytes:,} bytes"


def pages(size: int) -> Quantity:
    """So many bytes, in pages of the machine."""
    return Size(size)


def mappings(probe: str, sample: str, what: Callable[[Recording, maps.Mapping], bool], title: str) -> Derived:
    """How many mappings of a probe at a named moment `what` picks; None if its maps were not read (or it was gone)."""

    def function(recording: Recording) -> int | None:
        text = recording.text(sample, f"{probe}/maps")
        return sum(what(recording, one) for one in maps.parse(text)) if text else None

    return Derived(title, function, "mappings")


def named_mappings(probe: str, sample: str, path: str, title: str) -> Derived:
    """How many mappings have this path, or kernel's name ("[heap]")."""
    return mappings(probe, sample, lambda _, mapping: mapping.path == path, title)
