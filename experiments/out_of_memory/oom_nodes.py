"""When the nodes of a cpuset or of a memory policy are exhausted, who is a candidate, and against what is he measured?

A guest with two NUMA nodes holds a large process on one of them. On the other, two processes hold memory and a third
asks for the rest of the node, either confined by a cpuset or bound by a memory policy. Values of oom_score_adj are
chosen whose weight separates the node's size from the machine's. The kernel's report tells who was killed first, and
whether the large process on the other node was spared.
"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import CONFIRMED, KIB, MIB, Claim, Exactly, Expect, Experiment, Known, Needs, Quantity
from harness.lab import Lab, Probe
from harness.lab.helpers.oom import NEVER, IsVictim, Witness, exhaust_node, occupy

NODE, ELSEWHERE = 1, 0
SMALL, LARGE, OUTSIDE, FILLED = 12 * MIB, 40 * MIB, 48 * MIB, 80 * MIB
# The two differ by 28 MiB: 146 thousandths of the node's 192 MiB, 85 of the machine's memory.
LITTLE, MORE = 115, 180
SOURCE = ("mm/oom_kill.c, constrained_alloc and oom_cpuset_eligible (v5.10 to v7.2): node_present_pages of the allowed nodes, "
          "and all swap")

CPUSET = Claim(
    "oom-allowed-cpuset", "When the nodes of a cpuset are exhausted, only tasks whose allowed nodes intersect them are "
    "candidates, and points are scaled to those nodes.", OUT_OF_MEMORY, known=(Known(CONFIRMED, SOURCE),))
POLICY = Claim(
    "oom-allowed-mempolicy", "When the nodes of an MPOL_BIND policy are exhausted, points are scaled to those nodes.",
    OUT_OF_MEMORY, known=(Known(CONFIRMED, SOURCE),))

INTERSECTING = "with one on both nodes"
# Contest → sizes of the first and the second process, oom_score_adj of the first.
PAIRS = {"nothing written": (SMALL, LARGE, 0), "little": (SMALL, LARGE, LITTLE), "more": (SMALL, LARGE, MORE)}
BY_CPUSET = {f"cpuset, {name}": pair for name, pair in PAIRS.items()} | {"cpuset, first is large": (LARGE, SMALL, 0)}
BY_POLICY = {f"policy, {name}": pair for name, pair in PAIRS.items()}


def contest(lab: Lab, witness: Witness, where: str, *others: Probe) -> None:
    """Two processes on a node and a third that asks for the rest of it: of the same cpuset, or bound there by policy."""
    first, second, value = (BY_CPUSET | BY_POLICY).get(where, PAIRS["nothing written"])
    with lab.sandbox(where.replace(", ", "-").replace(" ", "-"), memory_swap_max=0) as box:
        box.set("cpuset.mems", str(NODE))
        members = [occupy(lab, f"{where}: first", first, adj=value, moved_to=box),
                   occupy(lab, f"{where}: second", second, moved_to=box)]
        by_policy = where in BY_POLICY
        asking = occupy(lab, f"{where}: asking", 0, adj=NEVER, moved_to=None if by_policy else box)
        exhaust_node(lab, asking, NODE, by_policy)
        asking.kill_now()
        witness.record(where, *members, *others)


def procedure(lab: Lab) -> None:
    witness = Witness(lab)
    with lab.sandbox("filler", memory_swap_max=0) as here:
        here.set("cpuset.mems", str(NODE))
        occupy(lab, "filler", FILLED, adj=NEVER, moved_to=here)    # no candidate, and filled once for all
        with lab.sandbox("elsewhere", memory_swap_max=0) as box:
            box.set("cpuset.mems", str(ELSEWHERE))
            outside = occupy(lab, "outside", OUTSIDE, moved_to=box)
            for where in BY_CPUSET:
                contest(lab, witness, where, outside)
        # A policy's OOM asks for a task's policy, not for its cpuset (oom_cpuset_eligible): “outside” would be a candidate.
        for where in BY_POLICY:
            contest(lab, witness, where)
        contest(lab, witness, INTERSECTING, occupy(lab, "unconfined", OUTSIDE))


def died(where: str, who: str, title: str) -> Quantity:
    return IsVictim(where, who if who in {"outside", "unconfined"} else f"{where}: {who}").called(title)


def scaled(claim: Claim, kind: str) -> tuple[Expect, ...]:
    """The weight of a value lies between two bounds that only the node's size falls into."""
    large = died("cpuset, first is large", "first", "the first one is the victim when it is the larger one")
    return (
        Expect(claim, died(f"{kind}, little", "first", f"{kind}: +{LITTLE} make the smaller process the victim"),
               if_true=Exactly(0, "of the node's 192 MiB they weigh 22 MiB, less than the 28 between the two"),
               if_false=Exactly(1, "they weigh more, as those of the machine's 330 MiB do (38 MiB)"),
               reads_true=died(f"{kind}, nothing written", "first", f"{kind}: the smaller one is it with nothing written"),
               reads_false=large,
               says=f"On one node of two +{LITTLE} {{value:made|did not make}} the process that is 28 MiB smaller the "
                    "victim,"),
        Expect(claim, died(f"{kind}, more", "first", f"{kind}: +{MORE} make the smaller process the victim"),
               if_true=Exactly(1, "of the node's 192 MiB they weigh 34 MiB, more than the 28 between the two"),
               if_false=Exactly(0, "they weigh less"), reads_true=large,
               reads_false=died(f"{kind}, nothing written", "first", f"{kind}: the smaller one is it with nothing written"),
               says=f"and +{MORE} {{value:did|did not}}."))


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=2,
    needs=Needs(memory=384 * MIB, nodes=2, throwaway=True, page_sizes=(4 * KIB,)),
    expects=(
        Expect(CPUSET, died("cpuset, nothing written", "outside", "a larger process confined to the other node is the victim"),
               if_true=Exactly(0, "it is no candidate"), if_false=Exactly(1, "it was chosen"),
               reads_true=died("cpuset, nothing written", "first", "the smaller process of this node is the victim"),
               reads_false=died(INTERSECTING, "unconfined", "a process as large, allowed on both nodes, is it"),
               says="A larger process confined to the other node was {value:times} chosen."),
        *scaled(CPUSET, "cpuset"), *scaled(POLICY, "policy"),
    ),
)
