"""What /dev/shm limits: a page past its size, another answer, another signal."""

import errno
import signal

from harness.false_evidence.made import Made, cases, changed

ALL, LIMIT = 8192, 2048
SYSV, MEMFD, SIGBUS = "shm-dev-shm-limits-sysv", "memfd-beyond-dev-shm", "shm-full-sigbus"
TRUNCATE, ALLOCATE = "shm-open-full-enospc", "shm-fallocate-safe"


def answered(claim: str, asked: int) -> Made:
    return Made(outcomes=cases(claim, asked, errno.ENOSPC, 0))


def ended(asked: int) -> Made:
    return Made(outcomes=cases(SIGBUS, {"ended": asked or None}, {"ended": int(signal.SIGBUS)}, 0))


CONFIRMS = {SYSV: changed(SYSV, "meminfo:Shmem", LIMIT, LIMIT, ALL), SIGBUS: ended(signal.SIGBUS),
            MEMFD: changed(MEMFD, "meminfo:Shmem", LIMIT + 1, ALL, LIMIT),
            TRUNCATE: answered(TRUNCATE, errno.ENOSPC), ALLOCATE: answered(ALLOCATE, errno.ENOSPC)}
REFUTES = {SYSV: changed(SYSV, "meminfo:Shmem", LIMIT + 1, LIMIT, ALL), SIGBUS: ended(0),
           MEMFD: changed(MEMFD, "meminfo:Shmem", LIMIT, ALL, LIMIT),
           TRUNCATE: answered(TRUNCATE, 0), ALLOCATE: answered(ALLOCATE, errno.ENOMEM)}
