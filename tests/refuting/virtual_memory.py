"""vm-is-swap: a page of virtual memory more than RAM, without swap."""

from harness.false_evidence.made import Made

RAM = 231_000


def made(beyond: int) -> Made:
    """Evidence of a process that has, and reads, so many pages more than RAM."""
    table = "Filename\tType\tSize\tUsed\tPriority\n"
    return Made(counters={"without swap": {"meminfo:MemTotal": RAM, "small/status:VmSize": 120_000,
                                           "large/status:VmSize": RAM + 4 * beyond},
                          "with swap": {"swapping/status:VmSize": 350_000}},
                records={"small: read": RAM // 8, "large: read": RAM // 4 + beyond, "swapping: read": RAM // 8 * 3},
                texts={"without swap": {"swaps": table}})


CONFIRMS = {"vm-is-swap": made(0)}
REFUTES = {"vm-is-swap": made(1)}
