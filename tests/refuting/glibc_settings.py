"""glibc: a page given back or kept, a block in the heap or not."""

from harness.false_evidence.made import Made, States, cases

SIZE, COUNT, BASE, WHOLE = 102_400, 64, 1 << 30, 1600
MIDDLE, TOP_ONLY = "malloc-trim-middle", "malloc-trim-top-only"
FLAGS = ("malloc-arena-max-1", "malloc-threshold-dynamic-32m", "malloc-threshold-set-fixes")


def states(absent: int) -> States:
    return {"anonymous": WHOLE - absent, "absent": absent}


def given_back(claim: str, asked: int, true: int, false: int) -> Made:
    found = cases(claim, asked, true, false).items()
    return Made(records={case: {"size": SIZE, "start": BASE, "blocks": [BASE + n * SIZE for n in range(COUNT)]} for case,
                _ in found},
                pages={case: {case: states(absent)} for case, absent in found})


def flags(asked: int) -> dict[str, Made]:
    return {claim: Made(records=cases(claim, asked, 1, 0)) for claim in FLAGS}


CONFIRMS = {MIDDLE: given_back(MIDDLE, 1, WHOLE, 0), TOP_ONLY: given_back(TOP_ONLY, 0, 0, WHOLE), **flags(1)}
REFUTES = {MIDDLE: given_back(MIDDLE, 0, WHOLE, 0), TOP_ONLY: given_back(TOP_ONLY, 1, 0, WHOLE), **flags(0)}
