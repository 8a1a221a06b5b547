"""What operations are told: flags and commands by their names in the manual pages, without prefixes where they are clear."""

from __future__ import annotations

import mmap as flags

PRIVATE, SHARED = flags.MAP_PRIVATE, flags.MAP_SHARED
ANONYMOUS, NORESERVE, POPULATE, FIXED, HUGETLB = flags.MAP_ANONYMOUS, 0x4000, 0x8000, 0x10, 0x40000
READ, WRITE, EXECUTE = flags.PROT_READ, flags.PROT_WRITE, flags.PROT_EXEC
NO_REQUEST = -1  # rounds of a touch: until the next request
DONTNEED, RANDOM, PAGEOUT, COLD = 4, 1, 21, 20  # madvise(2)
MS_NOATIME, MS_REMOUNT = 1024, 32  # mount(2)
MS_ASYNC, MS_SYNC = 1, 4
IPC_CREAT, IPC_NOWAIT, IPC_RMID, IPC_STAT, SHM_LOCK, SHM_UNLOCK = 0o1000, 0o4000, 0, 2, 11, 12
GETVAL, SETVAL = 12, 16  # semctl(2)
MCL_CURRENT, MCL_FUTURE = 1, 2
MLOCK_ONFAULT = 1  # mlock2(2)
MPOL_BIND = 2  # set_mempolicy(2)
TMPFS_MAGIC, RAMFS_MAGIC, EXT4_MAGIC = 0x01021994, 0x858458F6, 0xEF53  # statfs(2)
