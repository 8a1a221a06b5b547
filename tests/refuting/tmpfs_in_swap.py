"""tmpfs pages in swap: a page less in Shmem, in df, in memory."""

from harness.false_evidence.made import Made, cases, changed

ALL = 2048
SHMEM, IN_DF, NOSWAP = "tmpfs-swapped-still-shmem", "tmpfs-swapped-counts-df", "tmpfs-noswap"

# A quarter of each file is in memory yet.
IN_SWAP = {f"{claim}.asked: squeezed": {"file": ALL // 4} for claim in (SHMEM, IN_DF)}


def shmem(asked: int) -> Made:
    return changed(SHMEM, "meminfo:Shmem", asked, ALL, 0).but(pages=IN_SWAP)


def used(asked: int) -> Made:
    return Made(records=cases(IN_DF, asked, ALL, 0), pages=IN_SWAP)


def resident(asked: int) -> Made:
    return Made(pages={f"{case}: squeezed": {"file": pages} for case, pages in cases(NOSWAP, asked, ALL, 3).items()})


CONFIRMS = {SHMEM: shmem(ALL), IN_DF: used(ALL), NOSWAP: resident(ALL)}
REFUTES = {SHMEM: shmem(ALL - 1), IN_DF: used(ALL - 1), NOSWAP: resident(ALL - 1)}
