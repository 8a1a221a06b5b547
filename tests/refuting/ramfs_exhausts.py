"""ramfs-exhausts-memory: a ramfs that kills nobody; tmpfs-default-size-safe: a tmpfs that kills one beside a large process."""

from harness.false_evidence.made import Made

KILLS = {"nothing": 0, "disk": 0, "tmpfs": 0, "private": 1, "held": 1, "beside": 1, "before ramfs": 1, "ramfs": 2}
GOOD = Made(counters={moment: {"vmstat:oom_kill": kills} for moment, kills in KILLS.items()},
            records={"tmpfs: errno": 28})

CONFIRMS = {"ramfs-exhausts-memory": GOOD, "tmpfs-default-size-safe": GOOD}
REFUTES = {"ramfs-exhausts-memory": GOOD.but(counters={"ramfs": {"vmstat:oom_kill": 1}}),
           "tmpfs-default-size-safe": GOOD.but(
               counters={name: {"vmstat:oom_kill": KILLS[name] + 1} for name in ("beside", "before ramfs", "ramfs")})}
