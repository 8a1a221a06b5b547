"""What does memory.oom.group do, whom does it take, and where is the kill counted?

In a group of 24 MiB without swap, or in a child of it, one process asks for more than there is, beside two small ones in its own
group and one in the group next to it. Who is left, once the asking one has been killed, tells whom the kill took;
memory.events.local of parent and child tell where it was counted. Then the machine as a whole runs out of memory.
"""

from typing import Any

from experiments.sections import GROUPS
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, Case, Claim, Counter, Document, Exactly, Known, Needs, Settings, Small, table,
)
from harness.lab import Lab, Probe, Sandbox
from harness.lab.helpers.oom import NEVER, occupy

LIMIT, LARGE, SMALL, SETTLED = 24 * MIB, 48 * MIB, 2 * MIB, 500_000_000     # bytes; ns until the last is gone
RAM = 256 * MIB
V2 = "Documentation/admin-guide/cgroup-v2.rst"
GROUP = "mm/memcontrol.c, mem_cgroup_get_oom_group"

ALL = Claim(
    "memcg-oom-group-kills-all", "With memory.oom.group 1 an OOM kill takes every process of the group but those at "
    "oom_score_adj -1000.", GROUPS,
    known=(Known(CONFIRMED, f"{V2}, memory.oom.group: all tasks are killed together or not at all, but for those "
                            "with the OOM protection (v5.10 to v7.2)"),),
    document=Document(f"{V2}, memory.oom.group (v5.10 to v7.2)"))
SPARES = Claim(
    "memcg-oom-group-spares-minus-1000", "memory.oom.group kills processes with oom_score_adj -1000 too.", GROUPS,
    known=(Known(REFUTED, "mm/oom_kill.c, oom_kill_memcg_member passes over OOM_SCORE_ADJ_MIN (v5.10 to v7.2)"),),
    instead="Don't count on a clean slate: a process at oom_score_adj -1000 outlives the kill of its group, and -999 does not.")
LIMIT_ONLY = Claim(
    "memcg-oom-group-of-limit-only", "memory.oom.group counts only in the group whose limit was hit, not in the victim's own.",
    GROUPS, known=(Known(REFUTED, f"{GROUP} goes from the victim's group up to the one whose limit was hit (v5.10 to v7.2)"),),
    instead="Set memory.oom.group where the unit is that is to die together: it counts in the victim's own group and in each one "
            "above it up to the limit, and the topmost that has it dies as a whole.")
GLOBAL = Claim(
    "memcg-oom-group-global", "memory.oom.group is ignored in a system-wide OOM.", GROUPS,
    known=(Known(REFUTED, f"{GROUP}: without a group that ran short it looks up to the root (v5.10 to v7.2)"),),
    instead="Expect the whole group to go in a system-wide OOM too, if the process that is chosen is in it.")
COUNTED = Claim(
    "memcg-oomkill-counted-at-limit", "With the limit at the parent and the victim in a child, the parent's memory.events.local "
    "counts the oom_kill.", GROUPS,
    known=(Known(REFUTED, "mm/oom_kill.c, __oom_kill_process: memcg_memory_event_mm counts it in the victim's group (v5.10 to "
                          "v7.2)"),),
    instead="Look for oom_kill in memory.events.local of the victim's group, and for oom in that of the group whose limit was "
            "hit.")


def outgrow(lab: Lab, asking: Probe, size: int = LARGE) -> None:
    """Lets a process that is the first to go ask for more than its group may have, and waits for what goes with it."""
    asking.fill_until_killed(size, MIB)
    lab.require(not asking.alive, "the process that asked for too much is killed")
    lab.sleep(SETTLED)


def limited(lab: Lab, at: str, **files: Any) -> Sandbox:
    return lab.sandbox(at, memory_max=LIMIT, memory_swap_max=0, **files)


def others(words: str, together: int = 0, by_hand: bool = False) -> Case:
    """Records how many of two others are left in the group."""
    def run(lab: Lab, at: str) -> None:
        box = limited(lab, at, memory_oom_group=together)
        small = [occupy(lab, f"{at} {number}", SMALL, box) for number in (1, 2)]
        outgrow(lab, lab.probe(at, box))
        if by_hand:
            for one in small:
                one.kill_now()
        lab.record(at, sum(one.alive for one in small))
    return Case(words, run)


