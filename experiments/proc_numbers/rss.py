"""What do VmRSS, VmSize and the numbers of smaps count?

Each case does one thing, as to map, fill, read or fork, and reads the number before and after it in status, smaps or meminfo.
Memory that is filled, and a case in which nothing of it can be counted, show how the answers read.
"""

from collections.abc import Callable

from experiments.sections import PROC_NUMBERS
from harness.claims import (
    CONFIRMED, KIB, MIB, REFUTED, AtLeast, AtMost, Besides, Case, Change, Claim, Counter, Disk, Exactly, Known, Needs, Not,
    Outside, Quantity, Small, Smaps, Within, maps, of_small_pages, pages, table,
)
from harness.lab import NO_ACCESS, NORESERVE, READ, WRITE, Lab, Probe, Region
from harness.lab.helpers.free_pages import kept_by_nobody
from harness.lab.helpers.resident import OFF, tell

SIZE, LARGE, STEPS, STEP = 4 * MIB, 256 * MIB, 16, 7
MAN = "(man-pages 6.03)"
PROC = "Documentation/filesystems/proc.rst"

EXACT = Claim(
    "rss-exact", "VmRSS in status is exact to the page.", PROC_NUMBERS,
    known=(Known(REFUTED, "mm/memory.c, TASK_RSS_EVENTS_THRESH: each thread keeps to itself what its last 64 faults "
                          "added (v5.10, v6.1)", until="6.2"),
           Known(CONFIRMED, "fs/proc/task_mmu.c, task_mem: get_mm_counter_sum (v6.12), commit 82241a83cd15 (v6.16) in a "
                            "stable update; "
                            "measured on 6.12.118", since="6.12", until="6.13"),
           Known(CONFIRMED, "commit 82241a83cd15 (v6.16); fs/proc/task_mmu.c, task_mem: get_mm_counter_sum (v7.2)",
                 since="6.16")),
    instead="Read Rss in smaps_rollup, which walks the page tables, where pages count. VmRSS is off by what the last 64 faults "
            "of each thread changed (before 6.2), or by a batch of 32 pages or more on each processor (until "
            "get_mm_counter_sum: 6.16, or a stable update).")
BY_READ = Claim(
    "rss-includes-cache-read", "Files read with read() count in a process's RSS.", PROC_NUMBERS,
    known=(Known(REFUTED, f"{PROC}, RssFile: “size of resident file mappings” (v5.10 to v7.2); read() maps nothing, it copies "
                          "out of the page cache"),),
    instead="Look for files that were read with read() in Cached of /proc/meminfo, or in file of the group's memory.stat: "
            "they are "
            "in no process's RSS.")
LEFT_OUT = Claim(
    "rss-includes-shared", "VmRSS leaves shared library pages out.", PROC_NUMBERS,
    known=(Known(REFUTED, f"proc(5), /proc/pid/status, VmRSS {MAN}: the sum of RssAnon, RssFile and RssShmem"),),
    instead="Use Pss where shared pages are to count once: VmRSS counts every page that the process has mapped, those of shared "
            "libraries too.")
SUM = Claim(
    "rss-parts-sum", "VmRSS is RssAnon + RssFile + RssShmem.", PROC_NUMBERS,
    known=(Known(CONFIRMED, f"proc(5), /proc/pid/status, VmRSS {MAN}; fs/proc/task_mmu.c, task_mem (v5.10 to v7.2)"),))
TAKES = Claim(
    "vmsize-means-memory", "A rise of VmSize takes memory.", PROC_NUMBERS,
    known=(Known(REFUTED,
                 "mm/mmap.c, vm_stat_account: total_vm grows with the mapping (v5.10 to v7.2); pages come by faults"),),
    instead="Watch Rss or Pss for memory: VmSize counts address space, which costs nothing before it is touched.")
