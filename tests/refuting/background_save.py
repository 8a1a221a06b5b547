"""Forks of a process with 3 times RAM: a kill, a refusal of the split one, a refusal in mode 1."""

from harness.false_evidence.made import Made

KILLS = {"before": 0, "after the reference's kill": 1, "small saved": 1, "one mapping saved": 1, "before mode 1": 1,
         "mode 1 saved": 1}
REAL = Made(
    counters={**{moment: {"vmstat:oom_kill": kills} for moment, kills in KILLS.items()},
              "before": {"vmstat:oom_kill": 0, "meminfo:MemTotal": 990_308}},
    records={"small: errno": 0, "one mapping: errno": 12, "many mappings: errno": 0, "mode 1: errno": 0,
             "one mapping: largest mapping": 742_731, "many mappings: largest mapping": 123_788})

CONFIRMS = {"redis-fork-mode0-oom": REAL.but(counters={"one mapping saved": {"vmstat:oom_kill": 2}}),
            "redis-fork-mode0-depends-on-total": REAL.but(records={"many mappings: errno": 12}),
            "redis-fork-mode1-ok": REAL}
REFUTES = {"redis-fork-mode0-oom": REAL, "redis-fork-mode0-depends-on-total": REAL,
           "redis-fork-mode1-ok": REAL.but(counters={"mode 1 saved": {"vmstat:oom_kill": 2}})}
