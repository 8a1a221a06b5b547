"""oc0-granted-then-killed: a kill while both are filled, and none."""

from harness.false_evidence.made import Made

MOMENTS = ("before", "reference killed", "mode 2", "mode 2 done", "mode 0", "mode 0 done")


def killed(asked: int) -> Made:
    counts = zip(MOMENTS, (0, 1, 1, 1, 1, 1 + asked), strict=True)
    return Made(records={"mode 0: granted": 2, "mode 2: granted": 1},
                counters={moment: {"vmstat:oom_kill": kills} for moment, kills in counts})


CONFIRMS = {"oc0-granted-then-killed": killed(1)}
REFUTES = {"oc0-granted-then-killed": killed(0)}
