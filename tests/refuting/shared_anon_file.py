"""A shared anonymous mapping with one byte that is not zero."""

from harness.false_evidence.made import Made

N, TMPFS, EXT4 = 256, 0x01021994, 0xEF53


def file(system: int, links: int) -> dict[str, int]:
    return {"file system": system, "device": 1, "inode": 2, "links": links}


GOOD = Made(
    pages={"filled": {"tmpfs": {"shmem": N}, "anonymous": {"shmem": N}, "private": {"anonymous": N}}},
    records={"anonymous: file": file(TMPFS, 0), "unlinked: file": file(TMPFS, 0), "tmpfs: file": file(TMPFS, 1),
             "disk: file": file(EXT4, 1), "anonymous: not zero": 0, "private: not zero": 0, "tmpfs: not zero": 4084})

CONFIRMS = {"shared-anon-is-tmpfs-file": GOOD}
REFUTES = {"shared-anon-is-tmpfs-file": GOOD.but(records={"anonymous: not zero": 1})}
