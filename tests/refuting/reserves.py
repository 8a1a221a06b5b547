"""Reserves: a page more or less than what the ranges of 64 MiB, of nothing and of a 32nd leave."""

from harness.false_evidence.made import Made, cases

KEPT, EDGE, SIZE, SMALL = 16_384, 64, 1_049_600, 1024       # pages; sizes of a large and a small process
MODE_0, MODE_2, ONE = "oc-admin-reserve-mode0", "oc-admin-reserve-mode2", "oc-user-reserve-single"


def mode_0(asked: int) -> Made:
    return Made(records=cases(MODE_0, asked, KEPT, 0))


def mode_2(user: int, root: int) -> Made:
    return Made(records={**cases(f"{MODE_2}.user", user, KEPT, 0), **cases(f"{MODE_2}.root", root, 0, KEPT)})


def one(reserve: int, share: int) -> Made:
    sizes = {f"{case}: size": size for case, size in cases(f"{ONE}.share", SIZE, SIZE, SMALL).items()}
    return Made(records={**cases(f"{ONE}.reserve", reserve, KEPT, 0), **cases(f"{ONE}.share", share, SIZE // 32, KEPT), **sizes})


CONFIRMS = {MODE_0: mode_0(KEPT - EDGE), MODE_2: mode_2(KEPT + EDGE, EDGE), ONE: one(KEPT, SIZE // 32 + EDGE)}
REFUTES = {MODE_0: mode_0(EDGE), MODE_2: mode_2(KEPT, KEPT - EDGE), ONE: one(KEPT, SIZE // 32 + EDGE + 1)}
