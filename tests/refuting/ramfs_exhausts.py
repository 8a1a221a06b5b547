"""ramfs-exhausts-memory: a tmpfs of default size that kills too."""

from tests.refuting.made import Made

KILLS = {"nothing": 0, "disk": 0, "tmpfs": 0, "private": 1, "ramfs": 2}
GOOD = Made(counters={moment: {"vmstat:oom_kill": kills} for moment, kills in KILLS.items()},
            records={"tmpfs: errno": 28})

CONFIRMS = {"ramfs-exhausts-memory": GOOD}
REFUTES = {"ramfs-exhausts-memory": GOOD.but(
    counters={moment: {"vmstat:oom_kill": KILLS[moment] + 1} for moment in ("tmpfs", "private", "ramfs")})}
