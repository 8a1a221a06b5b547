"""When does a process get huge pages, what becomes of one after fork and MADV_DONTNEED, and whose settings count?

Memory that is aligned to 2 MiB is touched, by a byte or whole, with transparent huge pages on, for madvise only, or off, with and
without the advice. pagemap tells which pages are there, and which a parent and its child share; smaps how much is in huge pages;
memory.current of a group what half of a huge page that was given back took off its charge. khugepaged sleeps meanwhile, and fills
no holes. Memory with MADV_NOHUGEPAGE shows how small pages read.
"""

import errno
from collections.abc import Callable

from experiments.sections import HUGE_PAGES
from harness.claims import (
    CONFIRMED, KIB, MIB, REFUTED, AtLeast, AtMost, Besides, Case, Change, Claim, Document, Exactly, Known, Needs, Pages, Premise,
    Quantity, SameFrames, Settings, Small, Smaps, pages, table,
)
from harness.lab import COLLAPSE, DONTNEED, HUGEPAGE, HUGETLB, MAP_STACK, NOHUGEPAGE, NORMAL, Lab, Probe, Region

HUGE, COUNT = 2 * MIB, 8
# Pages by which memory.current may be off: a batch of charges that is held ready (MEMCG_CHARGE_BATCH), and as many of slab and
# page tables.
OFF = 128
POOL = "/proc/sys/vm/nr_hugepages"
ENABLED = "/sys/kernel/mm/transparent_hugepage/enabled"
NEVER_WAKES = 3_600_000         # ms that khugepaged sleeps between two scans
MEMORY = "mm/huge_memory.c"
MANUAL = "Documentation/admin-guide/mm/transhuge.rst, “Global THP controls” (v5.10 to v7.2)"
COLLAPSE_MANUAL = "madvise(2), MADV_COLLAPSE (man-pages 6.03)"

ONE_BYTE = Claim(
    "thp-one-byte-resident-2m", "With THP always, touching one byte of an aligned 2 MiB makes 2 MiB resident.", HUGE_PAGES,
    known=(Known(CONFIRMED, f"{MEMORY}, do_huge_pmd_anonymous_page: a huge page for the first fault (v5.10 to v7.2)"),))
COPIES = Claim(
    "thp-cow-copies-2m", "After fork, writing one byte to a huge page copies all 2 MiB.", HUGE_PAGES,
    known=(Known(REFUTED, f"{MEMORY}, do_huge_pmd_wp_page: what is shared is split, and a small page copied, since 5.8 (commit "
                          "3917c80280c9; v5.10 to v7.2)"),),
    instead="Don't switch THP off for fear of 2 MiB copied at each write after a fork: since Linux 5.8 a write copies one small "
            "page, as without huge pages, and the writer maps the rest by small pages from then on.")
PART_FREES = Claim(
    "thp-dontneed-part-frees", "MADV_DONTNEED of half a huge page gives that half back at once.", HUGE_PAGES,
    known=(Known(REFUTED, f"{MEMORY}, deferred_split_scan: a huge page of which a part is unmapped is kept whole until memory is "
                          "short (v5.10 to v7.2)"),),
    instead="Give memory back in whole, aligned huge pages, or keep allocators' memory out of them (MADV_NOHUGEPAGE): RSS falls "
            "with every part, the group's charge and free memory only once the whole page is gone or memory runs short.")
READS_ZERO = Claim(
    "thp-read-zero-page", "Reading an untouched aligned 2 MiB with THP always (and use_zero_page 1) takes 2 MiB of memory for "
    "the process.", HUGE_PAGES,
    known=(Known(REFUTED, f"{MEMORY}, mm_get_huge_zero_page: one huge page of zeros for all (v5.10, v6.1)"),),
    instead="Don't fear reads of untouched memory: they map a page of zeros that all processes share; the first write takes "
            "memory.")
ADVICE = Claim(
    "thp-madvise-needs-advice", "With THP madvise only ranges with MADV_HUGEPAGE get huge pages at a fault (where no size is "
    "set by itself).", HUGE_PAGES,
    known=(Known(CONFIRMED, MANUAL),), document=Document(MANUAL))
NEVER = Claim(
    "thp-never-beats-madvise", "With THP never MADV_HUGEPAGE has no effect on faults (where no size is set by itself).",
    HUGE_PAGES,
    known=(Known(CONFIRMED, MANUAL),), document=Document(MANUAL))
COLLAPSES = Claim(
    "thp-collapse-ignores-never", "MADV_COLLAPSE makes huge pages even with THP never.", HUGE_PAGES,
    known=(Known(CONFIRMED, f"{COLLAPSE_MANUAL}: it ignores the settings in sysfs"),), document=Document(COLLAPSE_MANUAL))
HEAP = Claim(
    "thp-heap-never", "The heap grown by brk never gets huge pages.", HUGE_PAGES,
    known=(Known(REFUTED, f"{MEMORY}: any private anonymous mapping may have them (v5.10 to v7.2)"),),
    instead="Count the heap in when huge pages are switched on or off: what brk adds gets them as soon as an aligned 2 MiB lie "
            "in it.")
