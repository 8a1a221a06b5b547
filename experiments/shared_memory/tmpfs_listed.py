"""Does df show a tmpfs that is mounted, with the size that it has?

df lists what /proc/self/mountinfo has, and asks statfs(2) how large each is; without -a it leaves out what has no blocks
(coreutils 9.1, src/df.c, get_dev). Both are read here for a directory: one with a tmpfs of 8 MiB, one with a tmpfs without
limit, one with a tmpfs of as many pages as 8 MiB are, and one from which a tmpfs was unmounted.
"""

from collections.abc import Callable

from experiments.sections import SHARED_MEMORY
from harness.claims import CONFIRMED, MIB, REFUTED, AtLeast, Case, Claim, Exactly, Known, Needs, Not, Small, pages, table
from harness.lab import Lab
from harness.lab.helpers.files import is_mounted, space

SIZE = 8 * MIB

LIMITED = Claim(
    "tmpfs-in-df", "A tmpfs that is mounted with a size stands in the output of df, with that size.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_statfs: f_blocks is max_blocks (v5.10 to v7.2); fs/proc_namespace.c, "
                            "show_mountinfo (v5.10 to v7.2)"),))
UNLIMITED = Claim(
    "tmpfs-unlimited-in-df", "A tmpfs that is mounted without limit (size=0) stands in the output of df too.", SHARED_MEMORY,
    known=(Known(REFUTED, "mm/shmem.c, shmem_statfs sets f_blocks only where max_blocks is not 0 (v5.10 to v7.2); df leaves out "
                          "what has no blocks"),),
    instead="Look for a tmpfs without limit in /proc/mounts, or with df -a, where its size is 0; mount it with a size to see "
            "how full it is.")


def shown(words: str, options: Callable[[Lab], str], *, unmount: bool = False) -> Case:
    """Records how many pages df shows for a directory on which a tmpfs is mounted: none where it is in no list of mounts."""
    def do(lab: Lab, at: str) -> None:
        path = lab.mount_tmpfs(options=f"huge=never,{options(lab)}")
        if unmount:
            lab.hand.umount(path)
        lab.record(at, space(lab, path)[0] if is_mounted(lab, path) else 0)
    return Case(words, do)


def limited(lab: Lab) -> str:
    return f"size={SIZE}"


IN_PAGES = shown("of a tmpfs with nr_blocks", lambda lab: f"nr_blocks={SIZE // lab.page_size}")
GONE = shown("of one that is unmounted", limited, unmount=True)

EXPERIMENT = table(
    Small(LIMITED, "pages in df", shown("of a tmpfs of 8 MiB", limited), IN_PAGES, GONE,
          if_true=Exactly(pages(SIZE), "the size that was asked for"), if_false=Not(pages(SIZE), "another size, or not listed"),
          unit="pages", says="A tmpfs of 8 MiB was shown with {value} pages."),
    Small(UNLIMITED, "pages in df", shown("of a tmpfs without limit", lambda lab: "size=0"), IN_PAGES, GONE,
          if_true=AtLeast(1, "df shows what has a block"), if_false=Exactly(0, "df leaves out what has none"),
          unit="pages", says="A tmpfs mounted with size=0 was shown with {value} pages."),
    needs=Needs(changes=("mount",)),
)
