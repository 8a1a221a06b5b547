"""What df shows of a tmpfs: a page less than its size, and one page or none of one without limit."""

from harness.false_evidence.made import Made, cases

ALL = 2048
LIMITED, UNLIMITED = "tmpfs-in-df", "tmpfs-unlimited-in-df"


def shown(claim: str, asked: int) -> Made:
    return Made(records=cases(claim, asked, ALL, 0))


CONFIRMS = {LIMITED: shown(LIMITED, ALL), UNLIMITED: shown(UNLIMITED, 1)}
REFUTES = {LIMITED: shown(LIMITED, ALL - 1), UNLIMITED: shown(UNLIMITED, 0)}
