"""Locks: a page that is not locked, not there, or another's; another answer."""

import errno

from harness.false_evidence.made import Made, States, cases

ALL, KIB_A_PAGE = 512, 4
INHERITS, STACKS, UNLOCKS = "mlock-fork-inherits", "mlock-stacks", "mlock-munmap-unlocks"
EINVAL, SEGMENT = "mlock-dontneed-einval", "shm-lock-populates"


def vmlck(name: str, asked: int, true: int = ALL, false: int = 0) -> Made:
    return Made(counters={case: {f"{case}/status:VmLck": KIB_A_PAGE * pages}
                          for case, pages in cases(name, asked, true, false).items()})


def states(claim: str, state: str, other: str, asked: int, true: int = ALL, false: int = 0) -> Made:
    def of(pages: int) -> States:
        return {state: pages, other: ALL - pages}
    return Made(pages={case: {"memory": of(pages)} for case, pages in cases(claim, asked, true, false).items()})


def unlocked(locked: int, unevictable: int) -> Made:
    found = cases(f"{UNLOCKS}.Unevictable", unevictable, 0, ALL).items()
    return vmlck(f"{UNLOCKS}.VmLck", locked, 0, ALL).but(
        counters={name: {"meminfo:Unevictable": KIB_A_PAGE * pages} for case, grown in found
                  for name, pages in ((f"{case} before", 7000), (case, 7000 + grown))})


def answered(asked: int) -> Made:
    return Made(outcomes=cases(EINVAL, asked, errno.EINVAL, 0))


def resident(claim: str, asked: int, true: int = ALL, false: int = 0) -> Made:
    return states(claim, "anonymous", "absent", asked, true, false)


CONFIRMS = {
    INHERITS: vmlck(INHERITS, ALL), STACKS: vmlck(STACKS, ALL), UNLOCKS: unlocked(0, 0), EINVAL: answered(errno.EINVAL),
    "mlock-makes-resident": resident("mlock-makes-resident", ALL),
    "mlock-future-populates": resident("mlock-future-populates", ALL),
    "mlock-onfault-lazy": resident("mlock-onfault-lazy", 0, 0, ALL),
    "mlock-mcl-future-lost": resident("mlock-mcl-future-lost", 0, 0, ALL),
    "mlock-breaks-cow": states("mlock-breaks-cow", "anonymous", "file", ALL),
    "mlock-readonly-keeps-cache": states("mlock-readonly-keeps-cache", "file", "anonymous", ALL),
    SEGMENT: Made(records=cases(SEGMENT, ALL, ALL, 0))}
REFUTES = {
    INHERITS: vmlck(INHERITS, ALL - 1), STACKS: vmlck(STACKS, ALL - 1), UNLOCKS: unlocked(0, 1), EINVAL: answered(0),
    "mlock-makes-resident": resident("mlock-makes-resident", ALL - 1),
    "mlock-future-populates": resident("mlock-future-populates", ALL - 1),
    "mlock-onfault-lazy": resident("mlock-onfault-lazy", 1, 0, ALL),
    "mlock-mcl-future-lost": resident("mlock-mcl-future-lost", 1, 0, ALL),
    "mlock-breaks-cow": states("mlock-breaks-cow", "anonymous", "file", ALL - 1),
    "mlock-readonly-keeps-cache": states("mlock-readonly-keeps-cache", "file", "anonymous", ALL - 1),
    SEGMENT: Made(records=cases(SEGMENT, ALL - 1, ALL, 0))}
