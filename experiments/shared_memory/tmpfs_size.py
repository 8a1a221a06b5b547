"""Do tmpfs and ramfs keep to a size limit?

64 MiB are written to a tmpfs limited to 8 MiB, to one without that limit, to a ramfs mounted with the same option,
and to a disk. errno is recorded, and mincore tells how many pages each file has. Then a process writes to the limited
tmpfs through a mapping, where there is no errno to return, and Shmem tells how far it got.
"""

import errno
import os

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Change, Claim, Exactly, Expect, Experiment, Known, Needs, Not, Pages, Quantity,
    Recorded, pages,
)
from harness.lab import Lab

SIZE, LIMIT = 64 * MIB, 8 * MIB

BOUNDED = Claim(
    "tmpfs-bounded", "tmpfs keeps to its size limit (ENOSPC).", SHARED_MEMORY,
    known=(Known(CONFIRMED, "tmpfs(5), size; mm/shmem.c, shmem_inode_acct_blocks (v6.12, v7.2), shmem_inode_acct_block (v5.10, "
                            "v6.1): -ENOSPC past max_blocks"),))
UNBOUNDED = Claim(
    "ramfs-unbounded", "ramfs has no size limit: mounted with size=8m it stores 64 MiB.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "fs/ramfs/inode.c, ramfs_parse_param: ramfs ignores all options but mode (v6.12)"),))


def procedure(lab: Lab) -> None:
    directories = {"tmpfs": lab.mount_tmpfs("small", f"huge=never,size={LIMIT}"), "wide": lab.mount_tmpfs("wide"),
                   "ramfs": lab.mount_ramfs("ramfs", f"size={LIMIT}"), "disk": lab.mount_disk()}
    files = {name: f"{directory}/file" for name, directory in directories.items()}
    probe = lab.probe()
    for name, path in files.items():
        fd = probe.open(path, os.O_RDWR | os.O_CREAT).value
        lab.record(f"{name}: errno", probe.attempt.write(fd, SIZE).error)
        probe.close(fd)
    lab.record("/dev/full: errno", probe.attempt.write(probe.open("/dev/full").value, SIZE).error)
    probe.create_file(f"{directories['disk']}/small", LIMIT)
    lab.sample("written", pages={**files, "small": f"{directories['disk']}/small"})
    probe.unlink(files["tmpfs"])
    lab.sample("emptied")
    # Past the limit through a mapping: there is no errno to return, so the writer gets a SIGBUS.
    writer = lab.probe("writer")
    fd = writer.open(files["tmpfs"], os.O_RDWR | os.O_CREAT).value
    writer.ftruncate(fd, SIZE)
    memory = writer.map(SIZE, shared=True, fd=fd)
    writer.attempt.fill(memory.address, memory.length)
    lab.sample("mapped")
    probe.map(LIMIT, shared=True).fill()
    lab.sample("filled 8 MiB")
    probe.map(SIZE, shared=True).fill()
    lab.sample("filled 64 MiB")


def answer(name: str, what: str) -> Quantity:
    return Recorded(f"{name}: errno", "errno", title=f"errno of writing 64 MiB to {what}")


def stored(name: str, what: str) -> Quantity:
    return Pages("written", name).called(f"pages stored in {what}")


def growth(since: str, until: str, what: str) -> Quantity:
    return Change("meminfo:Shmem", since, until).called(f"growth of Shmem by {what}")


FULL = Exactly(pages(LIMIT), "all that fits and no page above it")
BEYOND = AtLeast(pages(LIMIT) + 1, "one is enough")

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    expects=(
        Expect(BOUNDED, answer("tmpfs", "a tmpfs of 8 MiB"),
               if_true=Exactly(errno.ENOSPC, "ENOSPC, as the claim says"),
               if_false=Not(errno.ENOSPC, "taken, or refused otherwise"),
               reads_true=answer("/dev/full", "/dev/full, which is always full"),
               reads_false=answer("wide", "a tmpfs of half the memory"),
               says="Writing 64 MiB to a tmpfs of 8 MiB ended with {value:errno}."),
        Expect(BOUNDED, stored("tmpfs", "a tmpfs of 8 MiB by write()"),
               if_true=FULL, if_false=BEYOND,
               reads_true=stored("small", "a disk file of 8 MiB"),
               reads_false=stored("wide", "a tmpfs of half the memory"),
               says="It stored {value} pages."),
        Expect(BOUNDED, growth("emptied", "mapped", "touching 64 MiB of a file on a tmpfs of 8 MiB"),
               if_true=FULL, if_false=BEYOND,
               reads_true=growth("mapped", "filled 8 MiB", "touching 8 MiB of shared memory"),
               reads_false=growth("filled 8 MiB", "filled 64 MiB", "touching 64 MiB of shared memory"),
               says="Touched through a mapping it stored {value} pages."),
        Expect(UNBOUNDED, stored("ramfs", "a ramfs with size=8m"),
               if_true=Exactly(pages(SIZE), "all 64 MiB"), if_false=AtMost(pages(SIZE) - 1, "a limit stopped it"),
               reads_true=stored("disk", "a disk file of 64 MiB"), reads_false=stored("tmpfs", "a tmpfs of 8 MiB"),
               says="A ramfs mounted with size=8m stored {value} of {bound} pages."),
    ),
)
