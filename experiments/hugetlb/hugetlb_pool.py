"""What does the pool of huge pages take, where are its pages counted, and when are they promised?

vm.nr_hugepages is written, for 128 MiB, for 8 MiB, or for twice what the machine has. Memory of huge pages is mapped, with a
reservation or without, and filled. MemFree and MemAvailable, HugePages_Total and HugePages_Rsvd, VmRSS, Cached, errno, the signal
that ends a process, and the content of a page tell the answers; ordinary memory beside it shows how they read.
"""

import errno
import signal
from collections.abc import Callable

from experiments.sections import HUGETLB
from harness.claims import (
    CONFIRMED, KIB, MIB, REFUTED, AtLeast, AtMost, Besides, Case, Change, Claim, Counter, Document, Errno, Exactly, Known, Needs,
    Not, Quantity, Signal, Small, pages, table,
)
from harness.lab import HUGETLB as HUGE_PAGES
from harness.lab import IPC_CREAT, IPC_RMID, MFD_HUGETLB, NORESERVE, SHM_HUGETLB, Lab, Probe

HUGE = 2 * MIB                      # bytes: Hugepagesize where a page has 4 KiB, on x86-64 and arm64
LARGE, POOL, HALF = 128 * MIB, 8 * MIB, 4 * MIB
NUMBER = "/proc/sys/vm/nr_hugepages"
# Pages by which VmRSS may grow otherwise: a thread keeps up to 64 of each of three kinds to itself (mm/memory.c,
# TASK_RSS_EVENTS_THRESH, v5.10, v6.1), or each processor a batch of 32 (lib/percpu_counter.c, compute_batch_value, v6.12); and
# a probe touches some pages of its own meanwhile (measured: up to 49), of which 64 are allowed for.
OFF = 4 * 64
RST = "Documentation/admin-guide/mm/hugetlbpage.rst"

AT_ONCE = Claim(
    "hugetlb-takes-at-once", "Setting nr_hugepages takes the memory from MemFree and MemAvailable at once, used or not.", HUGETLB,
    known=(Known(CONFIRMED, "mm/hugetlb.c, set_max_huge_pages allocates the pages before the write returns (v5.10 to v7.2)"),),
    document=Document(f"{RST}, “reserved inside the kernel and cannot be used for other purposes” (v5.10 to v7.2)"))
ALL_OR_ERROR = Claim(
    "hugetlb-nr-all-or-error", "Writing nr_hugepages either gets all pages or fails.", HUGETLB,
    known=(Known(REFUTED, "mm/hugetlb.c, set_max_huge_pages stops at the first page that it does not get, and returns 0 "
                          "(v5.10 to v7.2)"),),
    instead="Read nr_hugepages back after writing it, and set it early, by hugepages= on the kernel's command line: a write that "
            "gets fewer pages succeeds all the same.")
IN_RSS = Claim(
    "hugetlb-in-rss", "hugetlb pages in use count in VmRSS.", HUGETLB,
    known=(Known(REFUTED, "mm/hugetlb.c, hugetlb_count_add: a counter of their own (v5.10 to v7.2); "
                          "Documentation/filesystems/proc.rst, “field for historical reasons”: not in RSS (v5.10 to v7.2)"),),
    instead="Add HugetlbPages of /proc/PID/status to VmRSS, or Private_Hugetlb and Shared_Hugetlb of smaps to Rss: a process "
            "that lives in huge pages looks small in ps and top.")
RESERVED = Claim(
    "hugetlb-reserved-at-mmap", "mmap of MAP_HUGETLB reserves (HugePages_Rsvd) and fails with ENOMEM when the pool is too small; "
    "no touch by that process later fails.", HUGETLB,
    known=(Known(CONFIRMED, "mm/hugetlb.c, hugetlb_reserve_pages (v5.10 to v7.2); a child after fork has no part in the "
                            "reservation of a private mapping, and a cpuset may keep a process from it (hugetlb_acct_memory)"),),
    document=Document(f"{RST}, “Reserved huge pages guarantee that an application will be able to allocate a huge page” "
                      "(v5.10 to v7.2)"))
