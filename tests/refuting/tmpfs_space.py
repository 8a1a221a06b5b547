"""What a tmpfs holds and takes: a page more or less, a fall just past its bound, another answer."""

import errno

from harness.false_evidence.made import Made, cases, changed, together

ALL, LARGE, BATCH, KIB_A_PAGE = 2048, 32768, 64, 4
HALF, HALF_OF_RAM = "tmpfs-default-half", 30_000
ALLOCATES = "tmpfs-fallocate-allocates"


def half(asked: int) -> Made:
    return Made(counters={f"{HALF}.asked": {"meminfo:MemTotal": KIB_A_PAGE * (2 * HALF_OF_RAM + 1)}},
                records=cases(HALF, asked, HALF_OF_RAM, HALF_OF_RAM // 2))


def allocated(shmem: int, group: int) -> Made:
    return together(changed(f"{ALLOCATES}.Shmem", "meminfo:Shmem", shmem, ALL, 0),
                    changed(f"{ALLOCATES}.group", "/memory.current", group, ALL, 0))


def fallen(claim: str, asked: int) -> Made:
    return changed(claim, "meminfo:Shmem", -asked, -ALL, 0)


def answered(claim: str, asked: int, true: int, false: int) -> Made:
    return Made(outcomes=cases(claim, asked, true, false))


DIRTY, LONGER, SET_ASIDE = "tmpfs-dirty-counts", "tmpfs-truncate-extends-allocates", "tmpfs-df-is-reserved"
FALLS = ("tmpfs-unlink-open-frees", "tmpfs-unlink-frees", "tmpfs-hole-punch-frees")


def available(asked: int) -> Made:
    return changed(SET_ASIDE, "meminfo:MemAvailable", -asked, -LARGE, 0)


CONFIRMS = {
    HALF: half(HALF_OF_RAM), SET_ASIDE: available(LARGE * 3 // 4),
    "tmpfs-size-over-ram": answered("tmpfs-size-over-ram", 0, 0, errno.EINVAL),
    "tmpfs-shrink-below-use": answered("tmpfs-shrink-below-use", errno.EINVAL, errno.EINVAL, 0),
    "tmpfs-inodes-enospc": answered("tmpfs-inodes-enospc", errno.ENOSPC, errno.ENOSPC, 0),
    ALLOCATES: allocated(ALL, ALL - BATCH), LONGER: changed(LONGER, "meminfo:Shmem", 1, ALL, 0),
    DIRTY: changed(DIRTY, "meminfo:Dirty", ALL * 3 // 4, ALL, 0), **{claim: fallen(claim, ALL) for claim in FALLS}}
REFUTES = {
    HALF: half(HALF_OF_RAM - 1), SET_ASIDE: available(LARGE // 4),
    "tmpfs-size-over-ram": answered("tmpfs-size-over-ram", errno.EINVAL, 0, errno.EINVAL),
    "tmpfs-shrink-below-use": answered("tmpfs-shrink-below-use", 0, errno.EINVAL, 0),
    "tmpfs-inodes-enospc": answered("tmpfs-inodes-enospc", errno.ENOMEM, errno.ENOSPC, 0),
    ALLOCATES: allocated(ALL, ALL - BATCH - 1), LONGER: changed(LONGER, "meminfo:Shmem", 0, ALL, 0),
    DIRTY: changed(DIRTY, "meminfo:Dirty", ALL // 4, ALL, 0), **{claim: fallen(claim, ALL - 1) for claim in FALLS}}
