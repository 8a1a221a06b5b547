"""Overcommit settings: another default, a limit a page off, a setting that the other does not reset."""

from harness.false_evidence.made import Made

RAM = 990_308


def limits(ratio: int) -> dict[str, int]:
    return {"meminfo:MemTotal": RAM, "meminfo:CommitLimit": RAM // 4 * ratio // 100 * 4}


GOOD = Made(
    counters={"at first": limits(50), "ratio = 37": limits(37)},
    records={"memory at first": 0, "memory memory = 0": 0, "memory memory = 1": 1,
             "ratio at first": 50, "ratio ratio = 50": 50, "ratio ratio = 37": 37, "ratio ratio = 0": 0,
             "kbytes kbytes = 0": 0, "kbytes kbytes = 100000": 100_000,
             "ratio before kbytes": 37, "ratio after kbytes": 0, "kbytes after kbytes": 100_000,
             "kbytes after ratio": 0})

IDS = ("overcommit-default-0", "oc2-default-ratio-50", "overcommit-kbytes-exclusive")
CONFIRMS = dict.fromkeys(IDS, GOOD)
REFUTES = {"overcommit-default-0": GOOD.but(records={"memory at first": 1}),
           "oc2-default-ratio-50": GOOD.but(
               counters={"ratio = 37": {"meminfo:CommitLimit": RAM // 4 * 37 // 100 * 4 + 4}}),
           "overcommit-kbytes-exclusive": GOOD.but(records={"kbytes after ratio": 100_000})}
