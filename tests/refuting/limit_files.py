"""Files of a group: a page that is begun, a default, an errno, a kill."""

import errno

from harness.false_evidence.made import Made, cases

FILES = ("memory.max", "memory.high", "memory.min")
DOWN = Made(records={name: value for file in FILES for name, value in cases(f"memcg-limit-rounds-up.{file}", 0, 1, 0).items()})
UP = DOWN.but(records={f"memcg-limit-rounds-up.{file}.asked": 1 for file in FILES})
OFF, ON = (Made(records=cases("memcg-oom-group-default-on", value, 1, 0)) for value in (0, 1))
MACHINE, LIMIT = (Made(records=cases("memcg-meminfo-shows-limit", value, 0, 231_040)) for value in (1, 0))
TAKEN, BUSY = (Made(outcomes=cases("memcg-max-below-usage-refused", value, errno.EBUSY, 0)) for value in (0, errno.EBUSY))
KILLED, SPARED = (Made(records=cases("memcg-max-below-usage-kills", value, 1, 0)) for value in (1, 0))

CONFIRMS = {"memcg-limit-rounds-up": UP, "memcg-oom-group-default-on": ON, "memcg-meminfo-shows-limit": LIMIT,
            "memcg-max-below-usage-refused": BUSY, "memcg-max-below-usage-kills": KILLED}
REFUTES = {"memcg-limit-rounds-up": UP.but(records={"memcg-limit-rounds-up.memory.high.asked": 0}),
           "memcg-oom-group-default-on": OFF, "memcg-meminfo-shows-limit": MACHINE, "memcg-max-below-usage-refused": TAKEN,
           "memcg-max-below-usage-kills": SPARED}
