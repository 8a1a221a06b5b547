"""Modes, requests beyond CommitLimit, and what a fork adds: one number that was not taken, one request refused, one page."""

import errno

from harness.false_evidence.made import Made, cases

TAKES, ONLY_2, AGAIN = "overcommit-takes-0-1-2", "commit-limit-only-mode2", "redis-child-commits-again"
HALF, CHILD = 131_072, 131_500


def commits(key: str, asked: int) -> dict[str, dict[str, int]]:
    grown = cases(f"{AGAIN}.{key}", asked, HALF, 40)
    return {f"{case}: {moment}": {"meminfo:Committed_AS": 4 * (9000 + pages * (moment == "after"))}
            for case, pages in grown.items() for moment in ("before", "after")}


TAKEN = Made(
    records={name: number for value in (0, 1, 2)
             for name, number in cases(f"{TAKES}.{value}", value, value, (value + 1) % 3).items()},
    outcomes={f"{name}: errno": error for value in (-1, 3)
              for name, error in cases(f"{TAKES}.{value}", errno.EINVAL, errno.EINVAL, 0).items()})
GRANTED = Made(records={name: number for mode in (0, 1) for name, number in cases(f"{ONLY_2}.{mode}", 8, 8, 3).items()})
FORKED = Made(counters={**commits("little", CHILD), **commits("half", CHILD)})

CONFIRMS = {TAKES: TAKEN, ONLY_2: GRANTED, AGAIN: FORKED}
REFUTES = {TAKES: TAKEN.but(records={f"{TAKES}.2.asked": 0}), ONLY_2: GRANTED.but(records={f"{ONLY_2}.1.asked": 7}),
           AGAIN: FORKED.but(counters=commits("little", HALF - 1))}
