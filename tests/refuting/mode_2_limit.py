"""oc2-hard-limit and oc2-formula-manual: granted past the limit, a kill, a limit two pages off."""

from tests.refuting.made import Made

KIB_A_PAGE, RAM, SWAP, HUGE = 4, 990_308, 1_048_572, 65_536
LIMIT = ((RAM - HUGE) // KIB_A_PAGE * 40 // 100) * KIB_A_PAGE + SWAP

GOOD = Made(
    counters={"before": {"vmstat:oom_kill": 0, "meminfo:MemTotal": RAM, "meminfo:SwapTotal": 0, "meminfo:Hugetlb": 0,
                         "meminfo:CommitLimit": RAM // KIB_A_PAGE * 50 // 100 * KIB_A_PAGE},
              "after the reference's kill": {"vmstat:oom_kill": 1},
              "limited": {"vmstat:oom_kill": 1, "meminfo:MemTotal": RAM, "meminfo:SwapTotal": SWAP,
                          "meminfo:Hugetlb": HUGE, "meminfo:CommitLimit": LIMIT},
              "asked": {"vmstat:oom_kill": 1}},
    records={"private past it": 12, "private within it": 0, "shared past it": 12, "larger than any address space": 12})

CONFIRMS = {"oc2-hard-limit": GOOD, "oc2-formula-manual": GOOD}
REFUTES = {"oc2-hard-limit": GOOD.but(records={"shared past it": 0}),
           "oc2-formula-manual": GOOD.but(counters={"limited": {"meminfo:CommitLimit": LIMIT + 2 * KIB_A_PAGE}})}
