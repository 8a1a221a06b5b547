"""Quantities: numbers read from the evidence of one trial. Pure; no reading is None, never 0.

Amounts of memory are in pages of the machine, whatever unit the kernel's file has. Every quantity says how far noise alone
can move it: a class without `noise` can't be instantiated, so that none is taken as still because nobody thought of it.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias

from harness.claims import picture
from harness.evidence.floor import Floor, carried_noise, counter_noise
from harness.evidence.recording import Number, Recording, Trial
from harness.linux import counters
from harness.linux import pages as page_states


@dataclass(frozen=True)
class Quantity(ABC):
    """A number with a name and a unit. PICTURE: the kind of picture that shows it best, "" where its unit tells."""

    PICTURE: ClassVar[str] = ""

    @abstractmethod
    def read(self, trial: Trial) -> Number | None:
        """Gives the number for a trial, None where the evidence does not have it."""

    @abstractmethod
    def noise(self, trial: Trial, floor: Floor) -> Number:
        """Gives how far noise alone can move the number in this trial, in the quantity's unit."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Says what is read."""

    @property
    def unit(self) -> str:
        """Names what is counted, "" for a bare number."""
        return "pages"

    def called(self, name: str, unit: str | None = None) -> Quantity:
        """Gives this quantity a name that a reader understands."""
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
    """Gives a bound's number in a trial."""
    return bound.read(trial) if isinstance(bound, Quantity) else bound


def noise_of(bound: Bound | None, trial: Trial, floor: Floor) -> Number:
    """Gives how far noise alone can move a bound: not at all, unless it is read itself."""
    return bound.noise(trial, floor) if isinstance(bound, Quantity) else 0


def name_of(bound: Bound) -> str:
    """Says what a bound is, with separators in its number."""
    return bound.name if isinstance(bound, Quantity) else f"{bound:,}"


@dataclass(frozen=True)
class Called(Quantity):
    """A quantity under another name, and perhaps another unit's name."""

    what: Quantity
    title: str
    units: str

    def read(self, trial: Trial) -> Number | None:
        return self.what.read(trial)

    def noise(self, trial: Trial, floor: Floor) -> Number:
        return self.what.noise(trial, floor)

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
    """Two quantities, or one and a number, with a sign between them."""

    sign: str
    left: Quantity
    right: Bound

    def read(self, trial: Trial) -> Number | None:
        left, right = self.left.read(trial), value_of(self.right, trial)
        if left is None or right is None or (self.sign in {"/", "//"} and not right):
            return None
        return _OPERATIONS[self.sign](left, right)

    def noise(self, trial: Trial, floor: Floor) -> Number:
        """Gives, of sums and differences, the noise of both parts together; of products and quotients, what it does to the
        parts' values."""
        left, right = self.left.noise(trial, floor), noise_of(self.right, trial, floor)
        if self.sign in {"+", "-"} or not (left or right):
            return left + right
        one, other = self.left.read(trial), value_of(self.right, trial)
        if one is None or other is None:
            return 0  # there is no reading that could be judged
        return carried_noise(self.sign, (abs(one), left), (abs(other), right))

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

    def noise(self, trial: Trial, floor: Floor) -> Number:
        return self.what.noise(trial, floor)

    @property
    def name(self) -> str:
        return f"|{self.what.name}|"

    @property
    def unit(self) -> str:
        return self.what.unit


@dataclass(frozen=True)
class FromArm(Quantity):
    """A quantity of one recording of the trial: that of the arm `arm` (the only one has no name)."""

    @abstractmethod
    def of(self, recording: Recording) -> Number | None:
        """Gives the number for a recording, None where that does not have it."""

    def recording_of(self, trial: Trial) -> Recording | None:
        """Gives the recording that it is read from, None where the trial has no such arm."""
        return trial.arms.get(getattr(self, "arm", ""))

    def read(self, trial: Trial) -> Number | None:
        recording = self.recording_of(trial)
        return None if recording is None else self.of(recording)

    def in_arm(self, arm: str) -> FromArm:
        """Gives this quantity of another arm."""
        return replace(self, arm=arm)  # type: ignore[call-arg]  # every subclass has the field


