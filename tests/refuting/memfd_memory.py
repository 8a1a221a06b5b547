"""A memfd's memory: a page that is not counted, one that stays or goes, a charge past what is charged ahead."""

import errno

from harness.false_evidence.made import Made, cases, changed, together

ALL, BATCH = 4096, 64
SHMEM, SEAL, NOT_CHARGED = "memfd-is-shmem", "memfd-seal-write-mapped", "memfd-not-in-group"


def shmem(counted: int, gone: int, kept: int) -> Made:
    return together(changed(f"{SHMEM}.counted", "meminfo:Shmem", counted, ALL, 0),
                    changed(f"{SHMEM}.gone", "meminfo:Shmem", -gone, -ALL, 0),
                    changed(f"{SHMEM}.kept", "meminfo:Shmem", -kept, 0, -ALL))


def charged(asked: int) -> Made:
    return changed(NOT_CHARGED, "/memory.current", asked, 0, ALL)


CONFIRMS = {SHMEM: shmem(ALL, ALL, 0), SEAL: Made(outcomes=cases(SEAL, 0, 0, errno.EPERM)), NOT_CHARGED: charged(2 * BATCH)}
REFUTES = {SHMEM: shmem(ALL, ALL, 1), SEAL: Made(outcomes=cases(SEAL, errno.EBUSY, 0, errno.EPERM)),
           NOT_CHARGED: charged(ALL - BATCH)}
