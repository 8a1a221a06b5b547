"""Reserves: a page more or less than what the ranges of 64 MiB, of nothing and of 3 % leave."""

from harness.false_evidence.made import Made, cases

KEPT, EDGE, THREE, LARGE = 16_384, 64, 31_457, 32_768
MODE_0, MODE_2, ONE = "oc-admin-reserve-mode0", "oc-admin-reserve-mode2", "oc-user-reserve-single"


def mode_0(asked: int) -> Made:
    return Made(records=cases(MODE_0, asked, KEPT, 0))


def mode_2(user: int, root: int) -> Made:
    return Made(records={**cases(f"{MODE_2}.user", user, KEPT, 0), **cases(f"{MODE_2}.root", root, 0, KEPT)})


def one(reserve: int, share: int) -> Made:
    return Made(records={**cases(f"{ONE}.reserve", reserve, KEPT, 0), **cases(f"{ONE}.3 %", share, THREE, KEPT)})


CONFIRMS = {MODE_0: mode_0(KEPT - EDGE), MODE_2: mode_2(KEPT + EDGE, EDGE), ONE: one(KEPT, LARGE + EDGE)}
REFUTES = {MODE_0: mode_0(EDGE), MODE_2: mode_2(KEPT, KEPT - EDGE), ONE: one(KEPT, LARGE + EDGE + 1)}
