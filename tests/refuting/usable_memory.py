"""usable-is-ram-plus-swap: a step and a page less than the area but for what the experiment derives."""

from tests.refuting.made import Made

AREA, LAST, STEP, PARKED, SLAB = 8192, 128, 16, 128, 100
LEAST = AREA - LAST - SLAB - AREA // 128 - STEP - PARKED


def made(growth: int) -> Made:
    fields = {"without": {"unchanged": 2000, "larger": 2000, "machine": 13_000},
              "with": {"unchanged": 2000, "larger": 10_176, "machine": 13_000 + growth}}
    slab = {"without": 20_000, "with": 20_000 + 4 * SLAB}
    return Made(arms={arm: Made(counters={"swapped out": {"meminfo:SwapFree": 400, "meminfo:SwapCached": 0,
                                                          "meminfo:Slab": slab[arm]}}, records=records)
                      for arm, records in fields.items()})


CONFIRMS = {"usable-is-ram-plus-swap": made(LEAST)}
REFUTES = {"usable-is-ram-plus-swap": made(LEAST - STEP - 1)}
