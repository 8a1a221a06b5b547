"""Is /dev/shm a tmpfs on an installed system?

statfs on /dev/shm names the type of its file system, as the installed system mounted it. A tmpfs and a ramfs that the
lab mounts itself are asked the same.
"""

from experiments.sections import SHARED_MEMORY
from harness.claims import CONFIRMED, Claim, Exactly, Expect, Experiment, Known, Not
from harness.needs import Needs
from harness.operations import TMPFS_MAGIC
from harness.procedure import Lab
from harness.quantities import Quantity, Recorded

IS_TMPFS = Claim(
    "devshm-is-tmpfs",
    "On an installed distribution /dev/shm is a tmpfs (decided on a whole system, not where the lab itself mounts it).",
    SHARED_MEMORY,
    known=(Known(CONFIRMED, "shm_overview(7), Mounting; systemd 252, src/shared/mount-setup.c mounts a tmpfs there"),))


def procedure(lab: Lab) -> None:
    for path in ("/dev/shm", lab.mount_tmpfs(), lab.mount_ramfs()):
        lab.record(f"file system of {path}", lab.hand.statfs(path).value)


def magic(path: str, what: str) -> Quantity:
    return Recorded(f"file system of {path}", title=f"magic number of {what}")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    needs=Needs(changes=("mount",), system=True),
    expects=(Expect(
        IS_TMPFS, magic("/dev/shm", "the file system of /dev/shm"),
        if_true=Exactly(TMPFS_MAGIC, "TMPFS_MAGIC of statfs(2)"),
        if_false=Not(TMPFS_MAGIC, "another file system, or the directory of one"),
        reads_true=magic("/mnt/tmpfs", "a tmpfs"), reads_false=magic("/mnt/ramfs", "a ramfs"),
        says="statfs names file system {value} for /dev/shm; tmpfs is {bound}."),),
)
