"""What of a claim can be found: its fields, and how much a word in each of them says of what the claim is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from harness.claims import names
from harness.claims.claim import Claim, Experiment

# A word of a claim's own sentence or id tells more than one of a procedure, which names much that stands beside the question.
WEIGHTS = {
    "sentence": 3.0,
    "id": 3.0,
    "question": 1.5,
    "experiment": 1.0,
    "section": 0.7,
    "settings": 1.0,
    "procedure": 0.25,
    "read": 0.25,
    "sources": 0.25,
}


@dataclass(frozen=True)
class Document:
    """A claim as the index has it. fields: the text of each of WEIGHTS."""

    claim: str
    experiment: str
    sentence: str
    question: str
    section: str
    fields: dict[str, str]


def document(claim: Claim, experiment: Experiment) -> Document:
    """Makes the document of a claim, of what its experiment says of it."""
    return Document(
        claim.id,
        experiment.name,
        claim.text,
        experiment.question,
        claim.section,
        {
            "sentence": claim.text,
            "id": claim.id.replace("-", " "),
            "question": experiment.question,
            "experiment": experiment.name.replace("-", " "),
            "section": claim.section,
            "settings": " . ".join(settings(experiment)),
            "procedure": experiment.words,
            "read": " . ".join(read(claim, experiment)),
            "sources": " . ".join(known.source for known in claim.known),
        },
    )


def settings(experiment: Experiment) -> Iterator[str]:
    """Names what an experiment sets, and what it is repeated under: "swappiness=0"."""
    for name, value in experiment.states().items():
        yield f"{name}={value}"
    for name, values in experiment.axes.items():
        yield from (f"{name}={value}" for value in values)
    yield from experiment.needs.files
    yield from experiment.needs.programs


def read(claim: Claim, experiment: Experiment) -> Iterator[str]:
    """Names what decides a claim: quantities and counters."""
    for expect in experiment.expects:
        if expect.claim == claim:
            yield expect.quantity.name
            for part in names.parts(expect.quantity):
                yield part.name


def documents(claims: Iterable[tuple[Claim, Experiment]]) -> tuple[Document, ...]:
    return tuple(document(*one) for one in claims)
