"""What advice loads: a page more, a major fault, a page that is missing, an error that is not told."""

import errno

from harness.false_evidence.made import Made, cases

ONE_PAGE, LOADS, WRITE, REPORTS = "madv-random-one-page", "madv-willneed-loads", "madv-populate-write", "map-populate-reports"
ALL = 256


def read(pages: int) -> Made:
    return Made(pages={case: {"file": number} for case, number in cases(ONE_PAGE, pages, 1, 32).items()})


def touched(major: int) -> Made:
    return Made(outcomes={case: {"major_faults": number} for case, number in cases(LOADS, major, 0, 40).items()})


def written(resident: int, error: int) -> Made:
    return Made(outcomes=cases(f"{WRITE}.errors", error, errno.ENOMEM, 0),
                pages={case: {"memory": {"anonymous": number, "absent": ALL - number}}
                       for case, number in cases(f"{WRITE}.pages", resident, ALL, 0).items()})


def mapped(error: int) -> Made:
    return Made(outcomes=cases(REPORTS, error, errno.EACCES, 0))


CONFIRMS = {ONE_PAGE: read(1), LOADS: touched(0), WRITE: written(ALL, errno.EFAULT), REPORTS: mapped(errno.ENXIO)}
REFUTES = {ONE_PAGE: read(2), LOADS: touched(1), WRITE: written(ALL - 1, errno.EFAULT), REPORTS: mapped(0)}