STACK = Claim(
    "thp-map-stack-nohuge", "A MAP_STACK mapping gets no huge pages.", HUGE_PAGES,
    known=(Known(REFUTED, "mmap(2), MAP_STACK (man-pages 6.03): it does nothing", until="6.7"),
           Known(CONFIRMED, "include/linux/mman.h, calc_vm_flag_bits: VM_NOHUGEPAGE, since 6.7 (commit c4608d1bf7c6; v6.12)",
                 since="6.7")),
    instead="Call madvise(MADV_NOHUGEPAGE) on threads' stacks where huge pages are not wanted: before 6.7 MAP_STACK does "
            "nothing.")

HUGETLB_TOO = Claim(
    "thp-anonhuge-is-hugetlb", "AnonHugePages counts hugetlb pages as well.", HUGE_PAGES,
    known=(Known(REFUTED, "fs/proc/task_mmu.c, smaps_hugetlb_range: they are counted apart (v5.10 to v7.2)"),),
    instead="Read HugePages_Total and HugePages_Free, or Private_Hugetlb in smaps, for hugetlb pages: AnonHugePages counts "
            "transparent ones only.")


def aligned(probe: Probe, count: int = 1, flags: int = 0) -> Region:
    """Maps so many whole huge pages."""
    address = probe.map((count + 1) * HUGE, flags=flags).address
    return probe.region(-(-address // HUGE) * HUGE, count * HUGE)


def poke(memory: Region) -> None:
    memory.probe.poke(memory.address, b"x")


def looked_at(lab: Lab, at: str, memory: Region) -> None:
    lab.sample(at, pages={"memory": memory}, smaps={"memory": memory})


def touched(words: str, how: Callable[[Region], object], advice: int = NORMAL, flags: int = 0, thp: str = "always") -> Case:
    """Touches memory under a setting of THP, which is `always` again afterwards."""
    def do(lab: Lab, at: str) -> None:
        lab.write(ENABLED, thp)
        memory = aligned(lab.probe(at), flags=flags).advise(advice)
        how(memory)
        looked_at(lab, at, memory)
        lab.write(ENABLED, "always")
    return Case(words, do)


def collapsed(words: str, advice: int) -> Case:
    def do(lab: Lab, at: str) -> None:
        lab.write(ENABLED, "never")
        memory = aligned(lab.probe(at)).fill()
        # Of no memory at all it refuses but what it does not know (mm/madvise.c, madvise_behavior_valid; v5.10 to v7.2).
        unknown = memory.probe.attempt.madvise(memory.address, 0, advice).error == errno.EINVAL
        memory.probe.attempt.madvise(memory.address, HUGE, advice)
        looked_at(lab, at, memory)
        lab.write(ENABLED, "always")
        if unknown:
            lab.skip("this kernel has no MADV_COLLAPSE")
    return Case(words, do)


def heap(lab: Lab, at: str) -> None:
    probe = lab.probe(at)
    looked_at(lab, at, probe.region(probe.sbrk(4 * HUGE).value, 4 * HUGE).fill())


def hugetlb(lab: Lab, at: str) -> None:
    if lab.find(POOL) is None:
        lab.skip(f"this kernel has no {POOL}")
    lab.write(POOL, "1")
    memory = lab.probe(at).map(HUGE, flags=HUGETLB).fill()
    looked_at(lab, at, memory)
    memory.unmap()
    lab.write(POOL, "0")


def forked(words: str, how: Callable[[Region], object]) -> Case:
    def do(lab: Lab, at: str) -> None:
        memory = aligned(lab.probe(at)).fill()
        lab.sample(f"{at} before", smaps={"memory": memory})
        child = memory.of(lab.fork(memory.probe, f"{at}, child"))
        how(child)
        lab.sample(at, pages={"parent": memory, "child": child})
    return Case(words, do)


def halved(words: str, advice: int, kind: int = NORMAL) -> Case:
    """Gives advice for the second half of each of 8 huge pages of a group."""
    def do(lab: Lab, at: str) -> None:
        memory = aligned(lab.probe(at, lab.sandbox(at)), COUNT).advise(kind).fill()
        lab.sample(f"{at} before", smaps={"memory": memory})
        for number in range(COUNT):
            memory.part(number * HUGE + HUGE // 2, HUGE // 2).advise(advice)
        lab.sample(f"{at} after", smaps={"memory": memory})
    return Case(words, do)


def smaps(key: str) -> Callable[[str], Quantity]:
    return lambda at: Smaps(at, "memory", key)


def huge_before(claim: Claim, size: int) -> Premise:
    found = Smaps(f"{claim.id}.asked before", "memory", "AnonHugePages")
    return Premise(claim, found, Exactly(pages(size)), "there is no huge page")


WHOLE, LESS = Exactly(pages(HUGE), "all of it"), AtMost(pages(HUGE) - 1, "a page is missing")
NO_HUGE, HUGE_ONES = Exactly(0, "not one"), AtLeast(pages(HUGE), "one at least")
FILLED, SMALL_PAGES = touched("of memory that was filled", Region.fill), touched(
    "of memory with MADV_NOHUGEPAGE that was filled", Region.fill, NOHUGEPAGE)
HALF = COUNT * HUGE // 2
EXPERIMENT = table(
    Small(ONE_BYTE, "resident pages", touched("of 2 MiB after one byte was written", poke), SMALL_PAGES,
          touched("of 2 MiB with MADV_NOHUGEPAGE after one byte was written", poke, NOHUGEPAGE), WHOLE, LESS,
          of=lambda at: Pages(at, "memory"), says="A byte written in an aligned 2 MiB made {value} of {bound} pages resident."),
    Small(COPIES, "pages copied", forked("when the child wrote one byte", poke), forked("when the child wrote all", Region.fill),
          forked("when the child read all", Region.read), WHOLE, LESS,
          of=lambda at: SameFrames(at, "parent", "child") * -1 + pages(HUGE),
          says="After a fork one byte written to a huge page copied {value} of {bound} pages."),
    Small(PART_FREES, "fall of memory.current", halved("after MADV_DONTNEED of half of each huge page", DONTNEED),
          halved("after MADV_DONTNEED of as many small pages", DONTNEED, NOHUGEPAGE), halved("after MADV_NORMAL", NORMAL),
          of=lambda at: Change(f"{at}/memory.current", f"{at} before", f"{at} after") * -1,
          if_true=AtLeast(pages(HALF) - OFF, "the halves, but for what memory.current is off"),
          if_false=AtMost(OFF, "no more than it is off"),
          says=f"MADV_DONTNEED of half of each of {COUNT} huge pages took {{value}} of 2,048 pages off the group's charge."),
    Small(READS_ZERO, "Rss", touched("of 2 MiB after one byte was read", lambda memory: memory.probe.peek(memory.address, 1)),
          FILLED, touched("of 2 MiB with MADV_NOHUGEPAGE after one byte was read",
                          lambda memory: memory.probe.peek(memory.address, 1), NOHUGEPAGE),
          AtLeast(pages(HUGE), "all of it, and what a mapping that it lies in has beside it"), LESS, of=smaps("Rss"),
          says="After a byte of an aligned 2 MiB was read Rss was {value} pages."),
    *(Small(ADVICE, "AnonHugePages", touched(f"{words} advice, with madvise", Region.fill, advice, thp="madvise"),
            *references, *ranges, of=smaps("AnonHugePages"), key=key, says=says)
      for key, words, advice, references, ranges, says in (
          ("without", "without", NORMAL, (SMALL_PAGES, FILLED), (NO_HUGE, HUGE_ONES),
           "With THP madvise memory without advice got {value} pages in huge ones,"),
          ("with", "with", HUGEPAGE, (FILLED, SMALL_PAGES), (HUGE_ONES, NO_HUGE), "memory with MADV_HUGEPAGE {value}."))),
    Small(NEVER, "AnonHugePages", touched("with MADV_HUGEPAGE, with never", Region.fill, HUGEPAGE, thp="never"), SMALL_PAGES,
          FILLED, NO_HUGE, HUGE_ONES, of=smaps("AnonHugePages"),
          says="With THP never memory with MADV_HUGEPAGE got {value} pages in huge ones."),
    Small(COLLAPSES, "AnonHugePages", collapsed("after MADV_COLLAPSE, with never", COLLAPSE), FILLED,
          collapsed("after MADV_NORMAL, with never", NORMAL), HUGE_ONES, NO_HUGE, of=smaps("AnonHugePages"),
          says="With THP never MADV_COLLAPSE made {value} pages huge ones."),
    Small(HEAP, "AnonHugePages", Case("of 8 MiB of heap", heap), SMALL_PAGES, FILLED, NO_HUGE, HUGE_ONES,
          of=smaps("AnonHugePages"), says="Of 8 MiB of heap {value} pages were in huge ones."),
    Small(STACK, "AnonHugePages", touched("of a MAP_STACK mapping", Region.fill, flags=MAP_STACK), SMALL_PAGES, FILLED, NO_HUGE,
          HUGE_ONES, of=smaps("AnonHugePages"), says="Of 2 MiB of a MAP_STACK mapping {value} pages were in huge ones."),
    Small(HUGETLB_TOO, "AnonHugePages", Case("of a MAP_HUGETLB mapping that was filled", hugetlb), FILLED, SMALL_PAGES, HUGE_ONES,
          NO_HUGE, of=smaps("AnonHugePages"), says="Of 2 MiB of hugetlb AnonHugePages counted {value} pages."),
    settings=Settings(thp="always", khugepaged_scan_sleep_millisecs=NEVER_WAKES, khugepaged_max_ptes_none=0),
    writes=("thp",),
    premises=(huge_before(COPIES, HUGE), huge_before(PART_FREES, COUNT * HUGE)),
    besides=(Besides(PART_FREES, Smaps(f"{PART_FREES.id}.asked before", "memory", "Rss")
                     - Smaps(f"{PART_FREES.id}.asked after", "memory", "Rss"), AtLeast(1), "Rss fell by {value}."),),
    version=2,
    needs=Needs(disks=(), page_sizes=(4 * KIB,), changes=("thp",)),
)
