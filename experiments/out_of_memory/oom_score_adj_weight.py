"""How much memory does a value of oom_score_adj weigh when a victim is chosen?

In groups of known limits an adjusted process and another one share the memory, and a third, which is no candidate,
asks for the rest. The other one is larger by what the value should weigh, and then by 2 % of the limit less or more.
Which of the two is killed first shows whether the value weighs that share. It is done for values above and below 0
and for two limits.
"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import CONFIRMED, MIB, Claim, Exactly, Expect, Experiment, Known, Needs, Quantity
from harness.lab import Lab
from harness.lab.helpers.oom import NEVER, IsVictim, Witness, adjust, exhaust_group, occupy

LIMIT, OTHER = 96 * MIB, 64 * MIB
# How far from the claimed balance the two processes are, in thousandths of the limit. The kernel's own division of the
# limit into thousandths loses up to 999 pages (24.576 → 24 pages each, 1.2 % of the limit at +500).
MARGIN = 20
BADNESS = "mm/oom_kill.c, oom_badness: points += oom_score_adj * (totalpages / 1000) (v5.10 to v7.2)"
# oom_score_adj of the first process, its size in thousandths of the limit, the limit.
CASES = {"+0": (0, 400, LIMIT), "+200": (200, 300, LIMIT), "+500": (500, 150, LIMIT),
         "+500 of a small one": (500, 50, LIMIT), "-300": (-300, 550, LIMIT), "-500": (-500, 700, LIMIT),
         "+200 of 64 MiB": (200, 300, OTHER)}

ADDED = Claim(
    "oom-score-adj-added", "oom_score_adj counts in the choice of the victim as that share (in thousandths) of the "
    "allowed memory, added to what the process uses.", OUT_OF_MEMORY, known=(Known(CONFIRMED, BADNESS),))
HALF = Claim(
    "oom-adj-plus500-half", "In a group with limit L and no swap, a process of size A with oom_score_adj +500 is spared "
    "only while another uses more than A + L/2 (to within 2 % of L).", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, BADNESS),))
MINUS = Claim(
    "oom-adj-minus500-half", "In a group with limit L and no swap, a process of size A with oom_score_adj -500 is chosen "
    "as soon as no other uses more than A - L/2 (to within 2 % of L).", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, BADNESS),))


def procedure(lab: Lab) -> None:
    witness = Witness(lab)
    for case, (value, thousandths, limit) in CASES.items():
        for side, margin in (("less", -MARGIN), ("more", MARGIN)):
            name, other = f"{case}, {side}", thousandths + value + margin
            with lab.sandbox(name.replace(" ", "-"), memory_max=limit, memory_swap_max=0) as box:
                pair = [occupy(lab, f"{name}: {who}", limit * share // 1000 // lab.page_size * lab.page_size, box)
                        for who, share in (("adjusted", thousandths), ("other", other))]
                asking = occupy(lab, f"{name}: asking", 0, box, adj=NEVER)
                lab.require(adjust(lab, pair[0], value) == 0, f"oom_score_adj takes {value}")
                exhaust_group(lab, box, asking, limit)
                witness.record(name, *pair)


def died(case: str, side: str) -> Quantity:
    return IsVictim(f"{case}, {side}", f"{case}, {side}: adjusted").called(
        f"the process at {case} is the victim when the other has 2 % {side} than its size and share")


def both_sides(claim: Claim, case: str) -> tuple[Expect, Expect]:
    spared, chosen = Exactly(0, "it is spared"), Exactly(1, "it is chosen")
    return (Expect(claim, died(case, "less"), if_true=chosen, if_false=spared,
                   reads_true=died("+0", "less"), reads_false=died("+0", "more"),
                   says=f"At {case} it {{value:was|was not}} chosen with 2 % less in the other,"),
            Expect(claim, died(case, "more"), if_true=spared, if_false=chosen,
                   reads_true=died("+0", "more"), reads_false=died("+0", "less"),
                   says="and {value:was|was not} with 2 % more."))


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=3,
    needs=Needs(memory=256 * MIB, throwaway=True),
    expects=(*(expect for case in CASES if case not in {"+0", "-500"} for expect in both_sides(ADDED, case)),
             *both_sides(HALF, "+500"), *both_sides(HALF, "+500 of a small one"), *both_sides(MINUS, "-500")),
)
