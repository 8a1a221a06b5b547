"""Stacks: a page that went back, a page less than 8 MiB, another signal."""

import signal

from harness.false_evidence.made import Made, cases

DEEP, THREADS, OFF, ALMOST, KIB_A_PAGE = 1022, 16 * 2048, 64, 1792, 4
SHRINKS, EACH_8M, AT_START, OVER = "stack-shrinks", "stack-8m-resident", "stack-limit-prealloc", "stack-guard-hit-segv"


def gone(asked: int) -> Made:
    return Made(pages={case: {"memory": {"anonymous": DEEP - absent, "absent": absent}}
                       for case, absent in cases(SHRINKS, asked, DEEP, 0).items()})


def grown(asked: int) -> Made:
    found = cases(EACH_8M, asked, THREADS, 0).items()
    return Made(counters={**{f"{case} before": {f"{case}/status:VmRSS": 1000} for case, _ in found},
                          **{f"{case} after": {f"{case}/status:VmRSS": 1000 + KIB_A_PAGE * size} for case, size in found}})


def at_main(asked: int) -> Made:
    return Made(counters={case: {f"{case}/status:VmStk": KIB_A_PAGE * size}
                          for case, size in cases(AT_START, asked, ALMOST, 256).items()})


def ended(asked: int) -> Made:
    return Made(outcomes={case: {"ended": status} for case, status in cases(OVER, asked, signal.SIGSEGV, None).items()})


CONFIRMS = {SHRINKS: gone(1), EACH_8M: grown(THREADS - OFF), AT_START: at_main(ALMOST), OVER: ended(signal.SIGSEGV)}
REFUTES = {SHRINKS: gone(0), EACH_8M: grown(THREADS - OFF - 1), AT_START: at_main(ALMOST - 1), OVER: ended(signal.SIGKILL)}
