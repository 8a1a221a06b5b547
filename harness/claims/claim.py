"""Claims, and how an experiment says what decides them: frozen data; catalogue, reports and docs are made from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar

from harness.claims import checks
from harness.claims.needs import Needs
from harness.claims.quantities import PAGE_SIZE, Bound, Quantity
from harness.claims.settings import Settings
from harness.linux.releases import within
from harness.linux.sizes import KIB, MIB

if TYPE_CHECKING:
    from harness.lab.lab import Lab

CONFIRMED, REFUTED, UNDECIDED, SKIPPED = "confirmed", "refuted", "undecided", "skipped"
DECIDED = (CONFIRMED, REFUTED)
# What one reading says of a claim.
TRUE, FALSE = "true", "false"
# What a claim is about: what a kernel does, every time, or what chance, scheduling or history decides (rates.py).
MECHANISM, RATE = "mechanism", "rate"
# Commits in a source: 12 digits and more, as the kernel's own "Fixes:" lines have them, behind the word.
_COMMITS = re.compile(r"\bcommits? ([0-9a-f]{12,40}(?:(?:, | and )[0-9a-f]{12,40})*)")


@dataclass(frozen=True)
class Known:
    """The verdict that we expect, from kernel series `since` on and before series `until`, under some settings.

    source: the commit, document or measurement that says so (citations.py says how it is written to be checked). An answer
    that was written down or changed after it had been measured says "measured" in its source: it predicts nothing.
    """

    verdict: str
    source: str
    since: str | None = None
    until: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def predicted(self) -> bool:
        """Says whether it was written before it was measured, so that a verdict could have surprised its author."""
        return "measured" not in self.source

    @property
    def said(self) -> str:
        """Says the answer and where it holds: "confirmed since 5.8, before 6.7, with lru=mglru"."""
        parts = [f"since {self.since}"] if self.since else []
        parts += [f"before {self.until}"] if self.until else []
        parts += ["with " + " ".join(f"{name}={value}" for name, value in self.settings.items())] if self.settings else []
        return " ".join([self.verdict, *([", ".join(parts)] if parts else [])])

    @property
    def commits(self) -> list[str]:
        """Lists the commits that its source names."""
        return [name for found in _COMMITS.findall(self.source) for name in re.split(r", | and ", found)]

    def applies(self, series: str, settings: Mapping[str, str]) -> bool:
        return self.covers(series) and all(settings.get(name) == value for name, value in self.settings.items())

    def covers(self, series: str) -> bool:
        """Says whether it is about a kernel series, under whatever settings."""
        return within(series, self.since, self.until)


def known_by(setting: str, **answers: tuple[str, str]) -> tuple[Known, ...]:
    """Makes a known answer for each value of a setting: known_by("malloc", glibc=(CONFIRMED, source), jemalloc=…)."""
    return tuple(Known(verdict, source, settings={setting: value}) for value, (verdict, source) in answers.items())


@dataclass(frozen=True)
class Document:
    """A document that says what a claim says. where: its file in the kernel's tree or its manual page, the heading below which
    it says so, and the version that was read, as citations are written (citations.py). correction: what it could say instead
    where a kernel does otherwise, in our own words."""

    where: str
    correction: str = ""


@dataclass(frozen=True)
class Claim:
    """A statement that can be confirmed or refuted. Its id never changes. kind: MECHANISM or RATE.

    instead: where it is refuted, what somebody who believed it should do or know instead, in a sentence or two. document: where
    it stands, of one that a document makes. discovery: of a result that those who write the kernel would want to hear of, what
    is remarkable in it, with the line of the source that does it.
    """

    id: str
    text: str
    section: str
    known: tuple[Known, ...] = ()
    kind: str = MECHANISM
    instead: str = ""
    document: Document | None = None
    discovery: str = ""

    def known_answer(self, series: str, settings: Mapping[str, str]) -> Known | None:
        """Gives the first known answer for this kernel series and these settings, None if there is none."""
        return next((known for known in self.known if known.applies(series, settings)), None)


@dataclass(frozen=True)
class Range:
    """Where a quantity falls: from `low` to `high`, both included, either open; or, `outside`, below or above them.

    why: the reason for the bound. HAS_ENDS: whether they are known before anything is read or counted.
    """

    HAS_ENDS: ClassVar[bool] = True
    low: Bound | None
    high: Bound | None
    why: str = ""
    outside: bool = False


@dataclass(frozen=True, kw_only=True)
class EventRange(Range):
    """Where the number of events falls in which something came about, of a rate (harness/claims/rates.py makes it).

    test: what is said of that number, in words. ends: the least and the greatest number that is meant, of so many events.
    maker: the function of harness/claims/rates.py that makes it, and its arguments but for `why`.
    """

    HAS_ENDS: ClassVar[bool] = False  # they follow from the number of events
    test: str
    ends: Callable[[int], tuple[int | None, int | None]] = field(compare=False)
    maker: tuple[str | float, ...]


def Exactly(value: Bound, why: str = "") -> Range:
    return Range(value, value, why)


def AtMost(value: Bound, why: str = "") -> Range:
    return Range(None, value, why)


def AtLeast(value: Bound, why: str = "") -> Range:
    return Range(value, None, why)


def Within(low: Bound, high: Bound, why: str = "") -> Range:
    return Range(low, high, why)


def Outside(low: Bound, high: Bound, why: str = "") -> Range:
    """Makes the range of less than `low` or more than `high`: all that Within(low, high) is not."""
    return Range(low, high, why, outside=True)


def Not(value: Bound, why: str = "") -> Range:
    return Outside(value, value, why)


@dataclass(frozen=True)
class Expect:
    """What decides a claim: a quantity, its range if the claim is true, its range if it is false.

    reads_true, reads_false: the same quantity where the answer is known, in the same trial; each is judged by the
    same ranges and must land in if_true and if_false. says: a sentence for the answer, with {value} in it.
    A claim with several expectations is confirmed if all are met and refuted if one is contradicted.
    Of a rate the quantities are Events, and the ranges those that harness/claims/rates.py makes.
    slack: why the ranges leave room, of a statement about all of something. reference_why: why a reference is read otherwise
    than the quantity, or can read nothing else (harness/verdicts/soundness.py looks for both).
    """

    claim: Claim
    quantity: Quantity
    if_true: Range
    if_false: Range
    reads_true: Quantity
    reads_false: Quantity
    says: str = ""
    slack: str = ""
    reference_why: str = ""

    def __post_init__(self) -> None:
        if any(isinstance(one, EventRange) != (self.claim.kind == RATE) for one in (self.if_true, self.if_false)):
            raise ValueError(f"{self.claim.id}: ranges of events belong to a rate, and a rate has no others")
        checks.expect(self)


@dataclass(frozen=True)
class Guard:
    """A condition without which a trial says nothing: the quantity must fall in the range. why: what else it shows."""

    quantity: Quantity
    holds: Range
    why: str


@dataclass(frozen=True)
class Premise:
    """A condition that a claim's own statement names ("at the end of the heap"): the quantity must fall in the range.

    Where it holds in no trial the statement speaks of nothing, and the claim is skipped; why: the reason that is given then.
    """

    claim: Claim
    quantity: Quantity
    holds: Range
    why: str


def of_small_pages(claim: Claim) -> Premise:
    """Leaves out a claim whose sizes and bounds are reasoned for pages of 4 KiB where pages are larger; the others of its
    experiment are decided all the same (Needs.page_sizes skips the whole experiment)."""
    return Premise(claim, PAGE_SIZE, Exactly(4 * KIB), "its sizes and bounds are reasoned for pages of 4 KiB")


@dataclass(frozen=True)
class Besides:
    """What somebody who asks about a claim must know too, and what was read of it: it decides nothing.

    says: a sentence with {value} in it (harness/claims/said.py). holds: where the quantity must fall in every trial for it to
    be said.
    """

    claim: Claim
    quantity: Quantity
    holds: Range
    says: str

    def __post_init__(self) -> None:
        checks.besides(self)


@dataclass(frozen=True)
class Experiment:
    """One question: a procedure on a machine that decides one or more claims.

    arms: the ways of running the procedure within a trial, each on a guest of its own (`lab.arm` says which).
    axes: settings under which the whole experiment is repeated, a verdict row for each ({"lru": ("classic", "mglru")}).
    trials: how many, fixed beforehand, each from a boot of its own. rate: samples a second during operations, Hz.
    deadline: seconds that an arm may take on a quiet host, also where the processor is emulated and of another architecture,
    which takes two to ten times as long. What is not over by then is broken. version: raised when the procedure or a bound
    changes. writes: the settings, by their names in Settings, that the procedure itself writes after they were pinned.
    question, words: the module's docstring (catalogue.py): its first line, and below it the procedure in words. origin:
    where it is from ("own file mine/belief.py", "package NAME VERSION"), "" for the catalogue's.
    """

    procedure: Callable[[Lab], None]
    expects: tuple[Expect, ...]
    guards: tuple[Guard, ...] = ()
    premises: tuple[Premise, ...] = ()
    besides: tuple[Besides, ...] = ()
    needs: Needs = Needs()
    settings: Settings = Settings()
    writes: tuple[str, ...] = ()
    arms: tuple[str, ...] = ("",)
    axes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    trials: int = 3
    rate: int = 100
    deadline: int = 300
    version: int = 1
    name: str = ""
    question: str = ""
    words: str = ""
    origin: str = ""

    def __post_init__(self) -> None:
        checks.experiment(self)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return tuple(dict.fromkeys(expect.claim for expect in self.expects))

    def conditions(self) -> dict[str, str]:
        """Maps setting → value, with the machine's size (memory in MiB), as it has them."""
        machine = {"memory": self.needs.memory // MIB, "cpus": self.needs.cpus, "disk_size": None, "disk_rate": None}
        found = {**vars(self.settings), **machine, **self.needs.disk_conditions()}
        return {name: "the kernel's own" if value is None else str(value) for name, value in found.items()}

    def states(self) -> dict[str, str]:
        """Maps setting → value, of those that it states itself, other than every experiment has them."""
        others = replace(self, settings=Settings(), needs=Needs()).conditions()
        return {name: value for name, value in self.conditions().items() if value != others[name]}

    def overridden(self, sets: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Maps setting → what the experiment has instead, of those that the user sets to something else: a value that it
        states, or values that its procedure writes itself (then the user's hold until it does)."""
        own = {**dict.fromkeys(self.writes, "values that its procedure writes"), **self.states()}
        return {
            name: own[name]
            for name, values in sets.items()
            if name in own and name not in self.axes and any(value != own[name] for value in values)
        }

    def __hash__(self) -> int:
        return hash(self.name)
