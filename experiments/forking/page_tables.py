"""What does fork copy: page tables, pages, and when?

Processes fork with 128 MiB that are filled, untouched, or of a shared file, and VmPTE of the child is read; a child that only
shares its parent's memory, as vfork makes it, is set against PageTables of the machine. Pages are compared frame by frame
before and after parent or child read or write, while the other is there and once it has gone.
"""

from collections.abc import Callable

from experiments.sections import FORKING
from harness.claims import (
    CONFIRMED, MIB, PAGE_SIZE, REFUTED, AtLeast, AtMost, Case, Change, Claim, Counter, Disk, Exactly, Known, Needs, Quantity,
    SameFrames, Small, of_small_pages, pages, table,
)
from harness.lab import CLONE_VM, Lab, Probe, Region

LARGE, SIZE = 128 * MIB, 2 * MIB
# An entry of 8 bytes for each page (arch/x86/include/asm/pgtable_64_types.h, arch/arm64/include/asm/pgtable-hwdef.h:
# PTRS_PER_PTE, v5.10 to v7.2).
TABLES = pages(LARGE) * 8 // PAGE_SIZE

ANON = Claim(
    "fork-pagetables-anon", "fork copies the page tables of touched anonymous memory: the child has as many (VmPTE).", FORKING,
    known=(Known(CONFIRMED, "mm/memory.c, copy_pte_range (v5.10 to v7.2)"),))
FILE = Claim(
    "fork-pagetables-file", "fork copies the page tables of shared file mappings too.", FORKING,
    known=(Known(REFUTED,
                 "mm/memory.c, copy_page_range (v5.10 to v7.2): what can be had again by faults is not copied, as of mappings "
                          "without anon_vma"),),
    instead="Expect a child to take minor faults for what it uses of a shared file mapping, as fork leaves those tables out: "
            "one for each page at most, as one may map cached neighbours too (fault-around, large folios).")
VFORK = Claim(
    "vfork-copies-nothing", "vfork copies no page tables.", FORKING,
    known=(Known(CONFIRMED, "vfork(2), Linux description (man-pages 6.03); kernel/fork.c, copy_mm: CLONE_VM (v5.10 to v7.2)"),))
GONE = Claim(
    "fork-child-exit-no-copy", "Once the child is gone the parent's writes copy nothing.", FORKING,
    known=(Known(CONFIRMED, "mm/memory.c, do_wp_page: a page that nobody else has is used again (v5.10 to v7.2)"),))
LAST = Claim(
    "fork-last-sharer-copies", "After one side has written, the other's later write copies the page again.", FORKING,
    known=(Known(REFUTED, "mm/memory.c, do_wp_page: a page that nobody else has is used again (v5.10 to v7.2)"),),
    instead="Count one copy for each page that either side writes while both have it: the one who is left with the old page "
            "writes "
            "in place.")
READ = Claim(
    "fork-read-copies", "A read by the child copies a page.", FORKING,
    known=(Known(REFUTED, "mm/memory.c, handle_pte_fault: do_wp_page for a write only (v5.10 to v7.2)"),),
    instead="Count copies for writes only: after fork both processes read the same pages.")


def child_of(words: str, prepare: Callable[[Lab, Probe], object], *, fork: bool = True) -> Case:
    """Samples a process and its child under the case's name; not fork: the process itself under its child's."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(f"{at}, parent" if fork else at)
        prepare(lab, probe)
        if fork:
            lab.fork(probe, at)
        lab.sample(at)
    return Case(words, do)


def of_file(lab: Lab, probe: Probe) -> None:
    probe.map(LARGE, shared=True, fd=probe.create_file(f"{lab.mount_disk()}/file", LARGE)).read()


def started(words: str, act: Callable[[Lab, Probe, str], object]) -> Case:
    """Samples before and after a process with 128 MiB makes a child, which only waits."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        probe.map(LARGE).fill()
        lab.sample(f"{at} before")
        act(lab, probe, at)
        lab.sample(f"{at} after")
    return Case(words, do)


