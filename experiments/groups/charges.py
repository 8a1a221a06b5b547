"""What is a memory group charged for, which group is it, and until when?

Each case has a group of its own, with a process in it. memory.current of the group is read before and after 8 MiB of memory
are mapped, filled, shared, written to a tmpfs or a pipe, or read from a disk file, here or by a process of another group,
whose process may have moved. The kernel charges a group for up to 64 pages ahead, so memory.current is that much coarser.
"""

import os
from collections.abc import Callable

from experiments.sections import GROUPS
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Besides, Case, Change, Claim, Counter, Document, Exactly, Known, Needs, Pages,
    Quantity, Small, of_small_pages, pages, table,
)
from harness.lab import F_SETPIPE_SZ, MCL_CURRENT, NORESERVE, Lab, Probe, Sandbox, numbers
from harness.lab.helpers.charges import BATCH

SIZE, LIMIT, PROCESSES, IN_A_PIPE = 8 * MIB, 64 * MIB, 3, 256        # bytes, bytes; pages
# Tables of a page each; threads, each with a kernel stack of 16 KiB; names, each a dentry of 192 bytes, 21 to a page.
TABLES, THREADS, NAMES = 1024, 256, 8192
STACKS, DENTRIES = THREADS * 4, NAMES // 21
V2 = "Documentation/admin-guide/cgroup-v2.rst"
OWNED = f"{V2}, “Memory Ownership” (v5.10 to v7.2)"

UNTOUCHED = Claim(
    "memcg-limit-counts-untouched", "Memory that was mapped but never touched counts against memory.max.", GROUPS,
    known=(Known(REFUTED, "mm/memory.c, do_anonymous_page: a page is charged when a fault makes it (v5.10 to v7.2)"),),
    instead="Size memory.max by what is touched: anonymous memory costs a group next to nothing until it is written, so neither "
            "VSZ nor the size of a heap says what counts.")
TMPFS = Claim(
    "memcg-tmpfs-counts-to-writer", "What is written to a tmpfs is charged to the writer's group and stays charged after the "
    "writer has exited.", GROUPS, known=(Known(CONFIRMED, OWNED),), document=Document(OWNED))
FIRST = Claim(
    "memcg-first-touch-owns", "A file's page cache is charged to the group that read it first; a second group that reads it "
    "pays nothing.", GROUPS, known=(Known(CONFIRMED, OWNED),), document=Document(OWNED))
MIGRATION = Claim(
    "memcg-migration-moves-charge", "Moving a process into another group moves its memory charge along.", GROUPS,
    known=(Known(REFUTED, OWNED),),
    instead="Start a process in the group that is to pay for it: what it was charged for before it moved stays with the old "
            "group until it is freed.")
IS_RSS = Claim(
    "memcg-current-is-rss", "memory.current of a group with one process equals that process's RSS (to within 1 MiB).", GROUPS,
    known=(Known(REFUTED, f"{V2}, “Memory”: userland memory is page cache and anonymous memory (v5.10 to v7.2)"),),
    instead="Read anon in memory.stat for what a group's processes hold themselves: memory.current has the page cache and the "
            "kernel's own memory too, and RSS has pages that other groups were charged for.")
SUM = Claim(
    "memcg-sum-rss-is-usage", "The RSS values of all processes of a group add up to its memory.current.", GROUPS,
    known=(Known(REFUTED, "proc(5): the RSS of each process has the pages that it shares; a page is charged once"),),
    instead="Take memory.current, or add up Pss instead of RSS: pages that processes share count in the RSS of each.")
SHMEM = Claim(
    "memcg-file-includes-shmem", "memory.stat's file excludes shared memory and tmpfs.", GROUPS,
    known=(Known(REFUTED, f"{V2}, memory.stat: file is “including tmpfs and shared memory” (v5.10 to v7.2)"),),
    instead="Subtract shmem from file in memory.stat before taking it for cache that can be dropped.")
KERNEL = Claim(
    "memcg-counts-kernel-memory", "Page tables, kernel stacks and dentries that a group causes count in its memory.current.",
    GROUPS, known=(Known(CONFIRMED, f"{V2}, “Memory”: kernel data structures such as dentries and inodes (v5.10 to v7.2)"),),
    document=Document(f"{V2}, “Kernel data structures such as dentries and inodes” (v5.10 to v7.2)"))
IN_PIPE = Claim(
    "memcg-pipe-counted", "Data waiting in a pipe counts in the writer's memory.current.", GROUPS,
    known=(Known(CONFIRMED, "fs/pipe.c: its pages are allocated with __GFP_ACCOUNT (v5.10 to v7.2)"),))
