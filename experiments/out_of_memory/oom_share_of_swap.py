"""In a group that may swap, of what is oom_score_adj a share?

In a group that may have 96 MiB of memory and as much swap, one process is adjusted by +200 and another one is not. The other is
larger by a fifth of memory and swap together, and then by 2 % of that less or more. A third, which is no candidate, asks for
the rest. Which of the two is killed first shows whether the value weighs that share.
"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import (
    CONFIRMED, MIB, SWAP, AtLeast, Claim, Counter, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity, pages,
)
from harness.lab import Lab, Region
from harness.lab.helpers.oom import NEVER, IsVictim, Witness, adjust, exhaust, occupy

LIMIT, SMALL, MARGIN = 96 * MIB, 150, 20        # bytes; the adjusted one's size and the distance, in thousandths
# oom_score_adj, thousandths of memory and swap by which the other is larger.
CASES = {"+0, less": (0, -MARGIN), "+0, more": (0, MARGIN), "+200, less": (200, 200 - MARGIN), "+200, more": (200, 200 + MARGIN)}

SHARE = Claim(
    "oom-allowed-memcg-swap", "In a group with memory.max M and memory.swap.max S (that much swap free), oom_score_adj counts in "
    "shares of M + S.", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, "mm/memcontrol.c, mem_cgroup_get_max adds swap.max, at most the machine's swap, unless swappiness is "
                            "0; mm/oom_kill.c, constrained_alloc takes it as totalpages (v5.10 to v7.2)"),))


def procedure(lab: Lab) -> None:
    lab.swapon()
    witness = Witness(lab)
    for name, (value, larger) in CASES.items():
        with lab.sandbox(name.replace(", ", "-"), memory_max=LIMIT, memory_swap_max=LIMIT) as box:
            sizes = (LIMIT * SMALL // 1000, LIMIT * SMALL // 1000 + 2 * LIMIT * larger // 1000)
            pair = [occupy(lab, f"{name}: {who}", size // lab.page_size * lab.page_size, box)
                    for who, size in zip(("adjusted", "other"), sizes, strict=True)]
            lab.require(adjust(lab, pair[0], value) == 0, f"oom_score_adj takes {value}")
            ask_for_all(lab, occupy(lab, f"{name}: asking", 0, box, adj=NEVER).map(2 * LIMIT))
            lab.sample(name)
            witness.record(f"{name}: kill", *pair)


def ask_for_all(lab: Lab, memory: Region) -> None:
    """Fills memory step by step until something is killed: how much that takes, what is on its way to swap decides."""
    exhaust(lab, lambda start, length: memory.part(start, length).fill(), memory.length, MIB)


def died(name: str) -> Quantity:
    return IsVictim(f"{name}: kill", f"{name}: adjusted").called(f"the adjusted process is the first victim at {name}")


def side(name: str, true: str, false: str, chosen: bool, says: str) -> Expect:
    one, other = Exactly(int(chosen), "chosen" if chosen else "spared"), Exactly(int(not chosen), "the other way round")
    return Expect(SHARE, died(name), if_true=one, if_false=other, reads_true=died(true), reads_false=died(false), says=says)


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    needs=Needs(memory=512 * MIB, disks=(SWAP,), changes=("swap",), throwaway=True),
    axes={"lru": ("classic", "mglru")},
    guards=tuple(Guard(Counter(f"{name.replace(', ', '-')}/memory.swap.current", name), AtLeast(pages(LIMIT // 8)),
                       "of a group that did not swap, swap is no part of what it may have") for name in CASES),
    expects=(side("+200, less", "+0, less", "+0, more", True,
                  "At +200 it {value:was|was not} chosen with 2 % less in the other,"),
             side("+200, more", "+0, more", "+0, less", False, "and it {value:was|was not} with 2 % more.")),
)
