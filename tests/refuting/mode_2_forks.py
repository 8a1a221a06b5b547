"""What forks need in mode 2: one answer that is the other."""

import errno

from harness.false_evidence.made import Made, cases

NO = errno.ENOMEM
FORK, VFORK = "oc-fork-counts-private", "oc-vfork-free"


def forked(untouched: int, touched: int, once_more: int) -> Made:
    return Made(records={**cases(f"{FORK}.untouched", untouched, NO, 0), **cases(f"{FORK}.touched", touched, NO, 0),
                         **cases(f"{FORK}.once more", once_more, 0, NO)})


def vforked(large: int, used_up: int) -> Made:
    return Made(records={**cases(f"{VFORK}.large", large, 0, NO), **cases(f"{VFORK}.used up", used_up, 0, NO)})


CONFIRMS = {FORK: forked(NO, NO, 0), VFORK: vforked(0, 0)}
REFUTES = {FORK: forked(0, NO, 0), VFORK: vforked(0, NO)}
