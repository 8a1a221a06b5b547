"""usable-is-ram-plus-swap: a page less than nine tenths of the area."""

from harness.false_evidence.made import Made

AREA = 16_384


def made(growth: int) -> Made:
    fields = {"without": {"unchanged": 2000, "larger": 2000, "machine": 13_000},
              "with": {"unchanged": 2000, "larger": 2000 + AREA, "machine": 13_000 + growth}}
    return Made(arms={arm: Made(counters={"swapped out": {"meminfo:SwapFree": 400, "meminfo:SwapCached": 0}},
                                records=records) for arm, records in fields.items()})


CONFIRMS = {"usable-is-ram-plus-swap": made(AREA * 95 // 100)}
REFUTES = {"usable-is-ram-plus-swap": made(AREA * 90 // 100 - 1)}
