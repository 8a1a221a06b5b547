"""What a procedure works with, and its front door: `from harness.lab import …`.

A Lab is the bench of one arm of one trial: it makes Sandboxes and Probes, takes samples, mounts, switches swap on, and
records. A Probe carries out operations; a Region is memory of a probe's. The constants are those that the operations take,
by their names in the manual pages. What several experiments have in common lies in harness.lab.helpers, by subject.
"""

from harness.agent.constants import (
    ANONYMOUS,
    COLD,
    DONTNEED,
    EXECUTE,
    EXT4_MAGIC,
    FIXED,
    GETVAL,
    HUGEPAGE,
    HUGETLB,
    IPC_CREAT,
    IPC_NOWAIT,
    IPC_RMID,
    IPC_STAT,
    MCL_CURRENT,
    MCL_FUTURE,
    MLOCK_ONFAULT,
    MPOL_BIND,
    MS_ASYNC,
    MS_SYNC,
    NO_REQUEST,
    NORESERVE,
    PAGEOUT,
    POPULATE,
    PRIVATE,
    RAMFS_MAGIC,
    RANDOM,
    READ,
    SETVAL,
    SHARED,
    SHM_LOCK,
    SHM_UNLOCK,
    TMPFS_MAGIC,
    WRITE,
)
from harness.agent.operations import numbers
from harness.agent.target import Pending
from harness.agent.wire import Reply
from harness.errors import LabError, Skip
from harness.lab.lab import Lab
from harness.lab.pinning import Absent
from harness.lab.probe import Probe, Region, SystemCall
from harness.lab.sandbox import Sandbox
from harness.linux.pages import frames

__all__ = [
    "ANONYMOUS",
    "COLD",
    "DONTNEED",
    "EXECUTE",
    "EXT4_MAGIC",
    "FIXED",
    "GETVAL",
    "HUGEPAGE",
    "HUGETLB",
    "IPC_CREAT",
    "IPC_NOWAIT",
    "IPC_RMID",
    "IPC_STAT",
    "MCL_CURRENT",
    "MCL_FUTURE",
    "MLOCK_ONFAULT",
    "MPOL_BIND",
    "MS_ASYNC",
    "MS_SYNC",
    "NORESERVE",
    "NO_REQUEST",
    "PAGEOUT",
    "POPULATE",
    "PRIVATE",
    "RAMFS_MAGIC",
    "RANDOM",
    "READ",
    "SETVAL",
    "SHARED",
    "SHM_LOCK",
    "SHM_UNLOCK",
    "TMPFS_MAGIC",
    "WRITE",
    "Absent",
    "Lab",
    "LabError",
    "Pending",
    "Probe",
    "Region",
    "Reply",
    "Sandbox",
    "Skip",
    "SystemCall",
    "frames",
    "numbers",
]
