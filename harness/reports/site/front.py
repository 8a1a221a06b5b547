"""What the first page shows: sections of questions with their claims, what stands out, and what the filters choose by."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from harness.claims.claim import CONFIRMED, DECIDED, REFUTED, SKIPPED, UNDECIDED
from harness.evidence.schema import EnvironmentFile
from harness.reports.comparison import rows
from harness.reports.comparison.index import apart
from harness.reports.site.claim_page import ClaimPage
from harness.reports.site.strip import DEPENDS, Strip
from harness.reports.site.subject import Asked, Subject
from harness.reports.wording import counted, listed, surprises, tally, where
from harness.verdicts.classify import is_surprise

# How a verdict over all kernels and settings is counted on the first page.
TALLY = {
    CONFIRMED: "Confirmed",
    REFUTED: "Refuted",
    DEPENDS: "Depends on kernel or setting",
    UNDECIDED: "Undecided",
    SKIPPED: "Skipped",
}
# What can be asked for alone: key, and the words for it.
MARKS = {
    "surprise": "surprises",
    "new": "other than the published reference",
    "changed": "what changed between kernels",
    "setting": "what depends on a setting",
    "old": "what an older version of its experiment measured",
}
FLAGS = {
    "surprise": "surprise",
    "new": "other than published",
    "changed": "changed between kernels",
    "setting": "depends on a setting",
    "old": "measured by an older version",
}
FIRST = 12  # claims that are named before all others


@dataclass(frozen=True)
class Item:
    """A claim as the first page lists it. number: its place in the data of the script. file: of its page."""

    number: int
    file: str
    text: str
    strips: Sequence[Strip]
    marks: tuple[str, ...]


@dataclass
class Group:
    """Claims of one question."""

    question: str
    claims: list[Item] = field(default_factory=list)


@dataclass
class Section:
    """A section of the catalogue."""

    title: str
    anchor: str
    groups: list[Group] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(len(group.claims) for group in self.groups)


@dataclass(frozen=True)
class Kernel:
    """A kernel of the site's table."""

    name: str
    series: str
    release: str
    where: str
    package: str
    tally: str


@dataclass(frozen=True)
class Notable:
    """A claim that is named before all others, and why."""

    file: str
    text: str
    said: str


@dataclass(frozen=True)
class Front:
    """The first page of a site. pages: of its claims in their order. files: claim → its page's file."""

    subject: Subject
    pages: Sequence[ClaimPage]
    files: dict[str, str]

    @property
    def heading(self) -> str:
        if self.subject.reference:
            return "What engineers believe about Linux memory, put to the test"
        return f"{counted(len(self.pages), 'belief')} about Linux memory, put to the test"

    @property
    def lead(self) -> str:
        """Says what there is in two sentences."""
        names = [self.subject.names[kernel] for kernel in self.subject.kernels]
        kernels = f"Linux {listed(names)}" if len(names) < 9 else f"{len(names)} kernels from {names[0]} to {names[-1]}"
        found = list(self.subject.rows)
        broken = f" {counted(len(self.subject.errors), 'cell')} broke." if self.subject.errors else ""
        said = f"{surprises(found)}." if any(map(is_surprise, found)) else "Every one is as its known answer says."
        told = said if any(row["known"] for row in found) else ""
        return f"{counted(len(self.pages), 'claim')} on {kernels}: {tally(found)}. {told}{broken}".strip()

    @cached_property
    def marks(self) -> list[tuple[str, ...]]:
        """Lists what marks each claim."""
        return [tuple(mark for mark in MARKS if marked(page.asked, mark)) for page in self.pages]

    @property
    def counted_marks(self) -> list[tuple[str, str, int]]:
        count = Counter(mark for marks in self.marks for mark in marks)
        return [(mark, words, count[mark]) for mark, words in MARKS.items() if count[mark]]

    @property
    def tally(self) -> list[tuple[str, str, int]]:
        count = Counter(page.verdict for page in self.pages)
        return [(verdict, words, count[verdict]) for verdict, words in TALLY.items() if count[verdict]]

    @cached_property
    def sections(self) -> list[Section]:
        """Lists the sections in the catalogue's order, the claims of a question together."""
        found: dict[str, Section] = {}
        for number, page in enumerate(self.pages):
            section = found.setdefault(page.claim.section, Section(page.claim.section, anchor(page.claim.section)))
            group = next((one for one in section.groups if one.question == page.question), None)
            if group is None:
                section.groups.append(group := Group(page.question))
            group.claims.append(Item(number, self.files[page.claim.id], page.claim.text, page.merged, self.marks[number]))
        return list(found.values())

    @property
    def settings(self) -> list[str]:
        """Lists the settings that tell rows apart, of those that have several values here."""
        values: dict[str, dict[str, None]] = {}
        for page in self.pages:
            for line in page.asked.lines:
                for name, value in line.axis:
                    values.setdefault(name, {})[value] = None
        return [f"{name}={value}" for name, several in values.items() if len(several) > 1 for value in sorted(several)]

    @property
    def notable(self) -> list[Notable]:
        """Lists what to look at first: surprises, what is other than published, undecided, what changed between kernels."""
        return list(self._notable())[:FIRST]

    def _notable(self) -> Iterator[Notable]:
        told = set()
        for mark in ("surprise", "new", "undecided", "changed"):
            for page, marks in zip(self.pages, self.marks, strict=True):
                has = page.verdict == UNDECIDED if mark == "undecided" else mark in marks
                if has and page.claim.id not in told:
                    told.add(page.claim.id)
                    yield Notable(self.files[page.claim.id], page.claim.text, said(page, mark))

    @property
    def kernels(self) -> list[Kernel]:
        packages = packages_of(self.subject.around)
        found = []
        for release in self.subject.kernels:
            own = [row for row in self.subject.rows if row["kernel"] == release]
            ran = where(own[0]).removeprefix(release).strip(" ()")
            name = self.subject.names[release]
            found.append(Kernel(name, own[0]["series"], release, ran, packages.get(release, "–"), tally(own)))
        return found

    def data(self) -> dict[str, Any]:
        """Gives what the page's script chooses by: of each claim its section, its marks, and verdict, kernel and settings of
        each row."""
        settings = self.settings
        kernels = [self.subject.names[kernel] for kernel in self.subject.kernels]
        claims = []
        for page, marks in zip(self.pages, self.marks, strict=True):
            told = [
                [
                    row["verdict"],
                    self.subject.kernels.index(row["kernel"]),
                    [settings.index(one) for one in (f"{name}={value}" for name, value in line.axis) if one in settings],
                ]
                for line in page.asked.lines
                for row in line.rows
            ]
            claims.append({"id": page.claim.id, "section": page.claim.section, "marks": list(marks), "rows": told})
        return {"kernels": kernels, "settings": settings, "claims": claims}


