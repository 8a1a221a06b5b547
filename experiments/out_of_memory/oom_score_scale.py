"""Is oom_score the share of memory that a process uses, in thousandths?

The number in oom_score is read for a process that holds nearly nothing, and for ones that fill memory until they use
exactly half and 60 % of RAM and swap. Scores that were brought to 500 and to 600 by oom_score_adj, and one exempt by
-1000, show how both answers read.
"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Claim, Expect, Experiment, Guard, Known, Needs, Outside, Quantity,
    Recorded, Within,
)
from harness.lab import Lab
from harness.lab.helpers.oom import adjust, number, reach, used

MOST = 60       # percent of memory that the large process holds
SCALE = ("fs/proc/base.c, proc_oom_score: (1000 + badness * 1000 / totalpages) * 2 / 3 since 9066e5cfb73c (v5.9), "
         "which is 667 for nothing and 1333 for all")
BEFORE = "fs/proc/base.c, proc_oom_score: badness * 1000 / totalpages until 9066e5cfb73c (v5.9)"
KNOWN = (Known(REFUTED, SCALE, since="5.9"), Known(CONFIRMED, BEFORE, since="4.17", until="5.9"))

HALF = Claim("oom-score-half-is-500", "A process that uses half of the allowed memory has an oom_score of 500.",
             OUT_OF_MEMORY, KNOWN,
    instead="Since 5.9 oom_score is about 667 for a process that uses nothing, 1000 at half and 1333 at all of the allowed "
            "memory: compare processes with each other.")
ALL = Claim("oom-score-all-is-1000", "oom_score runs from 0 (no memory used) to 1000 (all of it).", OUT_OF_MEMORY, KNOWN,
    instead="Since 5.9 oom_score goes from about 667 (nothing used) to 1333 (all of it), before oom_score_adj is added; 0 is "
            "left for processes that are never chosen.")


def hold(lab: Lab, name: str, percent: int) -> None:
    """Records the oom_score of a process that holds this share of RAM and swap, with what it has anyway: a first fill
    brings libraries and page tables with it (1.2 MiB on 5.10), so what is missing then comes in a second one."""
    probe = lab.probe(name)
    total = lab.memory + lab.counter("meminfo:SwapTotal")
    for share in (percent - 2, percent):
        probe.map((total * share // 100 - used(lab, probe)) // lab.page_size * lab.page_size).fill()
    lab.record(f"{name}: thousandths", round(used(lab, probe) * 1000 / total))
    lab.record(name, number(lab, probe))
    probe.kill_now()


def procedure(lab: Lab) -> None:
    idle = lab.probe("idle")
    lab.record("idle", number(lab, idle))
    lab.record("brought to 500", reach(lab, idle, 500))
    lab.record("brought to most", reach(lab, idle, MOST * 10))
    adjust(lab, idle, -1000)
    lab.record("exempt", number(lab, idle))
    hold(lab, "half", 50)
    hold(lab, "most", MOST)


def score(name: str, title: str) -> Quantity:
    return Recorded(name, "points", title=f"oom_score of a process {title}")


def share(percent: int) -> Guard:
    return Guard(Recorded(f"{'half' if percent == 50 else 'most'}: thousandths"), Within(percent * 10 - 2, percent * 10 + 2),
                 "the process must hold that share; 2 thousandths, 110 pages: VmRSS lags by up to 64 (v5.10)")


WHY = "5 points are the rounding of the score and the pages that the process has besides"
EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=2,
    needs=Needs(memory=256 * MIB),
    guards=(share(50), share(MOST)),
    expects=(
        Expect(HALF, score("half", "that holds half of RAM and swap"),
               if_true=Within(495, 505, WHY), if_false=Outside(495, 505, "another number"),
               reads_true=score("brought to 500", "brought to 500 by oom_score_adj"),
               reads_false=score("idle", "that holds nearly nothing"),
               says="With half of RAM and swap the oom_score was {value}."),
        Expect(ALL, score("idle", "that holds nearly nothing"),
               if_true=AtMost(20, "its libraries and stack are less than 2 % of 220 MiB"),
               if_false=AtLeast(21, "more than it uses"), reads_true=score("exempt", "at oom_score_adj -1000"),
               reads_false=score("half", "that holds half of RAM and swap"),
               says="A process that holds nearly nothing had an oom_score of {value};",
               slack="no process holds nothing at all"),
        Expect(ALL, score("most", f"that holds {MOST} % of RAM and swap"),
               if_true=Within(MOST * 10 - 5, MOST * 10 + 5, WHY),
               if_false=Outside(MOST * 10 - 5, MOST * 10 + 5, "not its share in thousandths"),
               reads_true=score("brought to most", f"brought to {MOST * 10} by oom_score_adj"),
               reads_false=score("brought to 500", "brought to 500 by oom_score_adj"),
               says=f"with {MOST} % of RAM and swap it was {{value}}.", slack=WHY),
    ),
)
