"""oom-walks-all-processes: each process once, and one that is looked at twice."""

from harness.false_evidence.made import Made

LINE = "           probe-120     [000] .....     {}.000000: {}: {}\n"


def trace(*pids: int) -> str:
    names = [("oom_begins", "(out_of_memory+0x0/0x5)"), *(("oom_looks", f"(oom_badness+0x0/0x5) looked={pid}") for pid in pids),
             ("mark_victim", "pid=120")]
    return "".join(LINE.format(time, *event) for time, event in enumerate(names, 1))


GOOD = Made(records={"processes": [100, 120, 121], "processes of the group": [130, 131],
                     "processes beside the group": [100, 130, 131], "number of processes": 7,
                     "OOM": trace(100, 120, 121), "OOM of a group": trace(130, 131)})

CONFIRMS = {"oom-walks-all-processes": GOOD}
REFUTES = {"oom-walks-all-processes": GOOD.but(records={"OOM": trace(100, 120, 121, 121)})}
