"""Shared memory that is no tmpfs file: one anonymous page, another file system."""

from harness.false_evidence.made import Made

N, TMPFS, EXT4, RAMFS = 1024, 0x01021994, 0xEF53, 0x858458F6


def file(system: int, device: int, inode: int) -> dict[str, int]:
    return {"file system": system, "device": device, "inode": inode, "links": 1}


FILES = {"tmpfs": file(TMPFS, 30, 2), "disk": file(EXT4, 254, 12), "POSIX": file(TMPFS, 31, 2),
         "System V": file(TMPFS, 1, 3)}

GOOD = Made(
    pages={"filled": {"tmpfs": {"shmem": N}, "POSIX": {"shmem": N}, "System V": {"shmem": N}, "disk": {"file": N}}},
    records={**{f"{name}: file": found for name, found in FILES.items()},
             **{f"{name} by name: file": FILES[name] for name in ("tmpfs", "disk", "POSIX")}})

CONFIRMS = {"posix-shm-is-tmpfs": GOOD, "sysv-shm-is-tmpfs": GOOD}
REFUTES = {"posix-shm-is-tmpfs": GOOD.but(records={"POSIX: file": file(RAMFS, 31, 2)}),
           "sysv-shm-is-tmpfs": GOOD.but(pages={"filled": {"System V": {"shmem": N - 1, "anonymous": 1}}})}