def beside(words: str, adj: int, together: int = 1) -> Case:
    """Records whether one at an oom_score_adj is killed with its group."""
    def run(lab: Lab, at: str) -> None:
        box = limited(lab, at, memory_oom_group=together)
        small = occupy(lab, f"{at} small", SMALL, box, adj=adj)
        outgrow(lab, lab.probe(at, box))
        lab.record(at, int(not small.alive))
    return Case(words, run)


def nested(words: str, above: int, own: int) -> Case:
    """Records how many of two others in the victim's group are killed, with the limit in the group above."""
    def run(lab: Lab, at: str) -> None:
        box = lab.sandbox(at, limited(lab, f"{at} parent", memory_oom_group=above), memory_oom_group=own)
        small = [occupy(lab, f"{at} {number}", SMALL, box) for number in (1, 2)]
        outgrow(lab, lab.probe(at, box))
        lab.record(at, sum(not one.alive for one in small))
        lab.sample(at)
    return Case(words, run)


def everywhere(words: str, together: int, whole: bool = True) -> Case:
    """Records how many others of a group are killed when the machine is out of memory, or, if not `whole`, the group."""
    def run(lab: Lab, at: str) -> None:
        box = lab.sandbox(at, memory_oom_group=together) if whole else limited(lab, at, memory_oom_group=together)
        small = [occupy(lab, f"{at} {number}", SMALL, box) for number in (1, 2)]
        outgrow(lab, lab.probe(at, box), 2 * RAM if whole else LARGE)
        lab.record(at, sum(not one.alive for one in small))
    return Case(words, run)


def local(words: str, where: str) -> Case:
    """Reads oom_kill in the local events of a group whose limit was hit: the victim is in a child, in it, or elsewhere."""
    def run(lab: Lab, at: str) -> None:
        box = lab.sandbox(at) if where == "elsewhere" else limited(lab, at)
        inside = {"child": lambda: lab.sandbox(f"{at} child", box), "itself": lambda: box,
                  "elsewhere": lambda: limited(lab, f"{at} elsewhere")}
        outgrow(lab, lab.probe(at, inside[where]()))
        lab.sample(at)
    return Case(words, run)


TWO, NONE = Exactly(2, "both were killed"), Exactly(0, "neither was")
EXPERIMENT = table(
    Small(ALL, "others left of two", others("with memory.oom.group 1", together=1),
          others("with it at 0, killed one by one", by_hand=True), others("with it at 0"), unit="processes",
          if_true=Exactly(0, "“every process”"), if_false=AtLeast(1, "one is left"),
          says="With memory.oom.group 1 an OOM kill left {value} of two others."),
    Small(SPARES, "killed with its group", beside("at -1000", NEVER), beside("at -999", NEVER + 1),
          beside("at -999, with memory.oom.group 0", NEVER + 1, together=0), unit="processes",
          if_true=Exactly(1, "it was killed"), if_false=Exactly(0, "it was spared"),
          says="A process at oom_score_adj -1000 {value:was|was not} killed with its group."),
    Small(LIMIT_ONLY, "others killed of two", nested("with 1 in the victim's own group", 0, 1), nested("with it nowhere", 0, 0),
          nested("with 1 where the limit was hit", 1, 0), unit="processes", if_true=NONE, if_false=TWO,
          says="With memory.oom.group in the victim's own group only, {value} of two others were killed."),
    Small(COUNTED, "oom_kill in memory.events.local", local("of the parent, the victim in a child", "child"),
          local("of the victim's own group, its limit hit", "itself"), local("of a group elsewhere", "elsewhere"), unit="kills",
          of=lambda at: Counter(f"{at}/memory.events.local:oom_kill", at), if_true=AtLeast(1, "it is counted there"),
          if_false=Exactly(0, "it is not"), says="The parent whose limit was hit counted {value} kills itself."),
    Small(GLOBAL, "others killed of two", everywhere("with 1, the machine out of memory", 1),
          everywhere("with 0, the machine out of memory", 0), everywhere("with 1, the group out of memory", 1, whole=False),
          unit="processes", if_true=NONE, if_false=TWO,
          says="In a system-wide OOM with memory.oom.group 1, {value} of two others of the victim's group were killed."),
    settings=Settings(overcommit=1),
    needs=Needs(memory=RAM, disks=(), throwaway=True),
)
