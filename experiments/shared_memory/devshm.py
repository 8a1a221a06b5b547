"""Is /dev/shm a tmpfs on an installed system?

The type of the mount at /dev/shm is read, as the installed system made it. A tmpfs and a ramfs that the lab mounts
itself are asked the same.
"""

from experiments.sections import SHARED_MEMORY
from harness.claims import CONFIRMED, Claim, Exactly, Expect, Experiment, Known, Needs, Quantity, Recorded
from harness.lab import Lab
from harness.lab.helpers.files import mounted_type

IS_TMPFS = Claim(
    "devshm-is-tmpfs",
    "On an installed distribution /dev/shm is a tmpfs (decided on a whole system, not where the lab itself mounts it).",
    SHARED_MEMORY,
    known=(Known(CONFIRMED, "shm_overview(7), “Accessing shared memory objects via the filesystem”; systemd 252, "
                            "src/shared/mount-setup.c mounts a tmpfs there"),))


def procedure(lab: Lab) -> None:
    for path in ("/dev/shm", lab.mount_tmpfs(), lab.mount_ramfs()):
        # By the mount's type: a mere directory of devtmpfs has the magic number of tmpfs too.
        lab.record(f"type of {path}", mounted_type(lab, path))
        lab.record(f"{path} is a tmpfs", int(mounted_type(lab, path) == "tmpfs"))


def tmpfs(path: str, what: str) -> Quantity:
    return Recorded(f"{path} is a tmpfs", title=f"whether {what} is a mounted tmpfs")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    needs=Needs(changes=("mount",), system=True),
    expects=(Expect(
        IS_TMPFS, tmpfs("/dev/shm", "/dev/shm"),
        if_true=Exactly(1, "its mount has the type tmpfs"), if_false=Exactly(0, "another type, or no mount"),
        reads_true=tmpfs("/mnt/tmpfs", "a tmpfs"), reads_false=tmpfs("/mnt/ramfs", "a ramfs"),
        says="/dev/shm {value:was|was not} a mounted tmpfs."),),
    version=2,
)
