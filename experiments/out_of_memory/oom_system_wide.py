"""Does a system-wide OOM take the process with the highest oom_score?

Three processes of 16, 32 and 48 MiB wait while a fourth, which is a candidate too, fills the guest until the OOM killer
comes: it writes a tmpfs file, so that its own score stays as it is. The oom_score of all four is read just before, and the
kernel's report names the first victim. It is repeated with the smallest set to 1000. In a group's OOM with a larger process
outside of it the victim is not the one with the highest score, which shows the other answer.
"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import CONFIRMED, MIB, Claim, Exactly, Expect, Experiment, Known, Needs
from harness.lab import Lab
from harness.lab.helpers.oom import NEVER, HighestDied, Witness, adjust, exhaust_by_file, exhaust_group, number, occupy

SIZES = {"small": 16 * MIB, "middle": 32 * MIB, "large": 48 * MIB}
LIMIT = 24 * MIB

HIGHEST = Claim(
    "oom-highest-score-dies", "In a system-wide OOM, with equal oom_score_adj, the first victim is the process with the "
    "highest oom_score.", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, "mm/oom_kill.c, select_bad_process: the most points; fs/proc/base.c, proc_oom_score: the "
                            "same points of the same RAM and swap (v6.12)"),))


def procedure(lab: Lab) -> None:
    """The one that asks is a candidate as the others are: what it fills is a file, so its score stays as it is."""
    witness, tmpfs = Witness(lab), lab.mount_tmpfs(options="huge=never,size=100%")
    for name in ("equal", "adjusted"):
        members = {who: occupy(lab, f"{name}: {who}", size) for who, size in SIZES.items()}
        if name == "adjusted":
            adjust(lab, members["small"], 1000)
        members["asking"] = lab.probe(f"{name}: asking")
        lab.record(f"{name}: scores", {probe.name: number(lab, probe) for probe in members.values()})
        exhaust_by_file(lab, members["asking"], f"{tmpfs}/{name}")
        witness.record(name, *members.values())
        for probe in members.values():
            probe.kill_now()
        lab.hand.unlink(f"{tmpfs}/{name}")
    with lab.sandbox("group", memory_max=LIMIT, memory_swap_max=0) as box:
        inside, outside = occupy(lab, "group: small", SIZES["small"], box), occupy(lab, "group: large", SIZES["large"])
        lab.record("group: scores", {probe.name: number(lab, probe) for probe in (inside, outside)})
        exhaust_group(lab, box, occupy(lab, "group: asking", 0, box, adj=NEVER), LIMIT)
        witness.record("group", inside, outside)


def predicted(name: str, members: tuple[str, ...] = (*SIZES, "asking")) -> HighestDied:
    return HighestDied(name, tuple(f"{name}: {who}" for who in members))


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=2,
    needs=Needs(memory=256 * MIB, changes=("mount",), throwaway=True),
    expects=(Expect(
        HIGHEST, predicted("equal").called("the first victim has the highest oom_score"),
        if_true=Exactly(1, "the highest number is the victim's"), if_false=Exactly(0, "another one's is higher"),
        reads_true=predicted("adjusted").called("the same with the smallest process at oom_score_adj 1000"),
        reads_false=predicted("group", ("small", "large")).called("the same of a group's OOM with a larger one outside"),
        says="The first victim {value:had|did not have} the highest oom_score."),),
)