def marked(asked: Asked, mark: str) -> bool:
    """Says whether a mark of MARKS is a claim's."""
    if mark == "surprise":
        return any(map(is_surprise, asked.rows))
    if mark == "changed":
        return any(line.changes() for line in asked.lines)
    if mark == "setting":
        return bool(apart(asked.lines))
    if mark == "old":
        return asked.old
    return bool(differs(asked))


def differs(asked: Asked) -> list[str]:
    """Lists what the published reference says otherwise of the same claim, series and settings: "refuted on 6.12, published:
    confirmed"."""
    found = []
    names = rows.axes(asked.rows, asked.published).get(asked.claim.id, ())
    published = {(row["series"], rows.axis(row, names)): row["verdict"] for row in asked.published}
    for row in asked.rows:
        other = published.get((row["series"], rows.axis(row, names)))
        if other in DECIDED and row["verdict"] in DECIDED and other != row["verdict"]:
            found.append(f"{row['verdict']} on {row['series']}, published: {other}")
    return list(dict.fromkeys(found))


def said(page: ClaimPage, mark: str) -> str:
    """Says why a claim is named first."""
    if mark == "surprise":
        told = dict.fromkeys(f"{row['verdict']} on {row['series']}, known: {row['known']}" for row in page.surprises)
        return f"Surprise: {'; '.join(told)}"
    if mark == "new":
        return f"Other than published: {'; '.join(differs(page.asked))}"
    if mark == "undecided":
        return f"Undecided: {page.asked.rows[-1]['why']}"
    return f"Changed: {'; '.join(dict.fromkeys(changes(page)))}"


def changes(page: ClaimPage) -> Iterator[str]:
    """Says where a claim's verdict changes from kernel to kernel: "confirmed up to 5.10, refuted since 6.1"."""
    for strip in page.merged:
        decided = [piece for piece in strip.pieces if piece.verdict in DECIDED]
        if len(decided) > 1:
            label = f"with {strip.label}: " if strip.label else ""
            rest = ", ".join(f"{piece.verdict} since {piece.kernels[0]}" for piece in decided[1:])
            yield f"{label}{decided[0].verdict} up to {decided[0].kernels[-1]}, {rest}"


def packages_of(around: Sequence[EnvironmentFile]) -> dict[str, str]:
    """Maps release → the package that its kernel is from, of those that are known."""
    found = {kernel["release"]: kernel.get("source") or "" for one in around for kernel in one.get("kernels", ())}
    return {release: "by path" if source.startswith("/") else source or "–" for release, source in found.items()}


def anchor(title: str) -> str:
    """Makes a section's anchor of its title."""
    return "in-" + re.sub(r"\W+", "-", title.lower()).strip("-")
