"""Cache at the limit of a group: one kill or none, a page of a file taken or none, another errno, a page more than the limit."""

import errno

from harness.false_evidence.made import Made, cases

PAGE, SMALL, MOSTLY, HALF, ASKED, LIMIT = 4096, 2048, 1280, 1024, 517, 4096
WRITE, READ, ACTIVE, EVENT, MIN, HIGH, EXACT, EAGAIN = (
    "memcg-cache-write-ooms", "memcg-cache-read-ooms", "memcg-active-file-unreclaimable", "memcg-max-event-means-oom",
    "memcg-min-against-own-max", "memcg-high-reclaims-at-write", "memcg-reclaim-exact", "memcg-reclaim-eagain")


def killed(name: str, asked: int) -> Made:
    """So many were killed when the limit was reached; one and none in the two other cases."""
    return Made(counters={at: {f"{at}/memory.events:oom_kill": value, f"{at}/memory.events:max": 4}
                          for at, value in cases(name, asked, 1, 0).items()})


def left(name: str, asked: int, true: int = SMALL, false: int = 0) -> Made:
    active = {f"{name}.asked: cached": {f"{name}.asked/memory.stat:active_file": MOSTLY * PAGE},
              f"{name}.asked": {f"{name}.asked/memory.events:oom_kill": 0}}
    return Made(pages={at: {at: pages} for at, pages in cases(name, asked, true, false).items()}, counters=active)


def uses(asked: int) -> Made:
    return Made(counters={at: {f"{at}/memory.current": value * PAGE}
                          for at, value in cases(HIGH, asked, HALF, SMALL + 200).items()})


def answers(asked: int) -> Made:
    return Made(outcomes=cases(EAGAIN, asked, errno.EAGAIN, 0))


CONFIRMS = {WRITE: killed(WRITE, 1), READ: killed(READ, 1), ACTIVE: left(ACTIVE, SMALL), EVENT: killed(EVENT, 1),
            MIN: left(MIN, SMALL), HIGH: uses(HALF), EXACT: left(EXACT, SMALL - ASKED, SMALL - ASKED),
            EAGAIN: answers(errno.EAGAIN)}
REFUTES = {WRITE: killed(WRITE, 0), READ: killed(READ, 0), ACTIVE: left(ACTIVE, MOSTLY - 1), EVENT: killed(EVENT, 0),
           MIN: left(MIN, SMALL - 1), HIGH: uses(HALF + 1), EXACT: left(EXACT, SMALL - ASKED - 1, SMALL - ASKED),
           EAGAIN: answers(0)}
