"""Is POSIX and System V shared memory the memory of files on tmpfs?

A process maps a POSIX object, a System V segment and shared anonymous memory. Behind each mapping, statfs on its
entry in /proc/PID/map_files names the file system, and kpageflags tell whether its pages are page cache that is
backed by swap. A tmpfs file and a disk file are asked the same. A guest has a /dev/shm only once it is mounted, as
systems do it; that they do is a claim of its own (devshm.py).
"""

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, AtMost, Claim, Exactly, Expect, Experiment, Known, Needs, Not, Pages, Quantity, pages,
)
from harness.lab import IPC_RMID, TMPFS_MAGIC, Lab
from harness.lab.helpers.files import file_system, identify, same_file

SIZE = 4 * MIB

POSIX = Claim(
    "posix-shm-is-tmpfs", "POSIX shared memory is a file on tmpfs.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "shm_overview(7): objects are files of the tmpfs that is mounted on /dev/shm"),))
SYSV = Claim(
    "sysv-shm-is-tmpfs", "System V shared memory (without SHM_HUGETLB) is tmpfs memory too.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "ipc/shm.c, newseg: shmem_kernel_file_setup, a file on the kernel's own tmpfs mount "
                            "(v5.10, v6.12)"),))


def procedure(lab: Lab) -> None:
    paths = {"tmpfs": lab.mount_tmpfs() + "/file", "disk": lab.mount_disk() + "/file",
             "POSIX": lab.mount_shm() + "/object"}
    probe = lab.probe()
    opened = {name: probe.create_file(paths[name], SIZE) for name in ("tmpfs", "disk")}
    opened["POSIX"] = probe.shm_open("/object").value
    probe.ftruncate(opened["POSIX"], SIZE)
    regions = {name: probe.map(SIZE, shared=True, fd=fd) for name, fd in opened.items()}
    segment = probe.shmget(SIZE).value
    regions["System V"] = probe.region(probe.shmat(segment).value, SIZE)
    for name, region in regions.items():
        identify(lab, name, region.fill().file)
    for name, path in paths.items():
        identify(lab, f"{name} by name", path)
    lab.sample("filled", pages=regions)
    probe.shm_unlink("/object")
    probe.shmctl(segment, IPC_RMID)


def on_tmpfs(claim: Claim, kind: str, what: str) -> tuple[Expect, Expect]:
    def magic(of: str, title: str) -> Quantity:
        return file_system(of, f"magic number of the file system behind {title}")

    def shmem(of: str, title: str) -> Quantity:
        return Pages("filled", of, "shmem").called(f"page cache that is swap-backed, in {title}")

    return (
        Expect(claim, magic(kind, what),
               if_true=Exactly(TMPFS_MAGIC, "TMPFS_MAGIC of statfs(2)"), if_false=Not(TMPFS_MAGIC, "another one"),
               reads_true=magic("tmpfs", "a tmpfs file"), reads_false=magic("disk", "an ext4 file"),
               says=f"Behind {what} statfs names the file system {{value:filesystem}}."),
        Expect(claim, shmem(kind, what),
               if_true=Exactly(pages(SIZE), "every page that was filled"),
               if_false=AtMost(pages(SIZE) - 1, "anonymous, of a disk's file, or not there"),
               reads_true=shmem("tmpfs", "a tmpfs file"), reads_false=shmem("disk", "an ext4 file"),
               says="Of {bound} pages filled {value} are page cache that is swap-backed, as tmpfs pages are."))


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    expects=(
        *on_tmpfs(POSIX, "POSIX", "a POSIX object"),
        Expect(POSIX, same_file("POSIX", "POSIX by name", "the object is the file of its name in /dev/shm"),
               if_true=Exactly(1, "the same device and inode"), if_false=Exactly(0, "not the same file"),
               reads_true=same_file("disk", "disk by name", "a mapped ext4 file is the file of its name"),
               reads_false=same_file("tmpfs", "POSIX by name", "a mapped file of another tmpfs is that file"),
               says="It {value:is|is not} the file of its name in /dev/shm, by device and inode."),
        *on_tmpfs(SYSV, "System V", "a System V segment"),
    ),
    version=2,
)
