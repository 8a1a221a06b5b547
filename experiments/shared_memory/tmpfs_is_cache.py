"""Does a tmpfs file count as page cache: do Cached and Shmem grow by what is written to it?

16 MiB are written to a tmpfs file, read from a disk file, and filled in shared and in private memory, one after the
other. After each the growth of Cached and of Shmem is read. The disk file is cache that is no shmem, private memory
is neither.
"""

from experiments.sections import SHARED_MEMORY
from harness.claims import CONFIRMED, MIB, Change, Claim, Exactly, Expect, Experiment, Known, Needs, Not, Quantity, pages
from harness.lab import Lab

SIZE = 16 * MIB

IS_CACHE = Claim(
    "tmpfs-file-is-cache", "Writing N bytes to a tmpfs file grows Cached (and Shmem) by N.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_add_to_page_cache: each page counts in NR_FILE_PAGES and NR_SHMEM; "
                            "fs/proc/meminfo.c: Cached is NR_FILE_PAGES less swap cache and buffers (v6.12)"),))

# What takes the same amount of memory, one after the other; each ends with the sample of its name.
STEPS = ("nothing", "tmpfs", "disk", "shared", "private")


def procedure(lab: Lab) -> None:
    tmpfs, disk = lab.mount_tmpfs(), lab.mount_disk()
    probe = lab.probe()
    # The disk's file is read, not written: writing it back would bring ext4's own block maps into Cached too.
    fd = probe.create_file(f"{disk}/file", SIZE)
    lab.sync()
    lab.drop_caches(1)
    lab.sample("nothing")
    probe.create_file(f"{tmpfs}/file", SIZE)
    lab.sample("tmpfs")
    probe.read(fd, SIZE)
    lab.sample("disk")
    for name in ("shared", "private"):
        probe.map(SIZE, shared=name == "shared").fill()
        lab.sample(name)


def growth(counter: str, step: str, what: str) -> Quantity:
    return Change(f"meminfo:{counter}", STEPS[STEPS.index(step) - 1], step).called(f"growth of {counter} by {what}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    rate=0,
    expects=(
        Expect(IS_CACHE, growth("Cached", "tmpfs", "a tmpfs file"),
               if_true=Exactly(pages(SIZE), "every page that was written: the counter is exact once it is refreshed"),
               if_false=Not(pages(SIZE), "less, or more than was written"),
               reads_true=growth("Cached", "disk", "a disk file that is read"),
               reads_false=growth("Cached", "private", "private memory"),
               says="A tmpfs file of {bound} pages added {value} pages to Cached."),
        Expect(IS_CACHE, growth("Shmem", "tmpfs", "a tmpfs file"),
               if_true=Exactly(pages(SIZE), "every page that was written: the counter is exact once it is refreshed"),
               if_false=Not(pages(SIZE), "less, or more than was written"),
               reads_true=growth("Shmem", "shared", "a shared anonymous mapping"),
               reads_false=growth("Shmem", "disk", "a disk file that is read"),
               says="It added {value} pages to Shmem."),
    ),
    version=2,
)
