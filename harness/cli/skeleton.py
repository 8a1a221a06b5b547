"""The skeleton of an experiment: an honest small one that runs at once, its false evidence, its test."""

from __future__ import annotations

import re
from pathlib import Path

from harness import catalogue
from harness.errors import LabError, UsageError

EXPERIMENT = '''"""Is it true that {question}?

As it stands this asks whether memory that is written to becomes resident: a probe writes to one mapping, touches not a page
of a second, and locks a third in memory. The kernel's page tables say which pages are there. Put your own procedure in its
place, and say here in words what it does: `explain` prints it.
"""

from harness.claims import (
    MIB, AtMost, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Settings, pages,
)
from harness.lab import Lab

SIZE = 16 * MIB

# The id never changes. A known answer, if you have one before you measure, goes into known=(Known(CONFIRMED, source="…"),).
CLAIM = Claim("{id}", {claim}, "own beliefs")


def procedure(lab: Lab) -> None:
    """Acts the belief out. `lab` is the bench: it makes probes, sandboxes with limits, mounts, swap, and takes samples."""
    probe = lab.probe(sandbox=lab.sandbox(memory_max=64 * MIB))
    written, untouched, locked = (probe.map(SIZE) for _ in range(3))
    ranges = {{"written": written, "untouched": untouched, "locked": locked}}
    lab.sample("before")                    # every counter of the machine, the sandbox and the probe, at this moment
    written.write()
    locked.lock()
    lab.sample("after", pages=ranges)       # and what each page of these ranges is


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(),                          # memory, processors, disks, files of the kernel: what is missing makes it skipped
    settings=Settings(swappiness=60),       # the conditions of the claim, pinned and recorded
    # Without these a trial says nothing.
    guards=(Guard(Change("vmstat:pswpout", "before", "after"), Exactly(0),
                  "a page that was swapped out is not resident, though it was written to"),),
    expects=(Expect(
        CLAIM, Pages("after", "written").called("pages resident after the write"),
        # Two hypotheses that no number meets both, each with its reason.
        if_true=Exactly(pages(SIZE), "every page that was written to"),
        if_false=AtMost(pages(SIZE) - 1, "one page that is not there is enough"),
        # The same reading where the answer is known, by other treatments: they show that both answers can be read.
        reads_true=Pages("after", "locked").called("pages resident of a locked mapping"),
        reads_false=Pages("after", "untouched").called("pages resident of an untouched mapping"),
        says="Of {{bound}} pages that were written to {{value}} were resident."),),
)
'''

EVIDENCE = '''"""{id}: one page of 4,096 that is not there is enough."""

from harness.false_evidence.made import Made

N = 4096        # 16 MiB in pages of 4 KiB
STILL = {{"vmstat:pswpout": 0}}
GOOD = Made(counters={{"before": STILL, "after": STILL}},
            pages={{"after": {{"written": {{"resident": N}}, "untouched": {{"absent": N}}, "locked": {{"resident": N}}}}}})

CONFIRMS = {{"{id}": GOOD}}
REFUTES = {{"{id}": GOOD.but(pages={{"after": {{"written": {{"resident": N - 1, "absent": 1}}}}}})}}
'''

TEST = '''"""The catalogue's rules, for {name}: run it with pytest."""

from pathlib import Path

import folklab  # puts the lab's own modules in the import path

from harness import catalogue
from harness.false_evidence.check import Evidence, problems


def test_it_holds_to_every_rule(tmp_path: Path) -> None:
    assert not folklab.HINDERED
    catalogue.use([Path(__file__).parent])
    experiment, _ = catalogue.find("{name}")
    evidence = catalogue.false_evidence(experiment)
    assert evidence is not None
    assert not list(problems(experiment, Evidence.of(evidence), tmp_path))
'''


def write(to: Path, name: str, claim: str) -> list[Path]:
    """Writes the three files and names them. Raises UsageError for a name that can't be one, exists, or has a file."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise UsageError(
            f"name {name!r}", "it is not made of small letters, digits and hyphens", "for instance free-memory-shrinks"
        )
    taken = catalogue.claim_entries().keys() | catalogue.entries().keys()
    if name in taken:
        raise UsageError(f"name {name!r}", "the catalogue has one of that name", f"for instance own-{name}")
    if not claim.strip():
        raise UsageError(
            "--claim", "a question needs a belief", 'for instance --claim "Memory that is written to becomes resident."'
        )
    sentence = " ".join(claim.split())
    question = sentence.rstrip(".?!")
    words = {"name": name, "id": name, "claim": repr(sentence).replace("'", '"') if '"' not in sentence else repr(sentence)}
    words["question"] = (question[:1].lower() + question[1:]).replace('"""', "'''").replace("\\", "\\\\")
    stem = name.replace("-", "_")
    texts = {
        to / f"{stem}.py": EXPERIMENT,
        to / "refuting" / f"{stem}.py": EVIDENCE,
        to / f"test_{stem}.py": TEST,
    }
    there = next((path for path in texts if path.exists()), None)
    if there:
        raise UsageError(f"file {there}", "it exists", "choose another name, or another folder with --to")
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.format(**words), "utf-8")
    except OSError as error:
        raise LabError(f"folder {to}", error.strerror or "can't be written", "name another with --to") from error
    return list(texts)
