"""MADV_FREE under pressure: a page that is kept, a page that is lost, swap."""

from harness.false_evidence.made import Made, cases

LOST, WRITTEN, ALL = "madv-free-lost-under-pressure", "madv-free-write-cancels", 2048


def lost(zeros: int, swapped: int) -> Made:
    found = cases(f"{LOST}.swap", swapped, 100, ALL).items()
    return Made(records={f"{case}: zeros": number for case, number in cases(f"{LOST}.zeros", zeros, ALL, 0).items()},
                counters={**{f"{case} before": {"vmstat:pswpout": 500} for case, _ in found},
                          **{f"{case} after": {"vmstat:pswpout": 500 + number} for case, number in found}})


def written(kept: int) -> Made:
    return Made(records={f"{case}: kept": number for case, number in cases(WRITTEN, kept, ALL, 0).items()})


CONFIRMS = {LOST: lost(ALL, ALL // 4), WRITTEN: written(ALL)}
REFUTES = {LOST: lost(ALL - 1, ALL // 4), WRITTEN: written(ALL - 1)}
