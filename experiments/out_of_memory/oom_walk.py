"""Does the OOM killer look at every process, each once?

A kernel probe records each process that is asked for its points, in an OOM of the whole guest and in one of a group of three.
What it looked at before it marked its victim is held against the list of processes at that time: of the guest all but init and
kernel threads, of the group its own, and once more the guest's.
"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import CONFIRMED, MIB, AtLeast, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity, Recorded
from harness.lab import Lab
from harness.lab.helpers.oom import NEVER, exhaust_group, exhaust_machine, occupy
from harness.lab.helpers.oom_look import BTF, EVENTS, not_once, processes, watch_looks

LIMIT, LARGE, SMALL, OTHERS = 64 * MIB, 40 * MIB, 4 * MIB, 5

WALKS = Claim(
    "oom-walks-all-processes", "In a system-wide OOM the kernel looks at every process except init and kernel threads, each "
    "exactly once per kill.", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, "mm/oom_kill.c, select_bad_process: for_each_process, and oom_evaluate_task passes over "
                            "oom_unkillable_task (v5.10 to v7.2); so it chooses. dump_tasks goes through them once more, for "
                            "the report"),))


def procedure(lab: Lab) -> None:
    watch_looks(lab)
    with lab.sandbox(memory_max=LIMIT, memory_swap_max=0) as box:
        for name in ("large", "small"):
            occupy(lab, f"group: {name}", LARGE if name == "large" else SMALL, box)
        asking = occupy(lab, "group: asking", 0, box, adj=NEVER)
        lab.record("processes of the group", processes(lab, box))
        lab.record("processes beside the group", processes(lab))
        with lab.trace("OOM of a group", *EVENTS):
            exhaust_group(lab, box, asking, LIMIT)
    occupy(lab, "large", LARGE)
    for number in range(OTHERS):
        occupy(lab, f"small {number}", SMALL)
    asking = occupy(lab, "asking", 0, adj=NEVER)
    everyone = processes(lab)
    lab.record("processes", everyone)
    lab.record("number of processes", len(everyone))
    with lab.trace("OOM", *EVENTS):
        exhaust_machine(lab, asking)


def off(trace: str, pids: str) -> Quantity:
    return not_once(trace, pids, f"{pids} that were not looked at exactly once, or were and are none, in “{trace}”")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=2,
    needs=Needs(memory=256 * MIB, disks=(), files=(BTF,), throwaway=True),
    guards=(Guard(Recorded("number of processes"), AtLeast(OTHERS + 2), "“every” of few says little"),),
    expects=(Expect(
        WALKS, off("OOM", "processes"), if_true=Exactly(0, "each once, and no other"),
        if_false=AtLeast(1, "one that was passed over, looked at twice, or is init or a kernel thread"),
        reads_true=off("OOM of a group", "processes of the group"),
        reads_false=off("OOM of a group", "processes beside the group"),
        says="In a system-wide OOM {value} processes were not looked at exactly once."),),
)
