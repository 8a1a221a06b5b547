"""mremap: a page in another frame, a request that is answered otherwise."""

import errno

from harness.false_evidence.made import Made, States, cases

KEEPS, TWICE, ANON_ONLY = "mremap-moves-frames", "mremap-zero-duplicates", "mremap-dontunmap-anon-only"
ALL = 512


def frames(same: int) -> States:
    return {"anonymous": same, "anonymous elsewhere": ALL - same}


def moved(same: int) -> Made:
    found = cases(KEEPS, same, ALL, 0).items()
    return Made(pages={**{f"{case} before": {"memory": frames(ALL)} for case, _ in found},
                       **{f"{case} after": {"memory": frames(number)} for case, number in found}})


def twice(same: int, error: int) -> Made:
    return Made(outcomes=cases(f"{TWICE}.private", error, errno.EINVAL, 0),
                pages={case: {"first": frames(ALL), "second": frames(number)}
                       for case, number in cases(f"{TWICE}.shared", same, ALL, 0).items()})


def kept(shared: int, file: int) -> Made:
    return Made(outcomes={key: value for kind, asked in (("shared", shared), ("file", file))
                          for key, value in cases(f"{ANON_ONLY}.{kind}", asked, errno.EINVAL, 0).items()})


CONFIRMS = {KEEPS: moved(ALL), TWICE: twice(ALL, errno.EINVAL), ANON_ONLY: kept(errno.EINVAL, errno.EINVAL)}
REFUTES = {KEEPS: moved(ALL - 1), TWICE: twice(ALL, 0), ANON_ONLY: kept(0, errno.EINVAL)}
ALSO_REFUTES = {ANON_ONLY: kept(errno.EINVAL, 0)}
