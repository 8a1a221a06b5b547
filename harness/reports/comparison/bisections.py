"""Commits that bisections found: of which claim, between which kernels. Read from the logs of `git bisect`, kept with the
reference."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.evidence import json_file, run_directory
from harness.evidence.schema import BisectionsFile
from harness.linux import releases
from harness.printable import harmless
from harness.reports.comparison import rows

FILE = "bisections.json"
LONGEST = 200  # characters of a subject that are kept
# `git bisect log`: "# good: [SHA] SUBJECT", "# bad: …", and at its end "# first bad commit: […] …". `git bisect start
# --term-old …` gives the two other names.
LINE = re.compile(r"^# (?P<word>[\w -]+): \[(?P<commit>[0-9a-f]{7,64})\] (?P<subject>.*)$", re.M)
FIRST = re.compile(r"^first (?P<word>[\w-]+) commit$")
VERSION = re.compile(r"^Linux (\d+\.\d+(?:\.\d+)?(?:-rc\d+)?)\b")  # the subject of the commit that makes a release


@dataclass(frozen=True)
class Bisection:
    """The first commit on which a claim has no longer the verdict `want`. good, bad: the releases between which it was sought."""

    claim: str
    want: str
    commit: str
    subject: str
    good: str
    bad: str

    @property
    def text(self) -> str:
        """Says what was found, in a sentence."""
        return f"Bisected: commit {self.commit[:12]} ({self.subject}), between {self.good} and {self.bad}."

    def is_between(self, one: str, other: str) -> bool:
        """Says whether it was sought between the series of two kernels, so that it is a change from one to the other."""
        first, last = sorted((releases.series(one), releases.series(other)), key=releases.order)
        older, newer = sorted((releases.series(self.good), releases.series(self.bad)), key=releases.order)
        return releases.order(first) <= releases.order(older) and releases.order(newer) <= releases.order(last)


def read(text: str, claim: str, want: str, thing: str) -> Bisection:
    """Reads the log of a bisection. thing: what it is the text of. Raises UsageError for one that did not come to its end."""
    found = [match.groupdict() for match in LINE.finditer(text)]
    first, bad = next(((one, word[1]) for one in found if (word := FIRST.match(one["word"]))), ({}, ""))
    if not first:
        raise UsageError(thing, "it names no first bad commit", "let `git bisect run` end, then write: git bisect log")
    tested = [(one["word"], version[1]) for one in found if (version := VERSION.match(one["subject"]))]
    bads = [version for word, version in tested if word == bad]
    goods = [version for word, version in tested if word not in {bad, "skip"} and " " not in word]
    if not goods or not bads:
        raise UsageError(thing, "it does not begin at two releases of the kernel", "begin with: git bisect start v6.2 v6.1")
    return Bisection(claim, want, first["commit"], harmless(first["subject"])[:LONGEST], goods[0], bads[0])


def add(one: Bisection, directory: Path) -> None:
    """Keeps a bisection with the reference; one of the same claim between the same releases is replaced."""
    others = [old for old in published(directory) if (old.claim, old.good, old.bad) != (one.claim, one.good, one.bad)]
    kept = sorted([*others, one], key=lambda each: (each.claim, releases.order(each.good)))
    directory.mkdir(parents=True, exist_ok=True)
    content = {"schema": run_directory.SCHEMA, "bisections": [asdict(each) for each in kept]}
    json_file.write(directory / FILE, json_file.sealed(content))


def published(directory: Path | None = None) -> list[Bisection]:
    """Reads the bisections that the reference has. Raises Damaged for a file that is not as it was written."""
    path = (directory or rows.REFERENCE) / FILE
    try:
        found = json_file.read(path, BisectionsFile, run_directory.SCHEMA, "restore it from a copy, or delete it")
    except FileNotFoundError:
        return []
    return [Bisection(**row) for row in found.get("bisections", [])]
