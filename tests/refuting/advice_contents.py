"""Contents after advice: one page of 512 that is otherwise than the claim says, one page that stays, a signal."""

import signal

from harness.false_evidence.made import Made, cases

ALL = 512


def pages(claim: str, asked: int) -> Made:
    return Made(records=cases(claim, asked, ALL, 0))


def wiped(child: int, parent: int) -> Made:
    ID = "madv-wipeonfork-zero"
    return Made(records={**cases(f"{ID}.child", child, ALL, 0), **cases(f"{ID}.parent", parent, ALL, 0)})


WHOLE = ("madv-dontneed-anon-zero", "madv-dontneed-shared-lost", "madv-dontneed-private-file")
HINT, NO_MAPPING, WIPED = "madv-dontneed-is-hint", "madv-dontfork-segv", "madv-wipeonfork-zero"

CONFIRMS = {**{claim: pages(claim, ALL) for claim in WHOLE}, HINT: Made(records=cases(HINT, 1, 1792, 0)),
            NO_MAPPING: Made(records=cases(NO_MAPPING, signal.SIGSEGV, signal.SIGSEGV, 0)), WIPED: wiped(ALL, ALL)}
REFUTES = {**{claim: pages(claim, ALL - 1) for claim in WHOLE}, HINT: Made(records=cases(HINT, 0, 1792, 0)),
           NO_MAPPING: Made(records=cases(NO_MAPPING, 0, signal.SIGSEGV, 0)), WIPED: wiped(ALL, ALL - 1)}
