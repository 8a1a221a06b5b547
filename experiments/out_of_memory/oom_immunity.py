"""Is a process with oom_adj -17 or oom_score_adj -1000 never killed, however large it is?

The larger of two processes is set to oom_adj -17 or to oom_score_adj -1000, and memory is exhausted by a third one:
once in a group, once in the whole guest. The same is done at 0. Then a process is alone in a group and asks for more
than the limit: it must wait, and lives on when the limit is raised, where one whose value is a step higher is killed.
The kernel's report and the wait statuses tell who was killed.
"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import (
    CONFIRMED, KIB, MIB, AtLeast, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity, Recorded,
)
from harness.lab import Lab, Probe
from harness.lab.helpers.oom import NEVER, IsVictim, Witness, adjust, exhaust_group, exhaust_machine, number, occupy, outgrow

LIMIT, LARGE, SMALL, HUGE = 64 * MIB, 40 * MIB, 8 * MIB, 72 * MIB
ALONE, ROOM = 80 * MIB, 120 * MIB       # bytes
CHOICES = 50                            # so many times the kernel looks for a victim in vain
BADNESS = ("mm/oom_kill.c, oom_badness: LONG_MIN at OOM_SCORE_ADJ_MIN; oom_evaluate_task takes only a task in swapoff, or one "
           "that unmerges KSM pages, whatever its value is (oom_task_origin; v5.10 to v7.2)")
UNDONE = "nothing written"
# Claim's setting → file, value, the value beside it that does not protect.
WAYS = {"oom_adj -17": ("oom_adj", -17, -16), "oom_score_adj -1000": ("oom_score_adj", -1000, -999)}

OLD = Claim("oom-adj-minus17-immune", "A process with oom_adj -17 is never chosen, however large, unless it is in swapoff "
            "or unmerges KSM pages.", OUT_OF_MEMORY,
            known=(Known(CONFIRMED, BADNESS + "; fs/proc/base.c, oom_adj_write: -17 is -1000"),))
NEW = Claim("oom-score-adj-min-disables", "oom_score_adj -1000 makes the score 0 and the process immune, unless it is in "
            "swapoff or unmerges KSM pages.", OUT_OF_MEMORY,
            known=(Known(CONFIRMED, BADNESS),))


def in_group(lab: Lab, witness: Witness, name: str, file: str, value: int) -> None:
    """Of a group's two processes the large one has the setting."""
    with lab.sandbox(f"group of {name}".replace(" ", "-"), memory_max=LIMIT, memory_swap_max=0) as box:
        large, small = occupy(lab, f"{name}: large", LARGE, box), occupy(lab, f"{name}: small", SMALL, box)
        adjust(lab, large, value, file)
        lab.record(f"{name}: score", number(lab, large))
        exhaust_group(lab, box, occupy(lab, f"{name}: asking", 0, box, adj=NEVER), LIMIT)
        witness.record(f"{name}: group", large, small)


def system_wide(lab: Lab, witness: Witness, name: str, huge: Probe, file: str, value: int) -> None:
    """Of two processes outside of any group the huge one has the setting. Two spare ones, smaller than both, are there
    for what comes after: 7.2 looks for the next victim before the first one's memory is back, and panics without one."""
    adjust(lab, huge, value, file)
    small, asking = occupy(lab, f"{name}: other", SMALL), occupy(lab, f"{name}: asking all", 0, adj=NEVER)
    spare = [occupy(lab, f"{name}: spare {number}", SMALL // 2) for number in range(2)]
    exhaust_machine(lab, asking)
    witness.record(f"{name}: machine", huge, small, *spare)
    for probe in (asking, *spare):
        probe.kill_now()


def alone(lab: Lab, name: str, file: str, value: int, limit: int = LIMIT) -> None:
    """A group's only process has the setting and asks for more than the limit."""
    with lab.sandbox(f"alone at {name}".replace(" ", "-"), memory_max=limit, memory_swap_max=0) as box:
        probe = lab.probe(f"{name}: alone", box)
        adjust(lab, probe, value, file)
        events = outgrow(lab, box, probe, ALONE, ROOM, CHOICES)
        lab.record(f"{name}: choices", events["oom"])
        lab.record(f"{name}: alone", int(not probe.alive))


def procedure(lab: Lab) -> None:
    witness = Witness(lab)
    lab.record("kernel thread: score", int(lab.read("/proc/2/oom_score")))
    alone(lab, "in its limit", "oom_score_adj", 0, ROOM)
    in_group(lab, witness, UNDONE, "oom_score_adj", 0)
    for name, (file, value, beside) in WAYS.items():
        in_group(lab, witness, name, file, value)
        alone(lab, name, file, value)
        alone(lab, f"beside {name}", file, beside)
    huge = occupy(lab, "huge", HUGE)
    for name, (file, value, _) in WAYS.items():
        system_wide(lab, witness, name, huge, file, value)
    system_wide(lab, witness, UNDONE, huge, "oom_score_adj", 0)


def chosen(record: str, who: str, title: str) -> Quantity:
    return IsVictim(record, who).called(title)


NEVER_CHOSEN, CHOSEN = Exactly(0, "never means not once"), Exactly(1, "once is enough")


def spared(claim: Claim, name: str) -> tuple[Expect, ...]:
    return (
        Expect(claim, chosen(f"{name}: group", f"{name}: large", f"the larger of a group is chosen at {name}"),
               if_true=NEVER_CHOSEN, if_false=CHOSEN,
               reads_true=chosen(f"{UNDONE}: group", f"{UNDONE}: small", "the smaller is chosen at 0"),
               reads_false=chosen(f"{UNDONE}: group", f"{UNDONE}: large", "the larger is chosen at 0"),
               says=f"At {name} the larger process of a group {{value:was|was not}} killed first,"),
        Expect(claim, chosen(f"{name}: machine", "huge", f"the largest of the machine is chosen at {name}"),
               if_true=NEVER_CHOSEN, if_false=CHOSEN,
               reads_true=chosen(f"{UNDONE}: machine", f"{UNDONE}: other", "the smaller is chosen at 0"),
               reads_false=chosen(f"{UNDONE}: machine", "huge", "the largest is chosen at 0"),
               says="the largest of the machine {value:was|was not},"),
        Expect(claim, Recorded(f"{name}: alone", title=f"a group's only process, over its limit, ended at {name}"),
               if_true=Exactly(0, f"it waits, however often a victim is looked for ({CHOICES} times here)"),
               if_false=Exactly(1, "it was killed"),
               reads_true=Recorded("in its limit: alone", title="one that stays below its limit ended"),
               reads_false=Recorded(f"beside {name}: alone", title="one at the value beside it ended"),
               says="and a group's only process {value:was|was not}."))


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=3,
    needs=Needs(memory=256 * MIB, throwaway=True, page_sizes=(4 * KIB,)),
    guards=tuple(Guard(Recorded(f"{name}: choices", title=f"times that a victim was looked for at {name}"), AtLeast(1),
                       "a group that was never short spares everybody") for name in WAYS),
    expects=(
        *spared(OLD, "oom_adj -17"), *spared(NEW, "oom_score_adj -1000"),
        Expect(NEW, Recorded("oom_score_adj -1000: score", "points", title="oom_score of 40 MiB at -1000"),
               if_true=Exactly(0, "the claim's number"), if_false=AtLeast(1, "any other"),
               reads_true=Recorded("kernel thread: score", "points", title="that of a kernel thread, which has no memory"),
               reads_false=Recorded(f"{UNDONE}: score", "points", title="that of 40 MiB at 0"),
               says="The oom_score was {value}."),
    ),
)
