"""swap-storm-iowait: half of the time and no more."""

from harness.false_evidence.made import Made

ALONE, COMPUTING = "nothing else", "a task that computes"


def processor(iowait: int) -> dict[str, str]:
    """Gives /proc/stat before and after a thousand ticks, so many of which were iowait."""
    return {"before": "cpu  50 0 50 900 100 0 0 0 0 0\ncpu0 1\n",
            "after": f"cpu  {1050 - iowait} 0 50 900 {100 + iowait} 0 0 0 0 0\ncpu0 1\n"}


def stat(when: str, iowait: int) -> dict[str, str]:
    return {f"processor {moment} {when}": text for moment, text in processor(iowait).items()}


ARM = Made(at={"storm": 0, "stormed": 10_000_000_000},
           counters={"storm": {"vmstat:pswpin": 0, "vmstat:pswpout": 1000},
                     "stormed": {"vmstat:pswpin": 1000, "vmstat:pswpout": 2048}},
           records={"the demand lives on": 1})
GOOD = Made(arms={
    ALONE: ARM.but(records={**stat("the storm", 501), **stat("reading", 980)}),
    COMPUTING: ARM.but(records=stat("the storm", 0))})

CONFIRMS = {"swap-storm-iowait": GOOD}
REFUTES = {"swap-storm-iowait": GOOD.in_arm(ALONE, records=stat("the storm", 500))}