def frames(words: str, *, child: str = "", memcpy: bool = False) -> Case:
    """Samples a process's pages before and after it writes to all of them. child: "there", "gone", or "wrote" to them before;
    none by default. memcpy: it writes to other pages, which take their place."""
    def do(lab: Lab, at: str) -> None:
        memory = lab.probe(at).map(SIZE).fill()
        if child:
            other = lab.fork(memory.probe, f"{at}, child")
            if child == "wrote":
                memory.of(other).fill(2)
            if child == "gone":
                other.end()
                memory.probe.wait(other.pid)
        lab.drain_lru()     # a batch that waits for its list holds its pages, and what is held is copied
        lab.sample(f"{at} before", pages={"memory": memory})
        if memcpy:
            memory = memory.probe.map(SIZE)
        memory.fill(3)
        lab.sample(f"{at} after", pages={"memory": memory})
    return Case(words, do)


def shared(words: str, act: Callable[[Region], object]) -> Case:
    """Samples the pages of a parent and its child after the child has done something with them."""
    def do(lab: Lab, at: str) -> None:
        memory = lab.probe(at).map(SIZE).fill()
        other = memory.of(lab.fork(memory.probe, f"{at}, child"))
        act(other)
        lab.sample(at, pages={"memory": memory, "child": other})
    return Case(words, do)


def stayed(at: str) -> Quantity:
    return SameFrames(f"{at} before", "memory", "memory", until=f"{at} after")


def tables(at: str) -> Quantity:
    return Counter(f"{at}/status:VmPTE", at)


def vmpte(claim: Claim, asked: Case, of: str) -> Small:
    return Small(claim, "VmPTE", asked, FILLED, UNTOUCHED, of=tables,
                 if_true=AtLeast(TABLES, "an entry of 8 bytes for each page"),
                 if_false=AtMost(TABLES - 1, "a table is missing"),
                 says=f"The child of a process with {LARGE // MIB} MiB of {of} had page tables of {{value}} pages.")


FILLED = child_of("of a process that has filled 128 MiB", lambda _, probe: probe.map(LARGE).fill(), fork=False)
UNTOUCHED = child_of("of the child of a process with 128 MiB untouched", lambda _, probe: probe.map(LARGE))
ALL, NOT_ALL = Exactly(pages(SIZE), "every page"), AtMost(pages(SIZE) - 1, "one page that is otherwise is enough")
KEEPS, COPY = frames("where there is no child"), frames("of memory that is written anew", memcpy=True)
EXPERIMENT = table(
    vmpte(ANON, child_of("of the child of a process that has filled 128 MiB", lambda _, probe: probe.map(LARGE).fill()),
          "touched anonymous memory"),
    vmpte(FILE, child_of("of the child of a process that has read a shared mapping of 128 MiB", of_file),
    "a shared file mapping"),
    Small(VFORK, "growth of PageTables",
          started("by a child with its parent's memory", lambda lab, probe, at: probe.clone_idle(CLONE_VM)),
          started("by mmap", lambda lab, probe, at: probe.map(LARGE)),
          started("by fork", lambda lab, probe, at: lab.fork(probe, f"{at}, child")),
          of=lambda at: Change("meminfo:PageTables", f"{at} before", f"{at} after"),
          if_true=AtMost(3, "a table of each level, for the stack that the child waits on"),
          if_false=AtLeast(TABLES, "those of what was filled"),
          says="A child as vfork makes it took {value} pages of page tables."),
    Small(GONE, "pages in the same frame", frames("after the parent's write, the child gone", child="gone"), KEEPS, COPY, ALL,
          NOT_ALL,
          of=stayed, unit="pages", says="Of {bound} pages that the parent wrote, the child gone, {value} kept their frame."),
    Small(LAST, "pages in other frames", frames("after the parent's write, the child's before", child="wrote"),
          frames("after the parent's write, the child there", child="there"), KEEPS, ALL, NOT_ALL,
          of=lambda at: stayed(at) * -1 + pages(SIZE), unit="pages",
          says="Of {bound} pages that the child had written, {value} were copied when the parent wrote."),
    Small(READ, "pages that the child has of its own", shared("after its read", lambda memory: memory.read()),
          shared("after its write", lambda memory: memory.fill(2)), shared("before it looks", lambda memory: None), ALL, NOT_ALL,
          of=lambda at: SameFrames(at, "memory", "child") * -1 + pages(SIZE), unit="pages",
          says="Of {bound} pages that the child read, {value} were copied."),
    premises=(of_small_pages(ANON), of_small_pages(FILE)),      # of 16 KiB 128 MiB take four tables, a process seven
    needs=Needs(disks=(Disk("disk", "ext4", 256 * MIB),), changes=("mount",)),
)
