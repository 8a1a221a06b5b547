"""Does mlock take pages off the evictable lists, and count them as Unevictable?

A process fills anonymous memory, locks it, then locks a mapped file; then it fills a ramfs file and memory that it does
not lock, and gives memory back. After each step the growth of Unevictable and of the four evictable lists is read, once the
processor's batch is empty. At the end the kernel's page flags tell for every page whether it is unevictable.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, MIB, REFUTED, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Not, Pages, Quantity, pages,
)
from harness.lab import Lab, Region
from harness.lab.helpers.reclaim import empty_batch

SIZE = 8 * MIB
COUNTED = ("include/linux/mm_inline.h, lruvec_add_folio: counts it on the list of LRU_UNEVICTABLE, to which it is no longer "
           "linked")

MLOCKED = Claim(
    "mlock-unevictable", "mlock takes the pages off the evictable LRU lists and counts them as Unevictable.", RECLAIM,
    known=(Known(CONFIRMED, "mm/mlock.c, mlock_vma_page: putback_lru_page moves it to the list (v5.10)", until="5.18"),
           Known(CONFIRMED, "mm/mlock.c, __mlock_page (v6.1), __mlock_folio (v6.12): marks the page unevictable; "
                            f"{COUNTED} (v6.1, v6.12; commit 07ca76067308)", since="5.18", until="6.16"),
           Known(REFUTED, "mm/rmap.c, __folio_add_file_rmap (v6.12): a fault in a locked mapping marks single pages, and leaves "
                          "large folios to reclaim; fs/ext4/inode.c, ext4_set_inode_mapping_order: files have large folios "
                          "since 6.16 (v7.2); measured on 6.16 and 6.17", since="6.16", until="6.18"),
           Known(CONFIRMED, "commits 357b92761d94 and ab521b4142aa (v6.18): a fault maps and marks a whole large folio; "
                            f"mm/mlock.c, __mlock_folio (v7.2); {COUNTED} (v7.2)", since="6.18")),
    discovery="On 6.16 and 6.17 no page of a file that is mapped and then mlocked is unevictable, and Unevictable does not count "
              "them. ext4 gives files large folios since 6.16; the fault that maps one into a locked mapping leaves it to "
              "reclaim (mm/rmap.c, __folio_add_file_rmap, v6.12), which marks it when it meets it. Commits 357b92761d94 and "
              "ab521b4142aa (v6.18) mend it. Write a file of some MiB to ext4, map it, mlock it, and read Unevictable before "
              "and after to repeat it.",
    instead="Read VmLck in /proc/PID/status, or Locked in smaps, to see what is locked: on 6.16 and 6.17 Unevictable leaves out "
            "mlocked files of large folios until reclaim meets them.")

MOMENTS = ("anon filled", "anon locked", "file locked", "ramfs filled", "plain filled", "other freed")
EVICTABLE = ("Active(anon)", "Inactive(anon)", "Active(file)", "Inactive(file)")


def procedure(lab: Lab) -> None:
    probe = lab.probe()
    file = probe.map(SIZE, shared=True, fd=probe.create_file(lab.mount_disk() + "/file", SIZE))
    ramfs = lab.mount_ramfs() + "/file"
    lab.sync()
    spare = probe.map(lab.page_size).fill()
    regions: dict[str, Region] = {}

    def moment(name: str) -> None:
        empty_batch(spare)
        lab.sample(name, regions)

    other = probe.map(SIZE).fill()
    regions["anon"] = probe.map(SIZE).fill()
    moment("anon filled")
    regions["anon"].lock()
    moment("anon locked")
    regions["file"] = file.lock()
    moment("file locked")
    regions["ramfs"] = probe.map(SIZE, shared=True, fd=probe.create_file(ramfs, SIZE)).read()
    moment("ramfs filled")
    regions["plain"] = probe.map(SIZE).fill()
    moment("plain filled")
    other.unmap()
    moment("other freed")


def unevictable(label: str, what: str) -> Quantity:
    return Pages("plain filled", label, "unevictable").called(f"unevictable pages of {what}")


def grown(step: int, what: str) -> Quantity:
    return Change("meminfo:Unevictable", MOMENTS[step - 1], MOMENTS[step]).called(f"growth of Unevictable by {what}")


def moved(step: int, what: str) -> Quantity:
    lists = [Change(f"meminfo:{name}", MOMENTS[step - 1], MOMENTS[step]) for name in EVICTABLE]
    return (lists[0] + lists[1] + lists[2] + lists[3]).called(f"growth of the evictable lists by {what}")


ALL, NOT_ALL = Exactly(pages(SIZE), "every page of it"), Not(pages(SIZE), "one page that is not there is enough")


def all_of(label: str, step: int, what: str) -> tuple[Expect, ...]:
    return (Expect(MLOCKED, unevictable(label, what), if_true=ALL, if_false=NOT_ALL,
                   reads_true=unevictable("ramfs", "a mapped ramfs file"),
                   reads_false=unevictable("plain", "anonymous memory that is not locked"),
                   says=f"Of {{bound}} pages of {what} {{value}} were unevictable."),
            Expect(MLOCKED, grown(step, what), if_true=ALL, if_false=NOT_ALL,
                   reads_true=grown(3, "a ramfs file"), reads_false=grown(4, "anonymous memory that is not locked"),
                   says=f"The lock on {what} moved Unevictable by {{value}} pages."),
            Expect(MLOCKED, moved(step, what),
                   if_true=Exactly(pages(SIZE) * -1, "every page of it left its list"),
                   if_false=Not(pages(SIZE) * -1, "one page that did not is enough"),
                   reads_true=moved(5, "giving memory back"), reads_false=moved(3, "filling a ramfs file"),
                   says="{value:±pages went onto|pages went off|no page went off} the evictable lists."))


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    version=2,
    axes={"lru": ("classic", "mglru")},
    guards=(Guard(Change("vmstat:pswpout", "anon filled", "other freed"), Exactly(0), "a swapped page is on no list"),
            *(Guard(Pages("plain filled", label), Exactly(pages(SIZE)), "the flags of what is not resident say nothing")
              for label in ("anon", "file", "plain"))),
    expects=(*all_of("anon", 1, "mlocked anonymous memory"), *all_of("file", 2, "an mlocked file mapping")),
)
