"""Whose memory makes a process's oom_score: its own, of every kind, or that of its children too?

Processes alike in everything else are compared by their oom_score: with 32 MiB more of anonymous, shared and mapped
file memory, with idle children, and with children that hold memory of their own. One that is favoured by
oom_score_adj and one that only reserves 32 MiB show how both answers read.
"""

from experiments.out_of_memory.oom_score_counts import HIGHER, NOT
from experiments.sections import OUT_OF_MEMORY
from harness.claims import (
    CONFIRMED, MIB, REFUTED, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity, Recorded,
)
from harness.lab import Lab, Probe
from harness.lab.helpers.oom import adjust, score_of

HELD, MORE = 8 * MIB, 32 * MIB
CHILDREN, FILLED, EACH = 30, 2, 32 * MIB
BADNESS = "mm/oom_kill.c, oom_badness (v5.10 to v7.2): resident pages, swap entries and page tables of the process alone"
HALF = BADNESS + "; half of the children's was added until a63d83f427fb (v2.6.36)"
# Two equal processes differ by some ten pages of libraries, and by what the counts of their pages lag: HIGHER and NOT allow it.

MEMORY = Claim("oom-factor-memory", "A process that uses more memory gets a higher oom_score.", OUT_OF_MEMORY,
               known=(Known(CONFIRMED, BADNESS),))
CHILD = Claim("oom-factor-children", "A process with many children gets a higher oom_score.", OUT_OF_MEMORY,
              known=(Known(REFUTED, HALF, since="2.6.36"),),
    instead="Each process is scored by itself, however many children it has: to have a family killed as a whole, put it into "
            "a group with memory.oom.group set to 1.")
CHILD_MEMORY = Claim("oom-factor-children-memory", "The memory of its children raises a process's oom_score.",
                     OUT_OF_MEMORY, known=(Known(REFUTED, HALF, since="2.6.36"),),
    instead="A parent is not scored by what its children use: limit a service as a whole, with memory.max of its group.")


def map_file(lab: Lab, probe: Probe) -> None:
    probe.map(MORE, shared=True, fd=probe.create_file(f"{lab.mount_disk()}/file", MORE)).read()


def procedure(lab: Lab) -> None:
    for name in ("plain", "equal"):
        score_of(lab, name, HELD)
    score_of(lab, "favoured", HELD, lambda probe: adjust(lab, probe, 100))
    score_of(lab, "reserved", HELD, lambda probe: probe.map(MORE))
    score_of(lab, "anonymous", HELD, lambda probe: probe.map(MORE).fill())
    score_of(lab, "shared", HELD, lambda probe: probe.map(MORE, shared=True).fill())
    score_of(lab, "file", HELD, lambda probe: map_file(lab, probe))
    score_of(lab, "parent", HELD, lambda probe: lab.record("children", probe.fork_idle(CHILDREN).value))
    score_of(lab, "parent of large ones", HELD,
             lambda probe: lab.record("large children", probe.fork_idle(FILLED, EACH).value))


def over_plain(name: str, title: str) -> Quantity:
    return (Recorded(name) - Recorded("plain")).called(f"oom_score of a process {title}, less that of one without", "points")


def raises(claim: Claim, name: str, title: str, says: str) -> Expect:
    return Expect(claim, over_plain(name, title), if_true=HIGHER, if_false=NOT,
                  reads_true=over_plain("favoured", "at oom_score_adj 100"),
                  reads_false=over_plain("reserved", "with 32 MiB that it only reserves"), says=says)


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=3,
    needs=Needs(memory=256 * MIB, changes=("mount",)),
    guards=(Guard(Recorded("children"), Exactly(CHILDREN), "without children nothing is raised either"),
            Guard(Recorded("large children"), Exactly(FILLED), "each was forked and has filled its memory")),
    expects=(
        *(raises(MEMORY, kind, f"with 32 MiB of {words} memory",
                 f"32 MiB more of {words} memory raised oom_score by {{value}} points.")
          for kind, words in (("anonymous", "anonymous"), ("shared", "shared anonymous"), ("file", "mapped file"))),
        raises(CHILD, "parent", f"with {CHILDREN} children", f"{CHILDREN} children raised oom_score by {{value}} points."),
        raises(CHILD_MEMORY, "parent of large ones", f"with {FILLED} children of 32 MiB each",
               f"{FILLED} children of 32 MiB each raised their parent's oom_score by {{value}} points."),
    ),
)