SIGBUS = Claim(
    "hugetlb-noreserve-sigbus", "With MAP_NORESERVE such a mapping succeeds and a touch beyond the pool raises SIGBUS.", HUGETLB,
    known=(Known(CONFIRMED, "mm/hugetlb.c, hugetlb_no_page: VM_FAULT_SIGBUS of alloc_hugetlb_folio's ENOSPC (v6.12, v7.2), of "
                            "alloc_huge_page's (v5.10, v6.1)"),))
ZEROED = Claim(
    "hugetlb-zeroed", "A hugetlb page that another process had used reads as zeros.", HUGETLB,
    known=(Known(CONFIRMED, "mm/hugetlb.c, hugetlb_no_page: clear_huge_page (v5.10, v6.1), folio_zero_user (v6.12, v7.2)"),))
CACHED = Claim(
    "hugetlb-counts-cached", "Pages of a hugetlbfs file count in Cached.", HUGETLB,
    known=(Known(REFUTED, "mm/filemap.c, __add_to_page_cache_locked (v5.10), __filemap_add_folio (v6.1 to v7.2): “hugetlb pages "
                          "do not participate in page cache accounting”"),),
    instead="Read Hugetlb and HugePages_Free in /proc/meminfo: what lies on hugetlbfs is in neither Cached nor Shmem.")


