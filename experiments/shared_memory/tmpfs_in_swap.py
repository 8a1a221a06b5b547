"""Where are tmpfs pages counted that are in swap, and does noswap keep them out of it?

A process of a group writes a tmpfs file of 8 MiB, and the group is squeezed until what can go is in swap. Shmem of the machine,
what statfs says is used, and mincore of the file tell the answers. A file that is not squeezed, one that was truncated after it,
and one on a tmpfs without the option show how they read.
"""

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtMost, Besides, Case, Change, Claim, Disk, Document, Exactly, Known, Needs, Pages, Premise, Small,
    pages, table,
)
from harness.lab import Lab
from harness.lab.helpers.files import space
from harness.lab.helpers.reclaim import swap_out

SIZE = 8 * MIB
RST = "Documentation/filesystems/tmpfs.rst"

SHMEM = Claim(
    "tmpfs-swapped-still-shmem", "All tmpfs pages show as Shmem, swapped ones too.", SHARED_MEMORY,
    known=(Known(REFUTED, "mm/shmem.c, shmem_delete_from_page_cache takes a page off NR_SHMEM when it goes to swap "
                          "(v5.10 to v7.2)"),),
    instead="Add up df or du of the mounts: Shmem counts what of tmpfs and shared memory is in RAM, and what was swapped out is "
            "only in the used swap.",
    document=Document(f"{RST}, “tmpfs pages will be shown as \"Shmem\" in /proc/meminfo” (v5.10 to v7.2)",
                      "tmpfs pages in memory are shown as Shmem in /proc/meminfo and as shared in free(1); those in swap are "
                      "not, and only df(1) and du(1) count both."))
IN_DF = Claim(
    "tmpfs-swapped-counts-df", "Swapped tmpfs pages still count against its size.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_statfs: used_blocks, which fall only when a page or its swap is freed (v5.10 to "
                            "v7.2)"),))
NOSWAP = Claim(
    "tmpfs-noswap", "noswap keeps a tmpfs out of swap (6.4+).", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_parse_one: noswap (v6.12 to v7.2)"),),
    document=Document(f"{RST}, noswap (v6.12 to v7.2)"))


def written(words: str, *, squeeze: bool = True, truncate: bool = False, options: str = "huge=never") -> Case:
    """Samples before and after a file is written, with its pages, and records how many pages statfs calls used."""
    def do(lab: Lab, at: str) -> None:
        lab.swapon()
        directory = lab.mount_tmpfs()
        if lab.hand.attempt.mount("tmpfs", directory, "tmpfs", options).error:
            lab.skip(f"this kernel's tmpfs has no option {options}")
        lab.hand.umount(directory)
        lab.mount_tmpfs(options=options)
        box = lab.sandbox(at)
        probe = lab.probe(at, box)
        lab.sample(f"{at}: before")
        fd = probe.create_file(f"{directory}/file", SIZE)
        if squeeze:
            swap_out(lab, box)
        lab.sample(f"{at}: squeezed", pages={"file": f"{directory}/file"})
        if truncate:
            probe.ftruncate(fd, 0)
        holds, free = space(lab, directory)
        lab.record(at, holds - free)
        lab.sample(f"{at}: after")
    return Case(words, do)


SQUEEZED, LEFT = written("of a file that is squeezed"), written("of a file that is not squeezed", squeeze=False)
TRUNCATED = written("of a file that was squeezed and truncated", truncate=True)
ALL = (Exactly(pages(SIZE), "every page"), AtMost(pages(SIZE) - 1, "one page that is not is enough"))
EXPERIMENT = table(
    Small(SHMEM, "growth of Shmem", SQUEEZED, LEFT, TRUNCATED, *ALL,
          of=lambda at: Change("meminfo:Shmem", f"{at}: before", f"{at}: after"),
          says="Of {bound} pages of a squeezed tmpfs file {value} were in Shmem."),
    Small(IN_DF, "pages used", SQUEEZED, LEFT, TRUNCATED, *ALL, unit="pages",
          says="Of {bound} pages of a squeezed tmpfs file {value} counted as used."),
    Small(NOSWAP, "pages resident", written("of a squeezed file, with noswap", options="noswap"), LEFT, SQUEEZED, *ALL,
          of=lambda at: Pages(f"{at}: squeezed", "file"),
          says="Of {bound} pages of a file on a tmpfs with noswap {value} stayed in memory."),
    axes={"lru": ("classic", "mglru")},
    besides=(Besides(IN_DF, Pages(f"{IN_DF.id}.asked: squeezed", "file"), AtMost(pages(SIZE) - 1),
                     "Of them {value} were in memory, and the others in swap."),),
    premises=tuple(Premise(claim, Pages(f"{claim.id}.asked: squeezed", "file"), AtMost(pages(SIZE) // 4),
                           "most of it is not in swap") for claim in (SHMEM, IN_DF)),
    version=2,
    needs=Needs(disks=(Disk("swap", "swap", 64 * MIB),), changes=("mount", "swap")),
)
