"""Shared memory that is no tmpfs file: one anonymous page, another file system, a name."""

from tests.refuting.made import Made

N, TMPFS, EXT4, RAMFS = 1024, 0x01021994, 0xEF53, 0x858458F6
KINDS = ("tmpfs", "POSIX", "System V", "anonymous")

GOOD = Made(
    pages={"filled": {**{kind: {"shmem": N} for kind in KINDS}, "disk": {"file": N}}},
    records={**{f"{kind}: file system": TMPFS for kind in KINDS}, "disk: file system": EXT4, "POSIX: same file": 1,
             "disk: same file": 1, "unlinked: same file": 0, "anonymous: links": 0, "unlinked: links": 0,
             "tmpfs: links": 1, "anonymous: not zero": 0, "private: not zero": 0, "tmpfs: not zero": 4084})

CONFIRMS = {"posix-shm-is-tmpfs": GOOD, "sysv-shm-is-tmpfs": GOOD, "shared-anon-is-tmpfs-file": GOOD}
REFUTES = {"posix-shm-is-tmpfs": GOOD.but(records={"POSIX: file system": RAMFS}),
           "sysv-shm-is-tmpfs": GOOD.but(pages={"filled": {"System V": {"shmem": N - 1, "anonymous": 1}}}),
           "shared-anon-is-tmpfs-file": GOOD.but(records={"anonymous: not zero": 1})}
