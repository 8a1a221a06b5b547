"""Is a process with oom_score_adj 1000 always the first to be killed?

A small process has oom_score_adj 1000, a large one 0, and a third, which is no candidate, asks for the rest: in the whole
guest, in a group of 64 MiB, and in one of 1,999 pages, of which the kernel makes thousandths in whole pages. Who is killed
first is read from the kernel's report. Where nothing is written the large one is taken, which shows how both answers read.
"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import CONFIRMED, KIB, MIB, REFUTED, Claim, Exactly, Expect, Experiment, Known, Needs, Quantity
from harness.lab import Lab
from harness.lab.helpers.oom import NEVER, IsVictim, Witness, exhaust_group, exhaust_machine, occupy

SMALL, LARGE, FIRST = 64 * KIB, 70, 1000        # LARGE in percent of the limit
SOURCE = "mm/oom_kill.c, oom_badness: points += oom_score_adj * (totalpages / 1000), in whole pages (v5.10 to v7.2)"

ALWAYS = Claim(
    "oom-score-adj-max-first", "A process with oom_score_adj 1000 is killed before any process with 0, however small the one and "
    "large the other.", OUT_OF_MEMORY,
    known=(Known(REFUTED, SOURCE + ": of a group of 1,999 pages 1000 is 1,000 pages, and a process with more has more points"),),
    instead="In a group of a few MiB, whose limit is no multiple of 1,000 pages, don't count on oom_score_adj alone: give what "
            "is to survive a group of its own.")
MACHINE = Claim(
    "oom-score-adj-max-first-machine", "In a system-wide OOM a process with oom_score_adj 1000 is killed before any process with "
    "0 that maps no page twice.", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, SOURCE + ": it is all but 999 pages of RAM and swap, and a process that maps "
                            "each of its pages once has fewer"),))
# Group → pages of its limit for pages of 4 KiB, oom_score_adj of its small process.
GROUPS = {"64 MiB": (16_384, FIRST), "1,999 pages": (1999, FIRST), "64 MiB, nothing written": (16_384, 0)}


def procedure(lab: Lab) -> None:
    witness = Witness(lab)
    for name, (limit, adj) in GROUPS.items():
        size = limit * lab.page_size
        with lab.sandbox(name.replace(" ", "-"), memory_max=size, memory_swap_max=0) as box:
            pair = (occupy(lab, f"{name}: small", SMALL, box, adj=adj),
                    occupy(lab, f"{name}: large", limit * LARGE // 100 * lab.page_size, box))
            exhaust_group(lab, box, occupy(lab, f"{name}: asking", 0, box, adj=NEVER), size)
            witness.record(name, *pair)
    for name, adj in (("machine", FIRST), ("machine, nothing written", 0)):
        large = lab.memory // (2 * 100 * lab.page_size) * LARGE * lab.page_size
        pair = occupy(lab, f"{name}: small", SMALL, adj=adj), occupy(lab, f"{name}: large", large)
        # 7.2 looks for the next victim before the first one's memory is back, and panics without one.
        spare = [occupy(lab, f"{name}: spare {number}", 4 * MIB) for number in range(2)]
        asking = occupy(lab, f"{name}: asking", 0, adj=NEVER)
        exhaust_machine(lab, asking)
        witness.record(name, *pair, *spare)
        for probe in (*pair, *spare, asking):
            probe.kill_now()


def first(name: str, who: str = "small") -> Quantity:
    return IsVictim(name, f"{name}: {who}").called(f"the {who} process is the first victim, {name}")


def small_is_first(claim: Claim, name: str, plain: str, says: str) -> Expect:
    return Expect(claim, first(name), if_true=Exactly(1, "it is killed first"), if_false=Exactly(0, "another is"),
                  reads_true=first(plain, "large"), reads_false=first(plain), says=says)


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    needs=Needs(memory=256 * MIB, disks=(), throwaway=True, page_sizes=(4 * KIB,)),
    expects=(
        small_is_first(MACHINE, "machine", "machine, nothing written",
                       "In the whole guest the small process at 1000 {value:was|was not} killed first."),
        *(small_is_first(ALWAYS, name, "64 MiB, nothing written",
                         f"In a group of {name} the small process at 1000 {{value:was|was not}} killed first.")
          for name in ("64 MiB", "1,999 pages")),
    ),
)