def pooled(words: str, do: Callable[[Lab, str], object], size: int = POOL) -> Case:
    """Does something while there is a pool of huge pages."""
    def run(lab: Lab, at: str) -> None:
        lab.require(lab.counter("meminfo:Hugepagesize") == HUGE, "a huge page has 2 MiB")
        lab.write(NUMBER, str(size // HUGE))
        lab.require(lab.counter("meminfo:HugePages_Total") == size // HUGE, "the pool has all of its pages")
        do(lab, at)
        lab.write(NUMBER, "0")
    return Case(words, run)


def between(words: str, do: Callable[[Probe], object], *, pool: int = POOL) -> Case:
    """Samples before and after a process does something."""
    def run(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        lab.sample(f"{at}: before")
        do(probe)
        lab.sample(f"{at}: after")
    return pooled(words, run, pool)


def growth(counter: str, sign: int = 1) -> Callable[[str], Quantity]:
    """counter: of the machine's, or of the case's process where it begins with "/"."""
    return lambda at: Change(f"{at}{counter}" if counter.startswith("/") else counter, f"{at}: before", f"{at}: after") * sign


def set_aside(lab: Lab, at: str) -> None:
    lab.sample(f"{at}: before")
    lab.write(NUMBER, str(LARGE // HUGE))
    lab.sample(f"{at}: after")


def written(words: str, number: Callable[[Lab], int], *, used: int = 0) -> Case:
    """Records by how many pages the pool differs from what was written and taken, with so many pages in use before."""
    def do(lab: Lab, at: str) -> None:
        if used:
            lab.probe(at).map(used * HUGE, flags=HUGE_PAGES).fill()
        asked = number(lab)
        refused = lab.hand.attempt.put(NUMBER, str(asked)).error
        lab.record(at, 0 if refused else abs(asked - lab.counter("meminfo:HugePages_Total")))
    return pooled(words, do, used * HUGE)


def segment(probe: Probe) -> None:
    made = probe.shmget(POOL, flags=IPC_CREAT | SHM_HUGETLB | 0o600).value
    probe.shmat(made)
    probe.shmctl(made, IPC_RMID)                # it goes with the process


def mapped(words: str, size: int, flags: int) -> Case:
    return pooled(words, lambda lab, at: lab.probe(at).try_as(at).map(size, flags=flags))


def filled(words: str, size: int, flags: int, *, rival: int = 0) -> Case:
    """Fills a mapping, after another process has filled as much without a reservation as it could get of so many bytes."""
    def do(lab: Lab, at: str) -> None:
        memory = lab.probe(at).map(size, flags=flags)
        if rival:
            lab.probe(f"{at}, rival").map(rival, flags=HUGE_PAGES | NORESERVE).try_as(f"{at}, rival").fill()
        memory.try_as(at).fill()
    return pooled(words, do)


def past_the_end(lab: Lab, at: str) -> None:
    probe = lab.probe(at)
    fd = probe.memfd("file").value
    probe.ftruncate(fd, HALF)
    probe.map(POOL, shared=True, fd=fd).try_as(at).fill()


def reads(words: str, *, used: bool, flags: int = HUGE_PAGES, fill: bool = False) -> Case:
    """Records how many pages of a new mapping read as zeros. used: the whole pool was another process's before."""
    def do(lab: Lab, at: str) -> None:
        if used:
            other = lab.probe(f"{at}, before")
            other.map(POOL, flags=HUGE_PAGES).fill()
            other.end()
        memory = lab.probe(at).map(POOL, flags=flags)
        lab.record(at, (memory.fill() if fill else memory).zeros())
    return pooled(words, do)


def file(probe: Probe, flags: int) -> None:
    fd = probe.memfd("file", flags).value
    probe.ftruncate(fd, POOL)
    probe.map(POOL, shared=True, fd=fd).fill()


ORDINARY = between("by ordinary memory that was filled", lambda probe: probe.map(LARGE).fill(), pool=0)
UNTOUCHED = between("by memory that was mapped", lambda probe: probe.map(LARGE), pool=0)
EXPERIMENT = table(
    *(Small(AT_ONCE, f"fall of {counter}", pooled("after nr_hugepages was set", set_aside, 0), ORDINARY, UNTOUCHED,
            of=growth(f"meminfo:{counter}", -1), key=counter,
            if_true=AtLeast(pages(LARGE) * 3 // 4, "all, but for what a processor had kept back: 1/8 of memory at most (v6.7)"),
            if_false=AtMost(pages(LARGE) // 4, "no more than what a processor keeps back: 1/8 of memory at most (v6.7)"),
            says=f"{begins} by {{value}} pages.")
      for counter, begins in (("MemFree", f"After nr_hugepages was set for {LARGE // MIB} MiB, MemFree had fallen"),
                              ("MemAvailable", "MemAvailable had fallen"))),
    Small(IN_RSS, "growth of VmRSS",
          between("by huge pages that were filled", lambda probe: probe.map(POOL, flags=HUGE_PAGES).fill()),
          between("by ordinary memory that was filled", lambda probe: probe.map(POOL).fill()),
          between("by huge pages that were mapped", lambda probe: probe.map(POOL, flags=HUGE_PAGES)), of=growth("/status:VmRSS"),
          if_true=AtLeast(pages(POOL) - OFF, "every page, but for what VmRSS may be off"),
          if_false=AtMost(OFF, "no more than it may grow otherwise"),
          says=f"Filling {POOL // MIB} MiB of huge pages made VmRSS grow by {{value}} pages."),
    Small(RESERVED, "growth of HugePages_Rsvd", between("by mmap", lambda probe: probe.map(POOL, flags=HUGE_PAGES)),
          between("by shmget with SHM_HUGETLB", segment),
          between("by mmap with MAP_NORESERVE", lambda probe: probe.map(POOL, flags=HUGE_PAGES | NORESERVE)),
          of=growth("meminfo:HugePages_Rsvd"), key="reserved", if_true=Exactly(POOL // HUGE, "every page"),
          if_false=AtMost(POOL // HUGE - 1, "a page is not reserved"),
          says="An mmap of {bound} huge pages made HugePages_Rsvd grow by {value};"),
    Small(RESERVED, "errno", mapped("of mmap of more than the pool", POOL + HUGE, HUGE_PAGES),
          mapped("of mmap of more than there are addresses", 1 << 62, 0), mapped("of mmap of half the pool", HALF, HUGE_PAGES),
          of=Errno, unit="errno", key="refused", if_true=Exactly(errno.ENOMEM, "the claim's errno"),
          if_false=Not(errno.ENOMEM, "granted, or refused otherwise"),
          says="of a page more than there are it was {value:answer};"),
    Small(RESERVED, "signal", filled("of filling what is reserved, after others took all else", POOL, HUGE_PAGES, rival=POOL),
          filled("of filling ordinary memory", POOL, 0),
          filled("of filling more than the pool", 2 * POOL, HUGE_PAGES | NORESERVE),
          of=Signal, unit="signal", key="kept", if_true=Exactly(0, "it is there"), if_false=Not(0, "a touch failed"),
          says="a touch of what was reserved ended in {value}."),
    Small(SIGBUS, "errno", mapped("of mmap of twice the pool with MAP_NORESERVE", 2 * POOL, HUGE_PAGES | NORESERVE),
          mapped("of mmap of half the pool", HALF, HUGE_PAGES), mapped("of mmap of twice the pool", 2 * POOL, HUGE_PAGES),
          of=Errno, unit="errno", key="mapped", if_true=Exactly(0, "it succeeds"),
          if_false=Not(0, "refused, for whatever reason"),
          says="With MAP_NORESERVE a mapping of twice the pool was {value:answer},"),
    Small(SIGBUS, "signal", filled("of filling twice the pool with MAP_NORESERVE", 2 * POOL, HUGE_PAGES | NORESERVE),
          Case("of touching past the end of a file", past_the_end),
          filled("of filling half the pool", HALF, HUGE_PAGES), of=Signal, unit="signal", key="touched",
          if_true=Exactly(signal.SIGBUS, "the claim's signal"), if_false=Not(signal.SIGBUS, "none, or another"),
          says="and filling it ended in {value}."),
    Small(ZEROED, "pages that read as zeros", reads("of huge pages that another process had", used=True),
          reads("of ordinary memory", used=False, flags=0), reads("of huge pages that were filled", used=False, fill=True),
          if_true=Exactly(pages(POOL), "every page"), if_false=AtMost(pages(POOL) - 1, "one that holds something is enough"),
          unit="pages", says="Of {bound} pages that another process had filled {value} were zeros."),
    Small(CACHED, "growth of Cached", between("by a file of huge pages", lambda probe: file(probe, MFD_HUGETLB)),
          between("by a file of ordinary pages", lambda probe: file(probe, 0)),
          between("by private huge pages", lambda probe: probe.map(POOL, flags=HUGE_PAGES).fill()), of=growth("meminfo:Cached"),
          if_true=Exactly(pages(POOL), "every page"), if_false=AtMost(pages(POOL) - 1, "a page that does not count is enough"),
          says="A file of {bound} pages on hugetlbfs made Cached grow by {value}."),
    Small(ALL_OR_ERROR, "pages too few or too many", written("of a pool of twice the machine's memory",
                                                             lambda lab: 2 * lab.memory // HUGE),
          written("of a pool of 8 MiB", lambda lab: POOL // HUGE),
          written("of a pool smaller than what is in use", lambda lab: HALF // HUGE, used=POOL // HUGE), unit="huge pages",
          if_true=Exactly(0, "all, or an error"), if_false=AtLeast(1, "a page that is missing, without an error"),
          says="Asked for twice the machine's memory, the write succeeded {value} huge pages short."),
    besides=(Besides(IN_RSS, Counter(f"{IN_RSS.id}.asked/status:HugetlbPages", f"{IN_RSS.id}.asked: after"), AtLeast(1),
                     "HugetlbPages counted {value} pages."),),
    needs=Needs(memory=256 * MIB, disks=(), files=(NUMBER,), changes=("sysctl",), throwaway=True, page_sizes=(4 * KIB,)),
)
