"""Whom does a memory cgroup's OOM take, and does the number in oom_score say so beforehand?

In a group of 64 MiB without swap two processes hold memory, one more than the other, and a third, which is no
candidate, asks for the rest until something is killed. Just before, the oom_score of each is read, also of a larger
process outside of the group. It is done with nothing written and with the smaller process's value raised a little,
much, and by way of oom_adj. The kernel's report and the wait statuses tell who was killed first.
"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import CONFIRMED, MIB, REFUTED, Claim, Exactly, Expect, Experiment, Known, Needs, Quantity
from harness.lab import Lab
from harness.lab.helpers.oom import NEVER, HighestDied, IsVictim, Witness, adjust, exhaust_group, number, occupy

LIMIT, SMALL, LARGE, OUTSIDE = 64 * MIB, 16 * MIB, 32 * MIB, 48 * MIB
# LARGE - SMALL is 250 thousandths of the limit, and 70 of the machine's memory: 150 are too little for the small one
# to be chosen if they are the limit's, and enough if they are the machine's. 400 are enough; oom_adj 7 is 411.
LITTLE, MUCH, MUCH_OLD = 150, 400, 7
SCALE = ("mm/oom_kill.c, oom_badness (v6.12): thousandths of oc->totalpages, which constrained_alloc sets to the "
         "group's limit; fs/proc/base.c, proc_oom_score: thousandths of the machine's RAM and swap")

PREDICTS = Claim(
    "oom-score-predicts-memcg-victim", "In a memory cgroup's OOM, whatever the oom_score_adj values, the victim is the "
    "process of that cgroup with the highest number in /proc/PID/oom_score.", OUT_OF_MEMORY,
    known=(Known(REFUTED, SCALE),),
    instead="Compare, within a group, each process's memory plus its oom_score_adj in thousandths of the group's limit: "
            "/proc/PID/oom_score is worked out against the whole machine.")
INSIDE = Claim(
    "oom-allowed-memcg", "When a memory cgroup's limit is hit, the victim is chosen inside that cgroup and against that "
    "limit.", OUT_OF_MEMORY, known=(Known(CONFIRMED, SCALE),))
STEERS = Claim(
    "oom-adj-steers", "Writing oom_adj or oom_score_adj changes which process is chosen.", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, "mm/oom_kill.c, oom_badness; fs/proc/base.c, oom_adj_write (v6.12)"),))


def procedure(lab: Lab) -> None:
    witness = Witness(lab)
    outside = occupy(lab, "outside", OUTSIDE)
    for name, first, second, file, value in (
            ("nothing written", SMALL, LARGE, "oom_score_adj", 0), ("little", SMALL, LARGE, "oom_score_adj", LITTLE),
            ("much", SMALL, LARGE, "oom_score_adj", MUCH), ("oom_adj", SMALL, LARGE, "oom_adj", MUCH_OLD),
            ("first is large", OUTSIDE, SMALL // 2, "oom_score_adj", 0)):
        with lab.sandbox(name.replace(" ", "-"), memory_max=LIMIT, memory_swap_max=0) as box:
            members = [occupy(lab, f"{name}: first", first, box), occupy(lab, f"{name}: second", second, box), outside]
            asking = occupy(lab, f"{name}: asking", 0, box, adj=NEVER)      # no candidate, so the others stay as they are
            lab.require(adjust(lab, members[0], value, file) == 0, f"{file} takes {value}")
            lab.record(f"{name}: scores", {probe.name: number(lab, probe) for probe in members})
            exhaust_group(lab, box, asking, LIMIT)
            witness.record(name, *members)


def died(name: str, who: str, title: str) -> Quantity:
    """1 if that one of the two is the first victim, else 0."""
    return IsVictim(name, f"{name}: {who}").called(title)


def predicted(name: str, *others: str) -> Quantity:
    return HighestDied(name, (f"{name}: first", f"{name}: second", *others))


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    needs=Needs(memory=256 * MIB, throwaway=True),
    expects=(
        Expect(PREDICTS, predicted("little").called(f"the victim has the highest oom_score (small one at +{LITTLE})"),
               if_true=Exactly(1, "the highest number is the victim's"), if_false=Exactly(0, "another one's is higher"),
               reads_true=predicted("nothing written").called("the same with nothing written"),
               reads_false=predicted("nothing written", "outside").called("the same with a larger one outside counted in"),
               says=f"With oom_score_adj +{LITTLE} on the smaller process the victim "
                    "{value:had|did not have} the highest oom_score."),
        Expect(INSIDE, IsVictim("nothing written", "outside").called("a larger process outside is the victim"),
               if_true=Exactly(0, "it is no candidate"), if_false=Exactly(1, "it was chosen"),
               reads_true=died("first is large", "second", "a small process inside is the victim"),
               reads_false=died("first is large", "first", "a process as large as it, but inside, is the victim"),
               says="A larger process outside the group was {value:times} chosen."),
        Expect(INSIDE, died("little", "second", f"+{LITTLE} thousandths leave the larger one the victim"),
               if_true=Exactly(1, "they weigh 9.6 MiB of the limit's 64 MiB, less than the 16 MiB between the two"),
               if_false=Exactly(0, "they weigh more than that, as those of the machine's 220 MiB do"),
               reads_true=died("nothing written", "second", "the larger one is the victim with nothing written"),
               reads_false=died("much", "second", f"the larger one is the victim with +{MUCH}"),
               says=f"+{LITTLE} on the smaller process {{value:weighed less than|outweighed}} the 16 MiB between the two."),
        *(Expect(STEERS, died(name, "first", f"the smaller process is the victim with {file} {value}"),
                 if_true=Exactly(1, "the choice changed: with nothing written it is the larger one"),
                 if_false=Exactly(0, "the choice is as it was"),
                 reads_true=died("first is large", "first", "the first process is the victim when it is the larger one"),
                 reads_false=died("nothing written", "first", "the smaller process is the victim with nothing written"),
                 says=f"{file} {value} {{value:made|did not make}} the smaller process the victim.")
          for name, file, value in (("much", "oom_score_adj", MUCH), ("oom_adj", "oom_adj", MUCH_OLD))),
    ),
)
