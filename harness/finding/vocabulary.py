"""What words of users and words of claims have to do with each other: the tables of vocabulary.json, and the nearest word for
one that is mistyped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeAlias

from rapidfuzz.distance import OSA

from harness.finding import words

Phrase: TypeAlias = tuple[str, ...]

ALSO, AS_MUCH = 0.5, 0.9  # what a word that a typed one stands for is worth; one that says the same
BEGINNING = 4  # letters that two words have to have in common where one is the beginning of the other


@dataclass(frozen=True)
class Vocabulary:
    """The tables, their words as stems.

    stop: what says nothing of a subject. same: a phrase, and how the index has it. means: a phrase, and the terms that it
    stands for too, each with its share. written: each word as it stands in the tables, and its stem.
    """

    stop: frozenset[str]
    same: Mapping[Phrase, Phrase]
    means: Mapping[Phrase, Mapping[str, float]]
    written: Mapping[str, str]
    longest: Mapping[str, int]  # a phrase of `same` that begins so has at most so many words

    def spelt(self, stems: Sequence[str]) -> list[str]:
        """Gives the terms of stems in their order, as the index has them: a long phrase comes before a shorter one that it
        begins with; what says nothing is left out."""
        found: list[str] = []
        at = 0
        while at < len(stems):
            for length in range(self.longest.get(stems[at], 0), 0, -1):
                if (as_written := self.same.get(tuple(stems[at : at + length]))) is not None:
                    found += as_written
                    at += length
                    break
            else:
                if stems[at] not in self.stop:
                    found.append(stems[at])
                at += 1
        return found

    def terms(self, text: str) -> list[str]:
        """Gives the terms of a text."""
        return self.spelt(words.stems(words.forms(text)))

    def meanings(self, terms: Sequence[str]) -> dict[Phrase, Mapping[str, float]]:
        """Maps each word and phrase of a query that stands for others to those, each with its share."""
        most = max(map(len, self.means), default=0)
        phrases = [tuple(terms[at : at + length]) for length in range(1, most + 1) for at in range(len(terms) - length + 1)]
        return {phrase: self.means[phrase] for phrase in phrases if phrase in self.means}


@cache
def load() -> Vocabulary:
    """Reads vocabulary.json."""
    tables = json.loads(Path(__file__).with_name("vocabulary.json").read_text("utf-8"))
    same = {_stems(phrase): _stems(written) for phrase, written in tables["same"].items()}
    longest: dict[str, int] = {}
    for first, *others in same:
        longest[first] = max(longest.get(first, 0), 1 + len(others))
    phrases = (*tables["stop"], *tables["means"], *tables["same"])
    written = {word: words.stem(word) for phrase in phrases for word in words.WORD.findall(phrase)}
    bare = Vocabulary(frozenset(map(words.stem, tables["stop"])), same, {}, written, longest)
    means: dict[Phrase, dict[str, float]] = {}
    for phrase, meant in tables["means"].items():
        shares = means.setdefault(tuple(bare.terms(phrase)), {})
        for one in meant:
            share = AS_MUCH if one.startswith("!") else ALSO
            terms = bare.terms(one.lstrip("!"))
            for term in terms:
                shares[term] = max(shares.get(term, 0), share if len(terms) == 1 else share * ALSO)
            for pair in words.pairs(terms):
                shares[pair] = max(shares.get(pair, 0), share)
    return replace(bare, means=means)


def _stems(phrase: str) -> Phrase:
    return words.stems(words.WORD.findall(phrase))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Gives the known word that a mistyped one is nearest to, by letters that are wrong, missing, too many or swapped; None
    where none is near. A short word has to be nearer, and of two wrong letters none is the first."""
    allowed = 0 if len(word) < 5 else 1 if len(word) < 7 else 2
    best: tuple[int, str] | None = None
    for one in known:
        if abs(len(one) - len(word)) <= allowed and len(one) > 3:
            distance = OSA.distance(word, one, score_cutoff=allowed)
            if distance <= allowed and (distance < 2 or one[0] == word[0]):
                best = min(best or (distance, one), (distance, one))
    return best[1] if best else _longer_or_shorter(word, known)


def _longer_or_shorter(word: str, known: Iterable[str]) -> str | None:
    """Gives the known word that begins as this one does: the longest that is its beginning ("mlockall": mlock), else the
    shortest that it is the beginning of ("overcom": overcommit)."""
    beginnings = [one for one in known if len(one) >= BEGINNING and word.startswith(one)]
    if beginnings:
        return max(beginnings, key=lambda one: (len(one), one))
    longer = (one for one in known if len(word) >= BEGINNING and one.startswith(word))
    return min(longer, key=lambda one: (len(one), one), default=None)
