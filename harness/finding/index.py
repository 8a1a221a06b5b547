"""An index of claims, and what is found in it: BM25F (Robertson and Zaragoza, 2009) over the fields of a claim, with what
else a typed word stands for, and the nearest word for one that no claim has.

All that a search needs is in tables, which `exported` gives to a page's script.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.claims.claim import Claim, Experiment
from harness.finding import vocabulary, words
from harness.finding.documents import WEIGHTS, Document, documents

TELLING = 1.0  # the weight of a field that says what a claim is about
SATURATION, LENGTH = 1.2, 0.4  # k1 and b of BM25F
# What of a query is worth less than a word: two words that stand together as they were typed, the same where one of them is
# a number (a setting and its value), a number without what it is a number of.
PAIR, NUMBERED, NUMBER = 0.5, 0.9, 0.4
NAMED = 100.0  # of a claim in whose name the query stands as it is: more than any words are worth
COVERED = 0.7  # the part of a score that depends on how much of the query a claim has
FITS = 0.34  # the part of a query that a claim must have: with less it is only the nearest


@dataclass(frozen=True)
class Hit:
    """A claim that was found. covers: how much of what was typed it has, from 0 to 1."""

    document: Document
    score: float
    covers: float

    @property
    def fits(self) -> bool:
        return self.covers >= FITS


@dataclass(frozen=True)
class Found:
    """What a search has found, the best first. read_as: mistyped word → the word that was looked for; unknown: words that
    nothing is known of."""

    hits: tuple[Hit, ...]
    read_as: Mapping[str, str]
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class Index:
    """Documents; what each term adds to those that have it; how rare it is; the words that they are written in.

    weights: term → {number of a document: weight}. rarity: term → its idf. known: word as written → its term.
    """

    documents: tuple[Document, ...]
    weights: Mapping[str, Mapping[int, float]]
    rarity: Mapping[str, float]
    known: Mapping[str, str]

    def search(self, text: str) -> Found:
        """Finds the claims that a text asks for."""
        asked = Query(self, text)
        scores: dict[int, float] = defaultdict(float)
        covered: dict[int, float] = defaultdict(float)
        for part in asked.parts:
            for at, weight in self._best(part).items():
                scores[at] += part.worth * weight
                if part.whole:
                    covered[at] += min(part.rarity, weight)
        whole = sum(part.rarity for part in asked.parts if part.whole) + asked.lost
        found = {at: part / whole for at, part in covered.items() if part}
        for at in self._named(text):
            found[at] = 1.0
            scores[at] += NAMED
        hits = [Hit(self.documents[at], scores[at] * (1 - COVERED + COVERED * part), part) for at, part in found.items()]
        hits.sort(key=lambda hit: (-hit.score, hit.document.claim))
        return Found(tuple(hits), asked.read_as, tuple(asked.unknown))

    def _named(self, text: str) -> list[int]:
        """Lists the documents whose claim or experiment has a text in its name; none for a text of several words."""
        name = text.strip().casefold()
        whole = re.fullmatch(r"[\w-]{3,}", name)
        return [at for at, one in enumerate(self.documents) if whole and (name in one.claim or name in one.experiment)]

    def _best(self, part: Part) -> dict[int, float]:
        """Gives what a part of a query adds to each document: the most of what it stands for, not the sum."""
        best: dict[int, float] = {}
        for term, share in part.terms.items():
            for at, weight in self.weights.get(term, {}).items():
                best[at] = max(best.get(at, 0.0), share * weight)
        return best

    def as_data(self) -> dict[str, Any]:
        """Gives the index as JSON has it, for `of_data`: documents without their fields, which are for who makes one."""
        return {
            "documents": [[one.claim, one.experiment, one.sentence, one.question, one.section] for one in self.documents],
            "weights": {term: [list(one), list(one.values())] for term, one in self.weights.items()},
            "rarity": self.rarity,
            "known": self.known,
        }

    @staticmethod
    def of_data(data: Mapping[str, Any]) -> Index:
        """Reads an index that `as_data` gave."""
        return Index(
            tuple(
                Document(claim, experiment, sentence, question, section, {})
                for claim, experiment, sentence, question, section in data["documents"]
            ),
            {term: dict(zip(numbers, weights, strict=True)) for term, (numbers, weights) in data["weights"].items()},
            data["rarity"],
            data["known"],
        )

    def exported(self) -> dict[str, Any]:
        """Gives all that a search needs as JSON has it: the tables of this index and of the vocabulary, and the numbers.
        Weights are lists of documents' numbers and weights in turn."""
        tables = vocabulary.load()
        return {
            "documents": [{name: value for name, value in asdict(one).items() if name != "fields"} for one in self.documents],
            "weights": {
                term: [number for at, weight in one.items() for number in (at, round(weight, 3))]
                for term, one in self.weights.items()
            },
            "rarity": {term: round(idf, 3) for term, idf in self.rarity.items()},
            "known": dict(self.known),
            "inflected": {form: term for form, term in _inflected(self.known).items() if form not in self.known},
            "stop": sorted(tables.stop),
            "same": {" ".join(phrase): list(written) for phrase, written in tables.same.items()},
            "means": {" ".join(phrase): dict(terms) for phrase, terms in tables.means.items()},
            "numbers": {"pair": PAIR, "numbered": NUMBERED, "number": NUMBER, "named": NAMED, "covered": COVERED, "fits": FITS},
        }


