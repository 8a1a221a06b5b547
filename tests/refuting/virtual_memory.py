"""vm-is-swap: a page of virtual memory more than RAM, without swap."""

from tests.refuting.made import Made

RAM = 990_308


def made(large: int) -> Made:
    table = "Filename\tType\tSize\tUsed\tPriority\n"
    return Made(counters={"without swap": {"meminfo:MemTotal": RAM, "small/status:VmSize": 500_000,
                                           "large/status:VmSize": large},
                          "with swap": {"swapping/status:VmSize": 1_490_000}},
                texts={"without swap": {"swaps": table}})


CONFIRMS = {"vm-is-swap": made(RAM)}
REFUTES = {"vm-is-swap": made(RAM + 4)}
