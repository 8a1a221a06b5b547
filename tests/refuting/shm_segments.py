"""System V segments: another limit, another answer, a page that stays, a page past what is charged ahead."""

import errno

from harness.false_evidence.made import Made, cases, changed, together

ALL, LARGE, BATCH = 4096, 16384, 64
DEFAULT, TAKES, REMOVED = "shmmax-default-32m", "shmget-takes-memory", "shm-rmid-attached-gone"
AGAIN, TOUCHER = "shm-rmid-reattach", "shm-counts-in-group-of-toucher"


def default(mib: int, answer: int) -> Made:
    return Made(records=cases(f"{DEFAULT}.value", mib, 32, 64), outcomes=cases(f"{DEFAULT}.segment", answer, errno.EINVAL, 0))


def charged(toucher: int, later: int, creator: int) -> Made:
    return together(changed(f"{TOUCHER}.toucher", "/memory.current", toucher, ALL, 0),
                    changed(f"{TOUCHER}.later", "/memory.current", later, 0, ALL),
                    changed(f"{TOUCHER}.creator", "/memory.current", creator, 0, ALL))


def answered(asked: int) -> Made:
    return Made(outcomes=cases(AGAIN, asked, 0, errno.EINVAL))


CONFIRMS = {DEFAULT: default(32, errno.EINVAL), TAKES: changed(TAKES, "meminfo:Shmem", LARGE, LARGE, 0),
            REMOVED: changed(REMOVED, "meminfo:Shmem", -ALL, -ALL, 0), AGAIN: answered(0),
            TOUCHER: charged(ALL - BATCH, 2 * BATCH, 2 * BATCH)}
REFUTES = {DEFAULT: default(33, 0), TAKES: changed(TAKES, "meminfo:Shmem", LARGE - 1, LARGE, 0),
           REMOVED: changed(REMOVED, "meminfo:Shmem", 1 - ALL, -ALL, 0), AGAIN: answered(errno.EINVAL),
           TOUCHER: charged(ALL - BATCH, 2 * BATCH + 1, 0)}