REMOVED = Claim(
    "memcg-rmdir-forgets-cache", "When a group is removed, the page cache charged to it is dropped.", GROUPS,
    known=(Known(REFUTED, "mm/memcontrol.c, mem_cgroup_css_offline leaves its pages on their lists, charged to a group that is "
                          "dying (v5.10 to v6.12); memcg_reparent_objcgs hands them to its parent (v7.2)"),),
    instead="Expect the cache of a removed group to stay in memory, and in the usage of the groups above it, until it is "
            "reclaimed; memory.reclaim frees it beforehand.")


Do = Callable[[Lab, str, Sandbox, Probe], object]


def case(words: str, do: Do) -> Case:
    """Does something with a group and a process in it, between two samples."""
    def run(lab: Lab, at: str) -> None:
        box = lab.sandbox(at, memory_max=LIMIT)
        probe = lab.probe(at, box)
        lab.sample(f"{at}: before")
        do(lab, at, box, probe)
        lab.sample(at)
    return Case(words, run)


def growth(counter: str) -> Callable[[str], Quantity]:
    return lambda at: Change(f"{at}/{counter}", f"{at}: before", at)


CURRENT, FILE = growth("memory.current"), growth("memory.stat:file")


def besides(*others: str) -> Callable[[str], Quantity]:
    """Tells what of the growth of memory.current is none of some parts in memory.stat."""
    def of(at: str) -> Quantity:
        found = CURRENT(at)
        for other in others:
            found = found - growth(f"memory.stat:{other}")(at)
        return found
    return of


def off_rss(*others: int) -> Callable[[str], Quantity]:
    """Tells by how much memory.current differs from the RSS of the group's processes."""
    def of(at: str) -> Quantity:
        found = Counter(f"{at}/memory.current", at) - Counter(f"{at}/status:VmRSS", at)
        for number in others:
            found = found - Counter(f"{at} {number}/status:VmRSS", at)
        return abs(found)
    return of


def disk_file(lab: Lab, at: str, directory: str = "") -> str:
    """Makes a disk file of SIZE of which nothing is cached, and returns its path. directory: of a disk that is mounted."""
    path = f"{directory or lab.mount_disk()}/{at}"
    fd = lab.hand.open(path, os.O_RDWR | os.O_CREAT).value
    lab.hand.write(fd, SIZE)
    lab.hand.fsync(fd)
    lab.hand.close(fd)
    lab.drop_caches(1)
    return path


def read_all(probe: Probe, path: str) -> None:
    probe.read(probe.open(path, os.O_RDONLY).value, SIZE)