DATA = Claim(
    "vmdata-is-data-segment", "VmData is the size of the data segment.", PROC_NUMBERS,
    known=(Known(REFUTED, "mm/internal.h, is_data_mapping (v5.10, v6.1); mm/vma.h, is_data_mapping (v6.12, v7.2): every private "
                          "writable mapping that is no stack"),),
    instead="Take VmData for all private writable mappings but the stack: heap, data segment, and what mmap() gave.")
MAPPED = Claim(
    "mapped-counts-anon", "Mapped in meminfo counts anonymous memory.", PROC_NUMBERS,
    known=(Known(REFUTED, f"{PROC}, Mapped: files which have been mapped (v5.10 to v7.2)"),),
    instead="Read AnonPages for anonymous memory: Mapped counts pages of files and of shared memory that somebody has mapped.")
TABLES = Claim(
    "pagetables-outside-rss",
    "Touching one page in each of 1,000 2-MiB blocks costs 1,000 further pages of page tables, outside RSS.",
    PROC_NUMBERS, known=(Known(CONFIRMED, "arch/x86/include/asm/pgtable_64_types.h, PTRS_PER_PTE: 512 entries a table (v5.10 "
                                          "to v7.2)"),))
PSS = Claim(
    "pss-sums-up", "The PSS of all sharers add up to the shared memory (to within 1 KiB each).", PROC_NUMBERS,
    known=(Known(CONFIRMED,
                 f"{PROC}, proportional set size (v5.10 to v7.2); fs/proc/task_mmu.c, smaps_account: PSS_SHIFT (v5.10 to "
                            "v7.2)"),))
EXAMPLE = Claim(
    "pss-example-1500", "1,000 private pages and 1,000 shared with one other process give a PSS of 1,500 pages.", PROC_NUMBERS,
    known=(Known(CONFIRMED, f"{PROC}, “its PSS will be 1500” (v5.10 to v7.2)"),))
BY_FLAG = Claim(
    "smaps-shared-means-map-shared", "Private_* in smaps counts MAP_PRIVATE mappings, Shared_* MAP_SHARED ones.", PROC_NUMBERS,
    known=(Known(REFUTED, f"{PROC}: “even a page which is part of a MAP_SHARED mapping” with one mapper counts as private "
                          f"(v5.10 to v6.12); {PROC}, “this accounting is independent of MAP_SHARED” (v7.2)"),),
    instead="Read Private_* and Shared_* as “mapped once” and “mapped several times, be it by one process”, page by page, "
            "whatever flag mmap() was given.")


