"""swap-storm-iowait: half of the time and no more; iowait-one-reader: not quite nine tenths."""

from harness.false_evidence.made import Made


def stat(when: str, iowait: int) -> dict[str, str]:
    """Gives /proc/stat before and after a thousand ticks, so many of which were iowait."""
    return {f"before {when}": "cpu  50 0 50 900 100 0 0 0 0 0\ncpu0 1\n",
            f"after {when}": f"cpu  {1050 - iowait} 0 50 900 {100 + iowait} 0 0 0 0 0\ncpu0 1\n"}


def shares(storm: int, one: int) -> Made:
    return Made(counters={"after": {"vmstat:pswpout": 512}},
                records={"the demand lives on": 1, **stat("the storm", storm), **stat("one reader", one),
                         **stat("many readers", 980), **stat("computing", 0)})


CONFIRMS = {"swap-storm-iowait": shares(501, 0), "iowait-one-reader": shares(0, 900)}
REFUTES = {"swap-storm-iowait": shares(500, 1000), "iowait-one-reader": shares(1000, 899)}