def read(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
    read_all(probe, disk_file(lab, at))


def read_beside(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
    read_all(probe, disk_file(lab, at, "/mnt/disk"))


def fill(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
    probe.map(SIZE).fill()


def fill_twice(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
    probe.map(SIZE).fill().unmap()


def nothing(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
    """Reads memory that nobody wrote: one page of zeros stands for all of it."""
    probe.map(SIZE).read()


def shared(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
    probe.map(SIZE, shared=True).fill()


def tmpfs(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
    probe.create_file(f"{lab.mount_tmpfs()}/{at}", SIZE)


def and_exit(do: Do) -> Do:
    def run(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
        do(lab, at, box, probe)
        probe.end()
    return run


def second(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
    path = disk_file(lab, at)
    read_all(lab.probe(f"{at} other", lab.sandbox(f"{at} other")), path)
    read_all(probe, path)


def first(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
    path = disk_file(lab, at)
    read_all(probe, path)
    read_all(lab.probe(f"{at} other", lab.sandbox(f"{at} other")), path)


def arrived(before: bool) -> Do:
    """Fills memory in another group and moves here, or the other way round."""
    def run(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
        mover = lab.probe(f"{at} mover", lab.sandbox(f"{at} other"))
        if before:
            mover.map(SIZE).fill()
        box.move(mover)
        if not before:
            mover.map(SIZE).fill()
    return run


def left(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
    probe.map(SIZE).fill()
    lab.sandbox(f"{at} other").move(probe)


def several(do: Do, each: bool = False) -> Do:
    """Does something and forks, until there are PROCESSES; or, `each`, forks first, and does it in every one."""
    def run(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
        if not each:
            do(lab, at, box, probe)
        children = [lab.fork(probe, f"{at} {number}") for number in range(1, PROCESSES)]
        for one in (probe, *children) if each else ():
            do(lab, at, box, one)
    return run


def of_disk(words: str, do: Do) -> Case:
    """Does something with a process whose program lies on a disk, so that its own group is charged for its text."""
    def run(lab: Lab, at: str) -> None:
        directory = f"{lab.mount_disk()}/{at} program"
        lab.hand.mkdir(directory)
        program = lab.program_on_disk(directory)
        lab.drop_caches(1)
        box = lab.sandbox(at)
        probe = lab.probe(at, box, program=program)
        # RSS has what is mapped of its program, the group is charged for what was read: all of it is mapped. In large folios,
        # as ext4 has them since 6.16, a page that is mapped keeps its neighbours, so dropping the others would not do.
        probe.mlockall(MCL_CURRENT)
        do(lab, at, box, probe)
        lab.sample(at)
    return Case(words, run)


def sparse(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
    """Writes a page in each of many stretches that have a page table of their own, of 8 bytes a page."""
    stretch = lab.page_size // 8 * lab.page_size
    memory = probe.map(TABLES * stretch, flags=NORESERVE)
    probe.touch(memory.address, memory.length, stride=stretch, write=True)


def threads(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
    probe.threads(THREADS)


def names(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
    """Looks up names that are not there, each of which is remembered."""
    directory = f"{lab.mount_disk()}/{at}"
    lab.hand.mkdir(directory)
    probe.populate_dir(directory, NAMES, 0)


def piped(received: bool) -> Do:
    def run(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
        ends = numbers(probe.pipe().text)
        size = IN_A_PIPE * lab.page_size
        probe.fcntl(ends[1], F_SETPIPE_SZ, size)
        lab.require(probe.send(ends[1], size).value == size, "the pipe holds all of it")
        if received:
            probe.receive(ends[0], size)
    return run


def fill_as_much(lab: Lab, at: str, box: Sandbox, probe: Probe) -> None:
    probe.map(IN_A_PIPE * lab.page_size).fill()


def cached(words: str, then: Callable[[Lab, Sandbox], object]) -> Case:
    """Reads a disk file in a group below another one, whose process exits; reads what of the file is cached after `then`."""
    def run(lab: Lab, at: str) -> None:
        box = lab.sandbox(at, lab.sandbox(f"{at} parent"))
        probe = lab.probe(at, box)
        path = disk_file(lab, at)
        read_all(probe, path)
        probe.end()
        then(lab, box)
        lab.sample(at, pages={at: path})
    return Case(words, run)


AHEAD = "all of it, but for what was charged ahead"
MISSING = "a page more than is charged ahead is missing"
COUNTS, MISSES = AtLeast(pages(SIZE) - BATCH, AHEAD), AtMost(pages(SIZE) - BATCH - 1, MISSING)
NEAR, FAR = AtMost(pages(MIB), "within the claim's 1 MiB"), AtLeast(pages(MIB) + 1, "a page more is beyond it")
FILLED, NOTHING = case("by memory that was filled", fill), case("by memory that was only read", nothing)
STEPS = "memory.current grows by what is charged ahead"


def kernel(key: str, words: str, do: Do, size: int, *others: str) -> Small:
    """Asks for kernel memory of `size` pages, which is none of `others` either."""
    return Small(KERNEL, "growth of memory.current besides anon", case(words, do), case("by a file that was read", read), FILLED,
                 of=besides("anon", *others), key=key, says=f"memory.current grew by {{value}} pages besides anon {words}.",
                 if_true=AtLeast(size - 2 * BATCH, f"{size:,} pages, but for what is charged ahead, and what anon lags behind"),
                 if_false=AtMost(size - 2 * BATCH - 1, "a page more is missing"))


EXPERIMENT = table(
    Small(UNTOUCHED, "growth of memory.current", case("by 256 MiB that were mapped",
                                                      lambda lab, at, box, probe: probe.map(4 * LIMIT)),
          FILLED, NOTHING, of=CURRENT, if_true=COUNTS, if_false=MISSES, slack=STEPS,
          says="Mapping four times the limit made memory.current grow by {value} pages."),
    Small(TMPFS, "growth of memory.current", case("by a tmpfs file, its writer gone", and_exit(tmpfs)), FILLED,
          case("by memory that was filled, the process gone", and_exit(fill)), of=CURRENT,
          if_true=AtLeast(pages(SIZE) - 2 * BATCH, "all of it, but for what was charged ahead, and what its process had before"),
          if_false=AtMost(pages(SIZE) - 2 * BATCH - 1, "a page more is missing"),
          says="After 2,048 pages were written to a tmpfs and the writer had exited, its group had {value} more."),
    Small(FIRST, "growth of memory.stat's file", case("of the second reader", second), NOTHING, case("of an only reader", read),
          of=FILE, key="second", if_true=Exactly(0, "“nothing”"), if_false=AtLeast(1, "a page is something"),
          says="The second group to read a file of 2,048 pages was charged for {value}."),
    Small(FIRST, "growth of memory.current", case("of the first reader", first), FILLED, NOTHING, of=CURRENT, key="first",
          if_true=COUNTS, if_false=MISSES, slack=STEPS, says="The first group to read it was charged for {value}."),
    Small(MIGRATION, "growth of memory.current", case("by a process that filled memory and came", arrived(before=True)),
          case("by one that came and filled memory", arrived(before=False)), NOTHING, of=CURRENT, key="new", if_true=COUNTS,
          if_false=MISSES, says="The group that a process of 2,048 pages moved to grew by {value} pages."),
    Small(MIGRATION, "growth of memory.current", case("by a process that filled memory and left", left),
          case("by memory that was filled and unmapped", fill_twice), FILLED, of=CURRENT, key="old",
          if_true=AtMost(BATCH, "all of it left, but for what is charged ahead"),
          if_false=AtLeast(BATCH + 1, "a page more has stayed"), says="The group that it left kept {value}."),
    Small(IS_RSS, "difference of memory.current and RSS", of_disk("of a process that has read a file", read_beside),
          of_disk("of one that has filled memory", fill), of_disk("of one that has written a tmpfs file", tmpfs), of=off_rss(),
          if_true=NEAR, if_false=FAR, says="With a file of 2,048 pages read, memory.current and RSS were {value} pages apart."),
    Small(SUM, "difference of memory.current and the sum of RSS", case("of three processes that share 8 MiB", several(fill)),
          case("of three with 8 MiB of their own", several(fill, each=True)),
          case("of three, one of which has read a file", several(read)),
          of=off_rss(*range(1, PROCESSES)),
          if_true=AtMost(pages(PROCESSES * MIB), "1 MiB for each, as the claim on one process has it"),
          if_false=AtLeast(pages(PROCESSES * MIB) + 1, "a page more is beyond it"),
          says="Three processes that share 2,048 pages had an RSS {value} pages away from memory.current."),
    *(Small(SHMEM, "growth of memory.stat's file", case(words, do), FILLED, case("by a file that was read", read), of=FILE,
            key=key, if_true=Exactly(0, "it excludes them"), if_false=AtLeast(1, "a page of them is in it"),
            says=f"file grew by {{value}} pages {words}.")
      for key, words, do in (("shared", "by 2,048 shared pages", shared), ("tmpfs", "by 2,048 of a tmpfs file", tmpfs))),
    kernel("tables", f"by {TABLES:,} page tables", sparse, TABLES),
    kernel("stacks", f"by {THREADS} threads", threads, STACKS, "slab"),
    kernel("dentries", f"by {NAMES:,} names", names, DENTRIES),
    Small(IN_PIPE, "growth of memory.current", case(f"by {IN_A_PIPE} pages in a pipe", piped(received=False)),
          case(f"by {IN_A_PIPE} pages that were filled", fill_as_much),
          case(f"by {IN_A_PIPE} that were read out of it", piped(received=True)), of=CURRENT,
          if_true=AtLeast(IN_A_PIPE - BATCH, AHEAD), if_false=AtMost(IN_A_PIPE - BATCH - 1, MISSING),
          says=f"{IN_A_PIPE} pages in a pipe made memory.current grow by {{value}}."),
    Small(REMOVED, "pages of a file cached", cached("when its group was removed", lambda lab, box: box.remove()),
          cached("when caches were dropped", lambda lab, box: lab.drop_caches(1)),
          cached("while its group is there", lambda lab, box: None), of=lambda at: Pages(at, at),
          if_true=Exactly(0, "it is dropped"), if_false=AtLeast(1, "a page is left"),
          says="Of a file of 2,048 pages {value} were cached when its group was removed."),
    besides=(Besides(REMOVED, Counter(f"{REMOVED.id}.asked parent/cgroup.stat:nr_dying_descendants", f"{REMOVED.id}.asked"),
                     AtLeast(1), "Its parent's cgroup.stat had {value} dying descendants then."),),
    premises=(of_small_pages(KERNEL),),
    version=3,
    needs=Needs(changes=("drop_caches", "mount")),
)
