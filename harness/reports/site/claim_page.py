"""What a claim's page shows, of a claim of a site: its sentences, its tables, its evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.claims.claim import CONFIRMED, DECIDED, REFUTED, Claim, Expect, Guard, Premise
from harness.evidence.schema import Row
from harness.linux.sizes import KIB, MIB
from harness.reports.comparison import page as published
from harness.reports.comparison.page import Page
from harness.reports.site.strip import DEPENDS, Strip, overall, strips
from harness.reports.site.subject import Asked, Cell, Subject
from harness.reports.wording import HOST, aloud, counted, listed, setting
from harness.verdicts.classify import is_surprise

WORDS = {
    CONFIRMED: "Confirmed",
    REFUTED: "Refuted",
    DEPENDS: "It depends",
    "undecided": "Undecided",
    "skipped": "Skipped",
}

# What settings are to people, of those that claims are repeated under.
SETTINGS = {"lru": "the LRU lists (classic or MGLRU)", "malloc": "the allocator", "thp": "transparent huge pages"}


@dataclass(frozen=True)
class Evidence:
    """What is there of a row beside the site, as addresses from a claim's page: the cell's files and its part of the report."""

    kernel: str
    settings: str
    directory: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """What was found on a kernel, in sentences. besides: what else is to be known of it."""

    verdict: str
    kernel: str
    settings: str
    why: str
    besides: tuple[str, ...]


@dataclass(frozen=True)
class ClaimPage:
    """A claim's page. others: claims of the same question."""

    subject: Subject
    asked: Asked
    others: tuple[Claim, ...] = ()

    @property
    def claim(self) -> Claim:
        return self.asked.claim

    @property
    def question(self) -> str:
        return self.asked.experiment.question or self.claim.text

    @cached_property
    def verdict(self) -> str:
        return overall(self.asked.rows)

    @property
    def word(self) -> str:
        return WORDS[self.verdict]

    @cached_property
    def strips(self) -> list[Strip]:
        """Gives a strip for each setting."""
        return strips(self.asked.lines, self.kernels, self.subject.names)

    @cached_property
    def merged(self) -> list[Strip]:
        """Gives a strip for settings that agree."""
        return strips(self.asked.lines, self.kernels, self.subject.names, merge=True)

    @cached_property
    def kernels(self) -> list[str]:
        return self.subject.kernels

    @cached_property
    def page(self) -> Page:
        return published.page(self.claim, self.asked.experiment, self.asked.lines)

    @property
    def where(self) -> str:
        """Says on which kernels, and under which settings, the verdict holds: "on 5.10, 6.1 and 6.12, whatever the lru"."""
        if self.verdict == DEPENDS:
            return self.what_it_depends_on
        names = [self.subject.names[kernel] for kernel in self.kernels if any(row["kernel"] == kernel for row in self.asked.rows)]
        settings = list(dict.fromkeys(name for line in self.asked.lines for name, _ in line.axis))
        several = [name for name in settings if len({dict(line.axis).get(name) for line in self.asked.lines}) > 1]
        return f"on {listed(names)}" + (f", whatever {listed(named(several))}" if several else "")

    @property
    def what_it_depends_on(self) -> str:
        """Says whether the kernel, a setting or both decide."""
        kernel = any(line.changes() for line in self.asked.lines)
        by_kernel: dict[str, set[str]] = {}
        for row in self.asked.rows:
            if row["verdict"] in DECIDED:
                by_kernel.setdefault(row["kernel"], set()).add(row["verdict"])
        names = list(dict.fromkeys(name for line in self.asked.lines for name, _ in line.axis))
        on = [listed(named(names))] if any(len(both) > 1 for both in by_kernel.values()) else []
        return f"on {listed([*(['the kernel'] if kernel else []), *on])}"

    @cached_property
    def answers(self) -> list[tuple[str, str, str, str]]:
        """Lists what was found: verdict, kernels, settings, and the sentence, kernels and settings that say the same together."""
        found = self.page.folded((axis, row, (row["verdict"], row["why"])) for axis, row in self.page.rows)
        return [(verdict, on, axes, why) for on, axes, (verdict, why) in found]

    @property
    def short_answers(self) -> list[Found]:
        """Gives, of each verdict, what was found on the newest kernel: the first lines of the page."""
        newest: dict[str, Found] = {}
        for axis, row in reversed(self.page.rows):
            kernel, besides = self.page.names[row["kernel"]], tuple(row.get("besides", ()))
            newest.setdefault(row["verdict"], Found(row["verdict"], kernel, axis, row["why"], besides))
        return sorted(newest.values(), key=lambda one: list(WORDS).index(one.verdict))

    @property
    def refuted_anywhere(self) -> bool:
        return any(row["verdict"] == REFUTED for row in self.asked.rows)

    @property
    def has_settings(self) -> bool:
        return any(line.axis for line in self.asked.lines)

    @property
    def expects(self) -> list[Expect]:
        return self.page.expects

    def ranges(self, expect: Expect) -> tuple[str, str]:
        """Says both ranges of an expectation, with the numbers that all rows have alike, else as they were declared."""
        there = {(true, false) for _, _, (_, true, false, _, _) in self.page.numbers(expect)}
        if len(there) != 1 or not expect.if_true.HAS_ENDS:
            return people(aloud(expect.if_true)), people(aloud(expect.if_false))
        true, false = there.pop()
        return in_words(true, expect.quantity.unit), in_words(false, expect.quantity.unit)

    @property
    def guards(self) -> Sequence[Guard]:
        return self.asked.experiment.guards

    @property
    def premises(self) -> list[Premise]:
        return [one for one in self.asked.experiment.premises if one.claim == self.claim]

    @property
    def trials(self) -> str:
        """Says how often, and from how many boots: "3 trials, each from a boot of its own"."""
        rows = self.asked.rows
        valid = sum(row["valid"] for row in rows)
        return f"{counted(sum(row['trials'] for row in rows), 'trial')}, {valid} of them valid" if rows else ""

    @property
    def needs(self) -> str:
        return self.asked.experiment.needs.said

    @property
    def surprises(self) -> list[Row]:
        return [row for row in self.asked.rows if is_surprise(row)]

    @property
    def command(self) -> str:
        """Gives the command that repeats it on the kernel that shows most."""
        return f"./bootstrap {self.page.command}"

    @property
    def known(self) -> list[tuple[str, str]]:
        """Lists the known answers, and what says so."""
        return [(known.said, known.source) for known in self.claim.known]

    @cached_property
    def evidence(self) -> list[Evidence]:
        """Lists where the raw evidence of each row lies, as addresses from this page; none in a reference."""
        found = []
        for axis, row in self.page.rows:
            cell: Cell | None = self.subject.cells.get(id(row))
            if cell is not None:
                directory = self.subject.root / cell.directory
                files = tuple(sorted(path.name for path in directory.iterdir() if path.is_file()))
                found.append(Evidence(self.page.names[row["kernel"]], axis, f"../../{cell.directory}", files))
        return found

    @property
    def conditions(self) -> list[tuple[str, str]]:
        """Lists what held in all rows alike: settings, machine; and what the procedure turned itself."""
        shared = {name: value for name, value in self.page.same.items() if name not in {"memory", "cpus"}}
        rows = self.asked.rows
        machines = dict.fromkeys(machine(row) for row in rows)
        turned = dict.fromkeys(f"{name}: {', '.join(values)}" for row in rows for name, values in row.get("turned", {}).items())
        found = [("Machine", "; ".join(machines)), ("Settings in every row", setting(shared).replace(" ", ", "))]
        found += [("Turned by the procedure", "; ".join(turned))] if turned else []
        return [*found, ("The experiment asks for", self.needs)]