@dataclass(frozen=True)
class Part:
    """A word, phrase or pair of a query: the terms that it stands for, each with its share; what it is worth; how rare it is.
    whole: it counts in how much of the query a claim has."""

    terms: Mapping[str, float]
    worth: float
    rarity: float

    @property
    def whole(self) -> bool:
        return self.worth == 1


class Query:
    """What was typed, part by part."""

    def __init__(self, index: Index, text: str) -> None:
        self.index = index
        self.vocabulary = vocabulary.load()
        self.read_as: dict[str, str] = {}
        self.unknown: list[str] = []
        self.lost = 0.0  # the rarity of the words that nothing is known of
        self.parts: list[Part] = []
        terms = self.vocabulary.spelt([stem for word in words.forms(text) for stem in self.stem(word).split()])
        means = self.vocabulary.meanings(terms)
        within = {term for phrase in means if len(phrase) > 1 for term in phrase}
        for term in dict.fromkeys(terms):
            worth = NUMBER if words.is_number(term) else PAIR if term in within else 1
            self.add({**means.pop((term,), {}), term: 1}, worth)
        for phrase, others in means.items():
            self.add({**others, " ".join(phrase): 1}, 1)
        for pair in dict.fromkeys(words.pairs(terms)):
            self.add({pair: 1}, NUMBERED if any(map(words.is_number, pair.split())) else PAIR)

    def add(self, terms: Mapping[str, float], worth: float) -> None:
        there = {term: share for term, share in terms.items() if term in self.index.rarity}
        if there:
            self.parts.append(Part(there, worth, max(share * self.index.rarity[term] for term, share in there.items())))

    def stem(self, word: str) -> str:
        """Gives the stem of a typed word, or both of one that is two; that of the nearest word for one that neither claims nor
        the vocabulary have, and "" where none is near."""
        found = words.stem(word)
        if found in self.index.rarity or found in self.vocabulary.written.values():
            return found
        if word in self.index.known:
            return self.index.known[word]
        if near := vocabulary.nearest(word, self.index.known):
            found = self.index.known[near]
            if found not in self.vocabulary.stop:
                self.read_as[word] = near
                self.lose()  # it may be another word altogether
            return found
        if not words.is_number(word):
            self.unknown.append(word)
            self.lose()
        return ""

    def lose(self) -> None:
        """Has a word that nobody knows count in how much of the query a claim has."""
        self.lost += max(self.index.rarity.values(), default=1.0) / 2


def build(claims: Iterable[tuple[Claim, Experiment]]) -> Index:
    """Makes the index of claims."""
    tables = vocabulary.load()
    found = documents(claims)
    counts: list[dict[str, Counter[str]]] = []
    known: dict[str, str] = {}
    joined: dict[str, str] = {}
    counted: dict[tuple[str, bool], Counter[str]] = {}
    for one in found:
        fields = {}
        for name, text in one.fields.items():
            telling = WEIGHTS[name] >= TELLING
            if (text, telling) not in counted:  # claims of one experiment have much in common
                written = words.forms(text)
                stems = words.stems(written)
                known.update(zip(written, stems, strict=True))
                terms = tables.spelt(stems)
                if telling:  # "dropcaches" is found as well
                    each = zip(written, written[1:], stems, stems[1:], strict=False)
                    joined.update({a + b: f"{c} {d}" for a, b, c, d in each if len(a) > 2 and len(b) > 2})
                    terms += words.pairs(terms)
                counted[text, telling] = Counter(terms)
            fields[name] = counted[text, telling]
        counts.append(fields)
    rarity = _rarity(counts)
    there = {word: term for word, term in (joined | known).items() if term in rarity}
    return Index(found, _weights(counts, rarity), rarity, {**tables.written, **there})


def _inflected(known: Mapping[str, str]) -> dict[str, str]:
    """Maps inflections of words, as they may be typed, to their terms: for who searches without a stemmer."""
    forms = ((word + ending, term) for word, term in known.items() for ending in ("s", "es", "d", "ed", "ing"))
    return {form: term for form, term in forms if len(form) > 3 and form.isalpha() and words.stem(form) == term}


def _rarity(counts: Sequence[Mapping[str, Counter[str]]]) -> dict[str, float]:
    """Gives the idf of each term, by the fields that say what a claim is about; by all for one that stands in none of those."""
    telling = [name for name, weight in WEIGHTS.items() if weight >= TELLING]
    anywhere = Counter(term for fields in counts for term in set().union(*fields.values()))
    having = {**anywhere, **Counter(term for fields in counts for term in set().union(*(fields[name] for name in telling)))}
    return {term: math.log(1 + (len(counts) - many + 0.5) / (many + 0.5)) for term, many in having.items()}


def _weights(counts: Sequence[Mapping[str, Counter[str]]], rarity: Mapping[str, float]) -> dict[str, dict[int, float]]:
    """Gives what each term adds to each document that has it."""
    usual: dict[str, float] = {
        name: max(1.0, sum(fields[name].total() for fields in counts) / max(1, len(counts))) for name in WEIGHTS
    }
    found: dict[str, dict[int, float]] = defaultdict(dict)
    for at, fields in enumerate(counts):
        often: dict[str, float] = defaultdict(float)
        for name, weight in WEIGHTS.items():
            length = 1 - LENGTH + LENGTH * fields[name].total() / usual[name]
            for term, times in fields[name].items():
                often[term] += weight * times / length
        for term, weighed in often.items():
            found[term][at] = rarity[term] * weighed * (SATURATION + 1) / (weighed + SATURATION)
    return dict(found)
