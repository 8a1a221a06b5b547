"""Is shared memory of the three kinds memory of files on tmpfs?

A process maps a POSIX object, a System V segment and shared anonymous memory. Behind each mapping, statfs on its
entry in /proc/PID/map_files names the file system, and kpageflags tell whether its pages are page cache that is
backed by swap. A tmpfs file and a disk file are asked the same. A guest has a /dev/shm only once it is mounted, as
systems do it; that they do is a claim of its own (devshm.py).
"""

from experiments.sections import SHARED_MEMORY
from harness.claims import CONFIRMED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Known, Not
from harness.needs import MIB, Needs
from harness.operations import IPC_RMID, TMPFS_MAGIC, numbers
from harness.procedure import Lab
from harness.quantities import Pages, Quantity, Recorded, pages

SIZE = 4 * MIB
LINKS = 3       # of what `stat` replies (probes/file.c)

POSIX = Claim(
    "posix-shm-is-tmpfs", "POSIX shared memory is a file on tmpfs.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "shm_overview(7): objects are files of the tmpfs that is mounted on /dev/shm"),))
SYSV = Claim(
    "sysv-shm-is-tmpfs", "System V shared memory is tmpfs memory too.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "ipc/shm.c, newseg: shmem_kernel_file_setup, a file on the kernel's own tmpfs mount "
                            "(v6.12)"),))
ANONYMOUS = Claim(
    "shared-anon-is-tmpfs-file", "A shared anonymous mapping is an unnamed tmpfs file (and so is zero-filled).",
    SHARED_MEMORY, known=(Known(CONFIRMED, "mm/shmem.c, shmem_zero_setup: a file on the kernel's own tmpfs mount, "
                                           "without a link (v6.12)"),))


def procedure(lab: Lab) -> None:
    paths = {"tmpfs": lab.mount_tmpfs() + "/file", "disk": lab.mount_disk() + "/file",
             "POSIX": lab.mount_shm() + "/object"}
    probe = lab.probe()
    objects = {"tmpfs": probe.create_file(paths["tmpfs"], SIZE), "disk": probe.create_file(paths["disk"], SIZE),
               "unlinked": probe.create_file(paths["tmpfs"] + "-unlinked", SIZE),
               "POSIX": probe.shm_open("/object").value}
    probe.unlink(paths["tmpfs"] + "-unlinked")
    probe.ftruncate(objects["POSIX"], SIZE)
    regions = {name: probe.map(SIZE, shared=True, fd=fd) for name, fd in objects.items()}
    segment = probe.shmget(SIZE).value
    regions["System V"] = probe.region(probe.shmat(segment).value, SIZE)
    regions["anonymous"] = probe.map(SIZE, shared=True)
    for name, region in {**regions, "private": probe.map(SIZE)}.items():
        content = probe.peek(region.address, 1 * MIB).text
        lab.record(f"{name}: not zero", len(content) - content.count(b"\0"))
    for name, region in regions.items():
        region.fill()
        lab.record(f"{name}: file system", lab.hand.statfs(region.file).value)
        lab.record(f"{name}: links", identity(lab, region.file)[LINKS])
    for mapped, path in (("POSIX", "POSIX"), ("disk", "disk"), ("unlinked", "tmpfs")):
        same = identity(lab, regions[mapped].file)[:2] == identity(lab, paths[path])[:2]
        lab.record(f"{mapped}: same file", int(same))
    lab.sample("filled", pages=regions)
    probe.shm_unlink("/object")
    probe.shmctl(segment, IPC_RMID)


def identity(lab: Lab, path: str) -> tuple[int, ...]:
    """Device, inode, mode, links, … of a file."""
    return numbers(lab.hand.stat(path).text)


def on_tmpfs(claim: Claim, kind: str, what: str) -> tuple[Expect, Expect]:
    def file_system(of: str, title: str) -> Quantity:
        return Recorded(f"{of}: file system", title=f"magic number of the file system behind {title}")

    def shmem(of: str, title: str) -> Quantity:
        return Pages("filled", of, "shmem").called(f"page cache that is swap-backed, in {title}")

    return (
        Expect(claim, file_system(kind, what),
               if_true=Exactly(TMPFS_MAGIC, "TMPFS_MAGIC of statfs(2)"), if_false=Not(TMPFS_MAGIC, "another one"),
               reads_true=file_system("tmpfs", "a tmpfs file"), reads_false=file_system("disk", "an ext4 file"),
               says=f"Behind {what} statfs names file system {{value}}, which is tmpfs."),
        Expect(claim, shmem(kind, what),
               if_true=Exactly(pages(SIZE), "every page that was filled"),
               if_false=AtMost(pages(SIZE) - 1, "anonymous, of a disk's file, or not there"),
               reads_true=shmem("tmpfs", "a tmpfs file"), reads_false=shmem("disk", "an ext4 file"),
               says="Of {bound} pages filled {value} are page cache that is swap-backed, as tmpfs pages are."))


def recorded(name: str, title: str, units: str = "") -> Quantity:
    return Recorded(name, units, title=title)


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    expects=(
        *on_tmpfs(POSIX, "POSIX", "a POSIX object"),
        Expect(POSIX, recorded("POSIX: same file", "the object is the file of its name in /dev/shm"),
               if_true=Exactly(1, "the same device and inode"), if_false=Exactly(0, "not the same file"),
               reads_true=recorded("disk: same file", "a mapped ext4 file is the file of its name"),
               reads_false=recorded("unlinked: same file", "a mapped and unlinked file is its neighbour"),
               says="It is the file of its name in /dev/shm, with the same device and inode ({value})."),
        *on_tmpfs(SYSV, "System V", "a System V segment"),
        *on_tmpfs(ANONYMOUS, "anonymous", "a shared anonymous mapping"),
        Expect(ANONYMOUS, recorded("anonymous: links", "names of the file behind a shared anonymous mapping"),
               if_true=Exactly(0, "no link: unnamed"), if_false=AtLeast(1, "it has a name somewhere"),
               reads_true=recorded("unlinked: links", "names of an unlinked tmpfs file"),
               reads_false=recorded("tmpfs: links", "names of a tmpfs file"),
               says="That file has {value} names."),
        Expect(ANONYMOUS, recorded("anonymous: not zero", "bytes that are not zero in a fresh shared mapping", "bytes"),
               if_true=Exactly(0, "zero-filled"), if_false=AtLeast(1, "one is enough"),
               reads_true=recorded("private: not zero", "the same of a fresh private mapping", "bytes"),
               reads_false=recorded("tmpfs: not zero", "the same of a written tmpfs file", "bytes"),
               says="Of its first MiB {value} bytes were not zero."),
    ),
)
