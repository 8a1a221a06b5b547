"""In which groups' memory.events does a kill in a child show?

A process in a child of a group fills more than the child's memory.max. oom_kill is read in memory.events of the group above: of
one whose own process was killed, and of one beside whose child a process in a group elsewhere was. It is asked with cgroup2
mounted as systemd does it, and with memory_localevents.
"""

from experiments.sections import GROUPS
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, Case, Claim, Counter, Document, Exactly, Known, Needs, Small, table,
)
from harness.lab import Lab, Sandbox

LIMIT = 8 * MIB
V2 = "Documentation/admin-guide/cgroup-v2.rst"

ABOVE = Claim(
    "memcg-events-hierarchical", "A kill in a child group shows in its parent's memory.events.", GROUPS,
    known=(Known(CONFIRMED, f"{V2}, memory.events: the fields are hierarchical (v5.10 to v7.2)",
                 settings={"memory_localevents": "N"}),
           Known(REFUTED, f"{V2}, memory_localevents: only data for the current cgroup (v5.10 to v7.2)",
                 settings={"memory_localevents": "Y"})),
    instead="Look at the mount options of cgroup2: with memory_localevents a group's memory.events leave out its children, and "
            "each of them has to be read.",
    document=Document(f"{V2}, memory.events (v5.10 to v7.2)"))


def killed(lab: Lab, box: Sandbox, name: str) -> None:
    probe = lab.probe(name, box)
    memory = probe.map(2 * LIMIT)
    probe.attempt.fill(memory.address, memory.length)
    lab.require(not probe.alive, "a process that asks for twice the limit is killed")


def kill(words: str, where: str) -> Case:
    """Kills a process by the OOM killer in the group itself, in a child of it, or elsewhere."""
    def run(lab: Lab, at: str) -> None:
        box = lab.sandbox(at)
        inside = box if where == "itself" else lab.sandbox(f"{at} {where}", box if where == "child" else None)
        inside.set("memory.max", str(LIMIT))
        inside.set("memory.swap.max", "0")
        killed(lab, inside, at)
        lab.sample(at)
    return Case(words, run)


EXPERIMENT = table(
    Small(ABOVE, "oom_kill in memory.events", kill("after a kill in a child", "child"),
          kill("after a kill in the group", "itself"), kill("after a kill elsewhere", "elsewhere"),
          of=lambda at: Counter(f"{at}/memory.events:oom_kill", at), unit="kills",
          if_true=AtLeast(1, "it shows"), if_false=Exactly(0, "it does not"),
          says="A kill in a child was counted {value:times} in its parent's memory.events."),
    axes={"memory_localevents": ("N", "Y")},
    needs=Needs(memory=256 * MIB, disks=(), changes=("mount",)),
)
