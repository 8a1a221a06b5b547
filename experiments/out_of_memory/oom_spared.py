"""What becomes of the others beside a process that is never chosen, and is one with an oom_score of 0 ever chosen?

In a group of 64 MiB one process asks for more than there is, beside five small ones. It has oom_adj -17, oom_score_adj -1000 or
neither, and then all of the group are to go together (memory.oom.group). Who is left is read once a victim was looked for
50 times. Then a process is alone in a group, with the highest oom_score_adj, of -999 and -1000, at which its oom_score reads 0,
and asks for more than the limit.
"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity, Recorded,
)
from harness.lab import Lab
from harness.lab.helpers.oom import NEVER, adjust, number, occupy, outgrow

LIMIT, LARGE, SMALL, ROOM = 64 * MIB, 80 * MIB, 2 * MIB, 120 * MIB
OTHERS, CHOICES, SETTLED = 5, 50, 500_000_000       # small processes; victims looked for; ns until the last is gone

ONE_BY_ONE = Claim(
    "oom-adj-minus17-no-reserve", "While a process with oom_adj -17 (or oom_score_adj -1000) uses memory that it cannot give "
    "back, the OOM killer kills the others one after the other until none is left.", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, "mm/oom_kill.c, oom_evaluate_task passes over it and takes another, as long as there is one "
                            "(v5.10 to v7.2)"),))
ZERO = Claim(
    "oom-score-0-never-killed", "A process whose oom_score reads 0 is never chosen, unless it is in swapoff or unmerges KSM "
    "pages.", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, "fs/proc/base.c, proc_oom_score: 0 is read where oom_badness says LONG_MIN; all others have pages "
                            "and at least -999 thousandths, which is a point or more; mm/oom_kill.c, oom_evaluate_task takes "
                            "only a task in swapoff, or one that unmerges KSM pages, whatever its score is (oom_task_origin; "
                            "v5.10 to v7.2)", since="5.9"),))
WAYS = {"oom_adj -17": ("oom_adj", -17, 0), "oom_score_adj -1000": ("oom_score_adj", NEVER, 0), "at 0": ("oom_score_adj", 0, 0),
        "at 0, all of the group": ("oom_score_adj", 0, 1)}


def beside(lab: Lab, name: str, file: str, value: int, together: int) -> None:
    """Records how many of five small processes are killed when another one in their group outgrows its limit."""
    with lab.sandbox(name.replace(" ", "-"), memory_max=LIMIT, memory_swap_max=0, memory_oom_group=together) as box:
        others = [occupy(lab, f"{name}: {number}", SMALL, box) for number in range(OTHERS)]
        probe = lab.probe(f"{name}: large", box)
        lab.require(adjust(lab, probe, value, file) == 0, f"{file} takes {value}")
        outgrow(lab, box, probe, LARGE, ROOM, CHOICES)
        lab.sleep(SETTLED)
        lab.record(name, sum(not one.alive for one in others))


def alone(lab: Lab, name: str, value: int, limit: int = LIMIT) -> None:
    """Records whether a process that asks for more than its group may have is killed; with NEVER - 1 for `value`, at the highest
    value at which its oom_score reads 0."""
    with lab.sandbox(name.replace(" ", "-"), memory_max=limit, memory_swap_max=0) as box:
        probe = lab.probe(name, box)
        for adj in (value,) if value >= NEVER else (NEVER + 1, NEVER):
            adjust(lab, probe, adj)
            if not number(lab, probe):
                break
        lab.record(f"{name}: score", number(lab, probe))
        outgrow(lab, box, probe, LARGE, ROOM, CHOICES)
        lab.record(name, int(not probe.alive))


def procedure(lab: Lab) -> None:
    lab.sample("before")
    for name, (file, value, together) in WAYS.items():
        beside(lab, name, file, value, together)
    alone(lab, "score 0", NEVER - 1)
    alone(lab, "score above 0", 0)
    alone(lab, "in its limit", 0, ROOM)


def gone(name: str) -> Quantity:
    return Recorded(name, "processes", title=f"of {OTHERS} small processes killed beside a large one, {name}")


def killed(name: str) -> Quantity:
    return Recorded(name, "processes", title=f"processes killed that were alone, {name}")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=2,
    needs=Needs(memory=256 * MIB, disks=(), throwaway=True),
    guards=(Guard(Recorded("score 0: score"), Exactly(0), "it is a score of 0 that is asked about"),
            Guard(Recorded("score above 0: score"), AtLeast(1), "and this must be another")),
    expects=(
        *(Expect(ONE_BY_ONE, gone(name), if_true=Exactly(OTHERS, "none is left"), if_false=AtMost(OTHERS - 1, "one is left"),
                 reads_true=gone("at 0, all of the group"), reads_false=gone("at 0"),
                 says=f"Beside a process at {name}, {{value}} of {OTHERS} others were killed.")
          for name in ("oom_adj -17", "oom_score_adj -1000")),
        Expect(ZERO, killed("score 0"), if_true=Exactly(0, "“never”"), if_false=Exactly(1, "it was chosen"),
               reads_true=killed("in its limit"), reads_false=killed("score above 0"),
               says="A process whose oom_score read 0, alone in a group that was short, {value:was|was not} killed."),
    ),
)
