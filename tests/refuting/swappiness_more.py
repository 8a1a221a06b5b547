"""swappiness-higher-swaps-more: one run at 100 that swaps as many pages as one at 60 is enough."""

from collections.abc import Mapping

from harness.false_evidence.made import Made

RUNS = {"0": (0, 0, 0, 0), "60": (9500, 9600, 9700, 9800), "100": (14100, 14200, 14300, 14400)}


def made(runs: Mapping[str, tuple[int, ...]]) -> Made:
    swapped = {f"{setting}, run {run}": pages for setting, found in runs.items() for run, pages in enumerate(found)}
    swapped |= {"less": 4096, "more": 16384}
    return Made(counters={f"{name}: {moment}": {"vmstat:pswpout": value} for name, pages in swapped.items()
                          for moment, value in (("start", 0), ("before", 0), ("after", pages))},
                records={"rounds": 4})


CONFIRMS = {"swappiness-higher-swaps-more": made(RUNS)}
REFUTES = {"swappiness-higher-swaps-more": made({**RUNS, "100": (14100, 9800, 14300, 14400)})}