def change(words: str, act: Callable[[Probe], object]) -> Case:
    """Samples before and after something is done by a fresh probe."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        tell(probe)
        with kept_by_nobody(lab):
            lab.sample(f"{at} before")
            act(probe)
            lab.sample(f"{at} after")
    return Case(words, do)


def read_file(words: str, *, mapped: bool) -> Case:
    def do(lab: Lab, at: str) -> None:
        path, probe = f"{lab.mount_disk()}/file", lab.probe(at)
        probe.close(probe.create_file(path, SIZE))
        fd = probe.open(path).value
        memory = probe.map(SIZE, shared=True, fd=fd)
        lab.sample(f"{at} before")
        if mapped:
            memory.read()
        else:
            probe.read(fd, SIZE)
        lab.sample(f"{at} after")
    return Case(words, do)


def library(words: str, *, touch: bool) -> Case:
    """Samples before and after the C library's text, which every probe has mapped, is mapped whole."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        text = max((one for one in lab.mappings(probe) if "libc" in one.path), key=lambda one: one.length)
        memory = probe.map_again(text, shared=True)
        tell(probe)
        lab.record(f"{at}: size", memory.length // lab.page_size)
        lab.sample(f"{at} before")
        if touch:
            memory.read()
        tell(probe)
        lab.sample(f"{at} after")
    return Case(words, do)


def growth(counter: str) -> Callable[[str], Quantity]:
    """counter: of the machine's, or of the case's process where it begins with "/"."""
    return lambda at: Change(f"{at}{counter}" if counter.startswith("/") else counter, f"{at} before", f"{at} after")


def parts(at: str) -> Quantity:
    """Gives by how many pages a number of status, or of statm, is off the sum of the parts of VmRSS."""
    whole = {"true": "statm:resident", "false": "status:VmSize"}.get(at.rpartition(".")[2], "status:VmRSS")
    found = [Counter(f"{at}/status:{name}", f"{at} after") for name in ("RssAnon", "RssFile", "RssShmem")]
    return Counter(f"{at}/{whole}", f"{at} after") - (found[0] + found[1] + found[2])


def off(words: str, status: bool, *, late: bool = False) -> Case:
    """Records the most by which VmRSS (or the sum of Rss in smaps) and Rss in smaps_rollup differ, while a process touches a
    few pages at a time. late: VmRSS as it was before the touches."""
    def number(lab: Lab, probe: Probe, file: str, key: str) -> int:
        text = lab.read_bytes(f"/proc/{probe.pid}/{file}").decode()
        found = [int(line.split()[1]) for line in text.splitlines() if line.startswith(key)]
        return sum(found) * KIB // lab.page_size

    def do(lab: Lab, at: str) -> None:
        probe, most = lab.probe(at), 0
        memory = probe.map(SIZE)
        first = number(lab, probe, "status", "VmRSS:")
        for step in range(STEPS):
            memory.part(step * STEP * lab.page_size, STEP * lab.page_size).fill()
            exact = number(lab, probe, "smaps_rollup", "Rss:")
            told = first if late else number(lab, probe, "status", "VmRSS:") if status else number(lab, probe, "smaps", "Rss:")
            most = max(most, abs(told - exact))
        lab.record(at, most)
    return Case(words, do)


def smaps(lab: Lab, memory: Region, key: str) -> int:
    """Reads what smaps says of a region's mappings under a key, in KiB."""
    text = lab.read_bytes(f"/proc/{memory.probe.pid}/smaps").decode()
    lines = maps.overlapping(text, memory.address, memory.address + memory.length).splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


def sharers(words: str, count: int, key: str = "Pss") -> Case:
    """Has so many processes map and touch the same memory; records by how much what smaps says of all is off its size, KiB."""
    def do(lab: Lab, at: str) -> None:
        first = lab.probe(f"{at} 0").map(SIZE, shared=True).fill()
        found = [first, *(first.of(lab.fork(first.probe, f"{at} {number}")).read() for number in range(1, count))]
        lab.record(at, sum(smaps(lab, memory, key) for memory in found) - SIZE // KIB)
    return Case(words, do)


def private_memory(probe: Probe, size: int) -> Region:
    """Maps private memory that no neighbour becomes one mapping with: smaps tells of mappings."""
    page = probe.page_size
    whole = probe.mmap(size + 2 * page, protection=NO_ACCESS).value
    probe.mprotect(whole + page, size, READ | WRITE)
    return probe.region(whole + page, size)


def example(words: str, private: int, shared: int, *, fork: bool) -> Case:
    """Records the PSS of so many pages of a process, and of so many that it may share with another."""
    def do(lab: Lab, at: str) -> None:
        probe, page = lab.probe(at), lab.page_size
        found = [private_memory(probe, private * page).fill()]
        if shared:
            found.append(probe.map(shared * page, shared=True).fill())
        if fork:
            child = lab.fork(probe, f"{at}, child")
            found[0].of(child).unmap()
            found[1].of(child).read()
        lab.record(at, sum(smaps(lab, memory, "Pss") for memory in found) * KIB // page)
    return Case(words, do)


def mappers(words: str, *, shared: bool, fork: bool) -> Case:
    """Samples a mapping that one process has, or that its child has too."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        memory = (probe.map(SIZE, shared=True) if shared else private_memory(probe, SIZE)).fill()
        if fork:
            memory.of(lab.fork(memory.probe, f"{at}, child")).read()
        lab.sample(at, smaps={"memory": memory})
    return Case(words, do)


def counted(key: str) -> Callable[[str], Quantity]:
    return lambda at: Smaps(at, "memory", f"{key}_Clean") + Smaps(at, "memory", f"{key}_Dirty")


def blocks(words: str, *, size: int, stride: int) -> Case:
    return change(words, lambda probe: probe.touch(probe.map(size, flags=NORESERVE).address, size, stride=stride, write=True))


FILLED = change("by filling it", lambda probe: probe.map(SIZE).fill())
UNMAPPED = change("by mmap and munmap", lambda probe: probe.map(SIZE).unmap())
BLOCKS, BLOCK, PAGE = 1000, 2 * MIB, 4096
ALL, NOT_ALL = Exactly(pages(SIZE), "every page"), AtMost(pages(SIZE) - 1, "one page that is otherwise is enough")
GROWS = (AtLeast(pages(SIZE), "every page"), AtMost(pages(SIZE) // 10, "a tenth: what the process and its mapping take beside"))
NONE, SOME = Exactly(0, "not a page"), AtLeast(1, "a page is enough")

EXPERIMENT = table(
    Small(EXACT, "pages that VmRSS is off Rss in smaps_rollup", off("while few pages are touched", status=True),
          off("of the sum over smaps", status=False), off("of VmRSS before the touches", status=True, late=True), unit="pages",
          if_true=NONE, if_false=SOME,
          says="While a process touched a few pages at a time VmRSS was off by up to {value} pages."),
    Small(BY_READ, "growth of Rss", read_file("by read() of a file", mapped=False),
          read_file("by a touch of its mapping", mapped=True),
          UNMAPPED, *GROWS, of=growth("/smaps_rollup:Rss"),
          says=f"read() of a file of {SIZE // MIB} MiB made the RSS grow by {{value}} pages."),
    Small(LEFT_OUT, "growth of VmRSS", library("by a touch of libc's text", touch=True),
          library("by mmap of libc's text", touch=False),
          FILLED, of=growth("/status:VmRSS"), if_true=AtMost(OFF, "no more than VmRSS is off"),
          if_false=AtLeast(OFF + 1, "more than that"),
          says="Mapped once more, the text of libc made VmRSS grow by {value} pages."),
    Small(SUM, "difference", change("of VmRSS and its parts", lambda probe: probe.map(SIZE, shared=True).fill()),
          change("of statm's resident pages and the parts", lambda probe: probe.map(SIZE, shared=True).fill()),
          change("of VmSize and the parts", lambda probe: probe.map(SIZE, shared=True).fill()),
          NONE, Not(0, "it is another number"), of=parts, unit="pages",
          says="VmRSS was {value:±pages more than|pages less than|exactly} the sum of its parts."),
    Small(TAKES, "fall of MemFree", change("by mmap", lambda probe: probe.map(LARGE)),
          change("by filling it", lambda probe: probe.map(LARGE).fill()),
          change("by mmap and munmap", lambda probe: probe.map(LARGE).unmap()),
          of=lambda at: growth("meminfo:MemFree")(at) * -1, if_true=AtLeast(pages(LARGE) * 9 // 10, "nearly all of it"),
          if_false=AtMost(pages(LARGE) // 10, "nearly nothing of it"),
          says=f"After mmap of {LARGE // MIB} MiB MemFree was {{value:±pages smaller|pages larger|the same}}."),
    Small(DATA, "growth of VmData", change("by mmap, private", lambda probe: probe.map(SIZE)),
          change("by mmap, shared", lambda probe: probe.map(SIZE, shared=True)),
          change("by brk", lambda probe: probe.sbrk(SIZE)), NONE, SOME, of=growth("/status:VmData"),
          says=f"A private mapping of {SIZE // MIB} MiB made VmData grow by {{value}} pages."),
    Small(MAPPED, "growth of Mapped", FILLED, read_file("by a touch of a file's mapping", mapped=True),
          read_file("by read() of a file", mapped=False), *GROWS, of=growth("meminfo:Mapped"),
          says=f"{SIZE // MIB} MiB of anonymous memory made Mapped grow by {{value}} pages."),
    Small(TABLES, "growth of VmPTE", blocks("by a page in each of 1,000 blocks", size=BLOCKS * BLOCK, stride=BLOCK),
          blocks("by two pages in each of 1,000 blocks", size=BLOCKS * BLOCK, stride=BLOCK // 2),
          blocks("by 1,000 pages side by side", size=BLOCKS * PAGE, stride=PAGE), of=growth("/status:VmPTE"), key="tables",
          if_true=Within(BLOCKS, BLOCKS + 3, "one for each block; 2,000 MiB need up to three tables of the level above"),
          if_false=Outside(BLOCKS, BLOCKS + 3, "fewer, or others too"),
          says="A page in each of 1,000 blocks took {value} page tables,"),
    Small(TABLES, "growth of VmRSS", blocks("by a page in each of 1,000 blocks", size=BLOCKS * BLOCK, stride=BLOCK),
          blocks("by 1,000 pages side by side", size=BLOCKS * PAGE, stride=PAGE),
          blocks("by 2,000 pages side by side", size=2 * BLOCKS * PAGE, stride=PAGE), of=growth("/status:VmRSS"), key="rss",
          if_true=AtMost(BLOCKS + OFF, "the pages alone, but for what VmRSS is off"),
          if_false=AtLeast(2 * BLOCKS - OFF, "the tables too"), says="and VmRSS grew by {value} pages."),
    Small(PSS, "sum of what smaps says, less the size", sharers("of the Pss of three", 3), sharers("of the Pss of one", 1),
          sharers("of the Rss of three", 3, "Rss"), unit="KiB", if_true=Within(-3, 3, "1 KiB each, as the claim has it"),
          if_false=Outside(-3, 3, "more than that"),
          says="The PSS of three sharers was {value:±KiB more|KiB less|no KiB off} in all."),
    Small(EXAMPLE, "Pss", example("of 1,000 pages, and 1,000 shared with another", 1000, 1000, fork=True),
          example("of 1,500 pages", 1500, 0, fork=False),
          example("of 1,000 pages, and 1,000 shared with nobody", 1000, 1000, fork=False),
          unit="pages", if_true=Exactly(1500, "the claim's number"), if_false=Not(1500, "another"),
          says="The PSS was {value} pages."),
    Small(BY_FLAG, "pages in Shared_*", mappers("of MAP_SHARED with one mapper", shared=True, fork=False),
          mappers("of MAP_SHARED with two mappers", shared=True, fork=True),
          mappers("of MAP_PRIVATE with one mapper", shared=False, fork=False), ALL, NOT_ALL, of=counted("Shared"), key="shared",
          says="Of {bound} pages of MAP_SHARED with one mapper Shared_* counted {value},"),
    Small(BY_FLAG, "pages in Private_*", mappers("of MAP_PRIVATE with two mappers", shared=False, fork=True),
          mappers("of MAP_PRIVATE with one mapper", shared=False, fork=False),
          mappers("of MAP_SHARED with two mappers", shared=True, fork=True), ALL, NOT_ALL, of=counted("Private"), key="private",
          says="and of as many of MAP_PRIVATE with two mappers Private_* counted {value}."),
    besides=(Besides(LEFT_OUT, growth("/smaps_rollup:Rss")(f"{LEFT_OUT.id}.asked"), AtLeast(0),
                     "Rss in smaps_rollup grew by {value}."),),
    premises=(of_small_pages(TABLES),),
    needs=Needs(disks=(Disk("disk", "ext4", 64 * MIB),), changes=("mount",)),
)
