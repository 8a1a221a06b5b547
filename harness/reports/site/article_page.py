"""What the article's page shows: chapters, sections and statements, how each stands, and how many hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness import catalogue
from harness.claims.claim import CONFIRMED, REFUTED
from harness.reports.site.article import Article, Holds, Statement, standing
from harness.reports.site.claim_page import WORDS, ClaimPage
from harness.reports.site.strip import ABSENT, DEPENDS

STYLES = {Holds.HOLDS: CONFIRMED, Holds.PARTLY: DEPENDS, Holds.NOT: REFUTED, Holds.OPEN: ABSENT}
WORDS_OF = {
    Holds.HOLDS: "Holds",
    Holds.PARTLY: "Holds in part",
    Holds.NOT: "Does not hold",
    Holds.OPEN: "Open",
}
UNASKED = "Its claims have no verdict here."
PAST = "It is about kernels up to {until}, which the lab does not run: what is decided is whether it holds today."


@dataclass(frozen=True)
class Named:
    """A claim that a statement names. file: of its page, "" where it has no verdict here. role: what it is to the statement."""

    text: str
    file: str
    verdict: str
    word: str
    role: str


@dataclass(frozen=True)
class Told:
    """A statement as the page shows it. note: why it is open, or what it is that was decided."""

    no: str
    statement: str
    style: str
    word: str
    note: str
    claims: Sequence[Named]


@dataclass(frozen=True)
class Count:
    """How many statements stand so, and where their part of the bar begins."""

    words: str
    style: str
    count: int
    at: int


@dataclass(frozen=True)
class Part:
    """A section of the article, or a chapter, which has sections."""

    number: str
    title: str
    statements: Sequence[Told] = ()
    sections: Sequence[Part] = ()

    @property
    def all(self) -> list[Told]:
        return [*self.statements, *(one for section in self.sections for one in section.all)]

    @property
    def holds(self) -> int:
        return sum(one.style == CONFIRMED for one in self.all)

    @property
    def total(self) -> int:
        return len(self.all)


@dataclass(frozen=True)
class ArticlePage:
    """The article's page. pages: claim → its page, of those that have a verdict here."""

    article: Article
    pages: Mapping[str, ClaimPage]
    files: Mapping[str, str]

    @cached_property
    def stands(self) -> dict[str, Holds]:
        rows = {claim: page.asked.rows for claim, page in self.pages.items()}
        return {one.no: standing(one, rows) for one in self.article.statements}

    @property
    def total(self) -> int:
        return len(self.article.statements)

    @property
    def counts(self) -> list[Count]:
        count, found, at = Counter(self.stands.values()), [], 0
        for one in Holds:
            found.append(Count(WORDS_OF[one], STYLES[one], count[one], at))
            at += count[one]
        return found

    @property
    def decided_line(self) -> str:
        """Says how much of what is decided holds."""
        count = Counter(self.stands.values())
        decided = self.total - count[Holds.OPEN]
        if not decided:
            return "None of them is decided here."
        share = round(100 * count[Holds.HOLDS] / decided)
        return (
            f"Of the {decided} statements that are decided, {count[Holds.HOLDS]} hold on every kernel and setting that was asked "
            f"({share} %). In part: a claim of several is refuted, or the answer depends on the kernel or a setting."
        )

    @property
    def past_line(self) -> str:
        """Says how many of them are about kernels that nobody runs any more; "" if none is decided."""
        past = sum(map(self.is_past, self.article.statements))
        if not past:
            return ""
        are, they = ("is", "it holds") if past == 1 else ("are", "they hold")
        return (
            f"{past} of those that are decided {are} about kernels of the past, which the lab does not run: what is decided is "
            f"whether {they} today."
        )

    def is_past(self, one: Statement) -> bool:
        """Says whether a statement is about kernels of the past, and decided for those of today."""
        return bool(one.until) and self.stands[one.no] is not Holds.OPEN

    @property
    def chapters(self) -> list[Part]:
        found = []
        for number, title in self.article.chapters.items():
            own = [one for one in self.article.statements if one.chapter == number]
            sections = dict.fromkeys((one.no.rsplit(".", 1)[0], one.section) for one in own)
            parts = [
                Part(section, name, [self.told(one) for one in own if one.no.rsplit(".", 1)[0] == section])
                for section, name in sections
            ]
            found.append(Part(number, title, sections=parts))
        return found

    def told(self, one: Statement) -> Told:
        stands = self.stands[one.no]
        roles = [(one.claims, ""), (one.against, "says the contrary"), (one.see, "on the same matter")]
        claims = [self.named(claim, role) for ids, role in roles for claim in ids]
        word, note = WORDS_OF[stands], one.open
        if self.is_past(one):
            word, note = f"{word} today", PAST.format(until=one.until)
        elif stands is Holds.OPEN and not note:
            note = UNASKED
        return Told(one.no, one.statement, STYLES[stands], word, note, claims)

    def named(self, claim: str, role: str) -> Named:
        page = self.pages.get(claim)
        if page is None:
            known = catalogue.claims().get(claim)
            return Named(known[0].text if known else claim, "", ABSENT, "Not asked", role)
        return Named(page.claim.text, self.files[claim], page.verdict, WORDS[page.verdict], role)