def people(text: str) -> str:
    """Says whole KiB and MiB as such: "exactly 32 MiB" for "exactly 33,554,432 bytes"."""

    def size(found: re.Match[str]) -> str:
        count = int(found[1].replace(",", ""))
        for unit, name in ((MIB, "MiB"), (KIB, "KiB")):
            if count and count % unit == 0:
                return f"{count // unit:,} {name}"
        return found[0]

    return re.sub(r"\b(\d[\d,]*) bytes\b", size, text)


def in_words(bounds: str, unit: str) -> str:
    """Says a range of verdicts.json in words: "at most 8,191 pages" for "<= 8,191"."""
    for sign, words in (("= ", "exactly "), ("<= ", "at most "), (">= ", "at least "), ("not ", "anything but ")):
        if bounds.startswith(sign):
            bounds = words + bounds.removeprefix(sign)
            break
    one = bounds.endswith(" 1") and re.fullmatch(r"[a-z]+[^s]s", unit)
    return f"{bounds} {unit.removesuffix('s') if one else unit}".strip()


def named(settings: Sequence[str]) -> list[str]:
    return [SETTINGS.get(name, name) for name in settings]


def machine(row: Row) -> str:
    """Says what a row's machine was: "QEMU guest (TCG), 1,024 MiB, 1 processor"."""
    at = f"QEMU guest ({row['accelerator'].upper()})" if row["machine"] == "vm" else HOST
    memory, cpus = row["settings"].get("memory"), row["settings"].get("cpus")
    size = f", {int(memory) >> 20:,} MiB" if memory and memory.isdecimal() else ""
    return at + size + (f", {counted(int(cpus), 'processor')}" if cpus and cpus.isdecimal() else "")
