"""usable-is-ram-plus-swap: a page less than nine tenths of the swap area."""

from tests.refuting.made import Made

AREA = 16384


def made(growth: int) -> Made:
    fields = {"without": {"unchanged": 4032, "larger": 4032, "machine": 25_000},
              "with": {"unchanged": 4032, "larger": 4032 + AREA, "machine": 25_000 + growth}}
    return Made(arms={arm: Made(counters={"before": {"meminfo:SwapTotal": 65_532}}, records=records)
                      for arm, records in fields.items()})


CONFIRMS = {"usable-is-ram-plus-swap": made(AREA)}
REFUTES = {"usable-is-ram-plus-swap": made(AREA * 9 // 10 - 1)}
