"""What happens to a swapped-out tmpfs page that is read, or partly written?

Three tmpfs files and private memory are swapped out in a group until nothing of them is left in the swap cache. One
file is read, in one every page is partly written, one is cut off. pswpin tells how many pages were read in by each
step, and the content is compared with what was written. Private memory that is read shows how coming back reads, the
file that is cut off how it does not.
"""

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Change, Claim, Counter, Exactly, Expect, Experiment, Guard, Known, Needs, Pages,
    Quantity, Recorded, Settings, Within, pages,
)
from harness.lab import Lab
from harness.lab.helpers.reclaim import swap_out, tmpfs_files

SIZE, MORE = 4 * MIB, MIB // 4
FILES = ("read", "write", "cut")
STEPS = ("squeezed", *FILES, "private")

READ = Claim(
    "tmpfs-read-swaps-in", "Reading a swapped-out tmpfs page brings it back from swap with its content.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_swapin_folio (v6.1 to v7.2), shmem_swapin_page (v5.10)"),))
WRITE = Claim(
    "tmpfs-write-swaps-in",
    "Writing part of a swapped-out tmpfs page first reads it in from swap; the rest of its content is kept.",
    SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_write_begin: shmem_get_folio with SGP_WRITE, which swaps in what is in "
                            "swap (v6.1 to v7.2)"),))


def procedure(lab: Lab) -> None:
    lab.swapon()
    box, other, outside = lab.sandbox(), lab.sandbox("other"), lab.probe("outside")
    private = lab.probe("private", other).map(SIZE + MORE).fill()
    left = swap_out(lab, other)
    lab.sample("private squeezed")
    files = tmpfs_files(lab, box, FILES, SIZE, outside)
    swap_out(lab, box, left)
    lab.sample("squeezed", pages={"private": private})
    lab.record("read: content", outside.check_file(files["read"], SIZE).value)
    lab.sample("read")
    for page in range(0, SIZE, lab.page_size):
        outside.write_text(files["write"], b"part", page + lab.page_size // 2)
    lab.sample("write")
    lab.record("write: content", outside.check_file(files["write"], SIZE).value)
    outside.ftruncate(files["cut"], 0)
    outside.ftruncate(files["cut"], SIZE)
    lab.record("cut: content", outside.check_file(files["cut"], SIZE).value)
    lab.sample("cut")
    lab.record("private: content", private.part(0, SIZE).check())
    private.part(SIZE, MORE).read()     # for what of it was in the swap cache, and is not read in
    lab.sample("private")


# A page in the swap cache comes back without being read; 5.10 leaves one there at times (harness/lab/helpers/reclaim.py).
LEFT = Change("meminfo:SwapCached", "private squeezed", "squeezed").called("pages of the files left in the swap cache")
KEPT, LOST = Exactly(pages(SIZE), "every page that was filled"), AtMost(pages(SIZE) - 1, "one that is lost is enough")


def swap_ins(step: str, what: str) -> Quantity:
    return Change("vmstat:pswpin", STEPS[STEPS.index(step) - 1], step).called(f"pages read in from swap by {what}")


def content(step: str, what: str) -> Quantity:
    return Recorded(f"{step}: content", "pages", title=f"pages with their content after {what}")


def swapped(name: str, moment: str) -> Quantity:
    return Counter(f"{name}/smaps_rollup:Swap", moment)


def decided(claim: Claim, step: str, what: str) -> tuple[Expect, Expect]:
    return (
        Expect(claim, swap_ins(step, what),
               if_true=AtLeast(pages(SIZE) - LEFT, "every one that was in swap only (private memory is a bit more)"),
               if_false=AtMost(pages(SIZE) - LEFT - 1, "one that was not is enough"),
               reads_true=swap_ins("private", "reading swapped-out private memory"),
               reads_false=swap_ins("cut", "cutting off a swapped-out file"),
               says=f"{what[0].upper()}{what[1:]} of 1,024 swapped-out tmpfs pages brought {{value}} of 1,024 pages in "
                    f"from swap;"),
        Expect(claim, content(step, what), if_true=KEPT, if_false=LOST,
               reads_true=content("private", "reading swapped-out private memory"),
               reads_false=content("cut", "cutting off a swapped-out file"),
               says="{value} of {bound} pages had their content."))


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount", "swap")),
    settings=Settings(page_cluster=0),          # a page at a time comes in, so pswpin says how many of these did
    rate=10,
    axes={"lru": ("classic", "mglru")},
    guards=(*(Guard(swapped(name, "squeezed").called(f"swapped-out pages of the file “{name}”"), Exactly(pages(SIZE)),
                    "all of it must be in swap before it is touched") for name in FILES),
            Guard(Pages("squeezed", "private", "swapped"), Exactly(pages(SIZE + MORE)), "so must the private memory"),
            Guard(LEFT, Within(0, 16), "more would hide what is not read in"),
            Guard(Counter("meminfo:SwapCached", "private squeezed"), AtMost(pages(MORE)), "nor more than can be spared")),
    expects=(
        *decided(READ, "read", "reading"),
        Expect(READ, swapped("read", "read").called("pages of the file still in swap once it was read"),
               if_true=Exactly(0, "brought back: none is left there"), if_false=AtLeast(1, "one is enough"),
               reads_true=swapped("cut", "cut").called("the same of a file that was cut off"),
               reads_false=swapped("write", "read").called("the same of a file that nobody has touched yet"),
               says="{value} pages were still in swap."),
        *decided(WRITE, "write", "writing a part of each"),
    ),
    version=2,
)