@dataclass(frozen=True)
class Still(FromArm):
    """A quantity that no noise moves, since it is made of no counter: states of pages, mappings, what was recorded."""

    def noise(self, trial: Trial, floor: Floor) -> Number:
        return 0


@dataclass(frozen=True)
class Counted(FromArm):
    """A quantity that is read from one counter, and moves as far by itself as that does."""

    PICTURE: ClassVar[str] = picture.COURSE
    counter: str

    def __post_init__(self) -> None:
        counters.check(self.counter)

    def noise(self, trial: Trial, floor: Floor) -> Number:
        recording = self.recording_of(trial)
        if recording is None:
            return 0
        moved = counter_noise(self.counter, recording, floor)
        return in_pages(moved, counters.unit_of(self.counter), recording.page_size)

    @property
    def unit(self) -> str:
        unit = counters.unit_of(self.counter)
        return "pages" if unit in {"KiB", "bytes"} else unit


def in_pages(value: int, unit: str, page_size: int) -> Number:
    """Turns KiB and bytes into pages; a whole number where it is one."""
    size = {"KiB": 1024, "bytes": 1}.get(unit)
    if size is None:
        return value
    pages, rest = divmod(value * size, page_size)
    return value * size / page_size if rest else pages


@dataclass(frozen=True)
class Counter(Counted):
    """A counter at a named moment: Counter("meminfo:Cached", "before")."""

    sample: str
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        value = recording.counter(self.sample, self.counter)
        return None if value is None else in_pages(value, counters.unit_of(self.counter), recording.page_size)

    @property
    def name(self) -> str:
        return f"{self.counter} at “{self.sample}”"


@dataclass(frozen=True)
class Change(Counted):
    """How much a counter grew between two named moments."""

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


@dataclass(frozen=True)
class Pages(Still):
    """How many pages of a range or a file are in a state (harness/linux/pages.py lists the states) at a named moment."""

    PICTURE: ClassVar[str] = picture.PAGE_MAP
    sample: str
    label: str
    state: str = "resident"
    arm: str = ""

    def __post_init__(self) -> None:
        page_states.check(self.state)

    def of(self, recording: Recording) -> Number | None:
        return recording.pages(self.sample, self.label, self.state)

    @property
    def name(self) -> str:
        return f"{self.state} pages of {self.label} at “{self.sample}”"


@dataclass(frozen=True)
class Recorded(Still):
    """What the procedure recorded under a name, as it is."""

    record: str
    units: str = ""
    arm: str = ""
    title: str = ""

    def of(self, recording: Recording) -> Number | None:
        value = recording.records.get(self.record)
        if isinstance(value, bool):
            return int(value)
        if value is None or isinstance(value, (int, float)):
            return value
        raise TypeError(f"{self.record} is no number: {value!r}")

    @property
    def name(self) -> str:
        return self.title or self.record

    @property
    def unit(self) -> str:
        return self.units


@dataclass(frozen=True)
class Derived(Still):
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


PAGE_SIZE = Derived("bytes of a page", lambda recording: recording.page_size, "bytes")


@dataclass(frozen=True)
class Size(Still):
    """A size in bytes as pages of the machine, rounded up."""

    bytes: int
    arm: str | None = None

    def of(self, recording: Recording) -> Number:
        return -(-self.bytes // recording.page_size)

    def read(self, trial: Trial) -> Number | None:
        """Gives the number for all arms, if their machines have pages of one size."""
        sizes = {recording.page_size for recording in trial.arms.values()}
        return self.of(trial.any) if len(sizes) == 1 else None

    @property
    def name(self) -> str:
        return f"{self.bytes:,} bytes"


def pages(size: int) -> Quantity:
    """Gives so many bytes in pages of the machine."""
    return Size(size)
