"""What do the limits of address space and memory limit: ulimit's, and vm.max_map_count?

Each case sets a limit, asks for more than it, and keeps errno or what became resident. Mappings are counted in /proc/PID/maps.
A request within the limit, and one that is refused whatever the limit is, show how the answers read.
"""

import errno
from collections.abc import Callable

from experiments.sections import ADDRESS_LIMITS
from harness.claims import (
    CONFIRMED, KIB, MIB, REFUTED, AtLeast, AtMost, Case, Claim, Disk, Errno, Exactly, Known, Needs, Not, Pages, Premise,
    Recorded, Settings, Small, Within, counters, pages, table,
)
from harness.lab import (
    ANONYMOUS, FIXED, NO_ACCESS, PRIVATE, READ, RLIMIT_AS, RLIMIT_DATA, RLIMIT_MEMLOCK, RLIMIT_RSS, SHARED, WRITE, Lab, Probe,
    numbers,
)

SMALL, LARGE, USER, COUNT, MOST = 16 * MIB, 64 * MIB, 1000, 100, 1000
MAN = "(man-pages 6.03)"
DOCUMENT = "Documentation/admin-guide/sysctl/vm.rst"

RSS = Claim(
    "rlimit-rss-limits", "ulimit -m (RLIMIT_RSS) limits resident memory.", ADDRESS_LIMITS,
    known=(Known(REFUTED, f"getrlimit(2), RLIMIT_RSS {MAN}: it has an effect in Linux 2.4.x before 2.4.30 only"),),
    instead="Limit resident memory with memory.max or memory.high of a group: Linux has taken RLIMIT_RSS and done nothing "
            "with it "
            "since 2.4.30.")
AS = Claim(
    "rlimit-as-limits-virtual", "ulimit -v makes an mmap beyond it fail with ENOMEM whatever is resident.", ADDRESS_LIMITS,
    known=(Known(CONFIRMED, f"getrlimit(2), RLIMIT_AS {MAN}; mm/mmap.c, may_expand_vm (v5.10 to v7.2)"),))
DATA = Claim(
    "rlimit-data-counts-mmap", "RLIMIT_DATA counts private anonymous mappings as well as the heap (since 4.7).", ADDRESS_LIMITS,
    known=(Known(CONFIRMED, f"getrlimit(2), RLIMIT_DATA {MAN}"),))
DEFAULT_LOCK = Claim(
    "rlimit-memlock-64k", "The kernel's default RLIMIT_MEMLOCK is 64 KiB.", ADDRESS_LIMITS,
    known=(Known(CONFIRMED, "include/uapi/linux/resource.h, MLOCK_LIMIT (v5.10): 64 KiB", until="5.16"),
           Known(REFUTED, "commit 9dcc38e2813e (v5.16); include/uapi/linux/resource.h, MLOCK_LIMIT (v6.1 to v7.2): 8 MiB",
                 since="5.16")),
    instead="Expect 8 MiB since Linux 5.16, where nothing sets another: ask `ulimit -l` before locking more than that.")
EXEMPT = Claim(
    "rlimit-memlock-root-exempt", "A process with CAP_IPC_LOCK may lock any amount whatever RLIMIT_MEMLOCK says.", ADDRESS_LIMITS,
    known=(Known(CONFIRMED, f"mlock(2), Limits and permissions {MAN}; mm/mlock.c, do_mlock (v5.10 to v7.2)"),))
ENOUGH = Claim(
    "max-map-count-enomem", "A process that has used up max_map_count gets ENOMEM from mmap although memory is free.",
    ADDRESS_LIMITS,
    known=(Known(CONFIRMED, f"{DOCUMENT}, max_map_count; mm/mmap.c, do_mmap (v5.10 to v7.2) refuses once map_count is larger "
                            "than the limit, so a process can have one mapping more than it says"),))
DEFAULT = Claim(
    "max-map-count-default", "The default of max_map_count is 65530.", ADDRESS_LIMITS,
    known=(Known(CONFIRMED, "include/linux/mm.h, DEFAULT_MAX_MAP_COUNT (v5.10 to v7.2): 65535 less 5; "
                            f"{DOCUMENT}, max_map_count (v6.1 to v7.2); that of 5.10 says 65536"),))
EACH = Claim(
    "max-map-count-is-mmaps", "Every mmap of anonymous memory uses one of max_map_count.", ADDRESS_LIMITS,
    known=(Known(REFUTED, "mm/mmap.c, vma_merge (v5.10); mm/mmap.c, vma_expand (v6.1); mm/vma.c, vma_merge_new_range (v6.12, "
                          "v7.2): neighbours alike become one mapping"),),
    instead="Count the lines of /proc/PID/maps against vm.max_map_count: neighbours of one kind and protection are one line, "
            "however many mmap() calls made them.")
SPLITS = Claim(
    "max-map-count-splits", "Changing the protection (or locking) a page in the middle of a mapping makes three of one.",
    ADDRESS_LIMITS,
    known=(Known(CONFIRMED, f"mlock(2), ERRORS, ENOMEM {MAN}; mprotect(2), ERRORS, ENOMEM {MAN}"),))


def filled(words: str, *, rlimit: bool = False, group: bool = False) -> Case:
    """Fills 64 MiB, with RLIMIT_RSS of 16 MiB, or in a group of 16 MiB, which swaps."""
    def do(lab: Lab, at: str) -> None:
        if group:
            lab.swapon()
        probe = lab.probe(at, lab.sandbox(at, memory_max=SMALL) if group else None)
        if rlimit:
            probe.rlimit(RLIMIT_RSS, SMALL, SMALL)
        lab.sample(at, pages={"memory": probe.map(LARGE).fill()})
    return Case(words, do)


def asked(words: str, size: int, *, resource: int | None = None, protection: int = READ | WRITE, shared: bool = False,
          heap: bool = False) -> Case:
    """Asks for so much address space with a limit of 64 MiB."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        if resource is not None:
            probe.rlimit(resource, LARGE, LARGE)
        if heap:
            probe.try_as(at).sbrk(size)
        else:
            probe.try_as(at).mmap(size, protection=protection, flags=(SHARED if shared else PRIVATE) | ANONYMOUS)
    return Case(words, do)


def own(lab: Lab, at: str) -> None:
    """Records whether PID 1 is the lab's agent, so that no init system has set what the kernel begins with."""
    reader = counters.keyed(lab.read("/proc/self/status").encode())     # a child of the agent's
    lab.record(f"{at}: own", int(reader["PPid"] == 1))


def lock_limit(words: str, limit: int | None) -> Case:
    """Records the soft limit of PID 1 in KiB, or of a probe that has set its own."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        own(lab, at)
        if limit is not None:
            probe.rlimit(RLIMIT_MEMLOCK, limit, limit)
        text = lab.read(f"/proc/{1 if limit is None else probe.pid}/limits")
        lab.record(at, next(int(line.split()[3]) for line in text.splitlines() if line.startswith("Max locked memory")) // KIB)
    return Case(words, do)


def locked(words: str, uid: int, size: int, limit: int | None = None) -> Case:
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        if limit is not None:
            probe.rlimit(RLIMIT_MEMLOCK, limit, limit)      # as root: nobody else can raise a default of 64 KiB
        if uid:
            probe.setuid(uid, uid)
        probe.map(size).try_as(at).lock()
    return Case(words, do)


def mapped_until(words: str, count: int, length: int, *, limit: int | None = None) -> Case:
    """Records errno of the mapping that is refused, of `count` that are asked for, with max_map_count at 1,000; 0 if none
    is; and how many mappings there are then, but for [vsyscall], which is none of the process's."""
    def do(lab: Lab, at: str) -> None:
        probe, before = lab.probe(at), lab.read("/proc/sys/vm/max_map_count").strip()
        if limit is None:
            lab.sysctl("vm.max_map_count", MOST)
        else:
            probe.rlimit(RLIMIT_AS, limit, limit)
        lab.record(at, numbers(probe.mmap_many(count, length).text)[2])
        lab.record(f"{at}: mappings", len([one for one in lab.mappings(probe) if one.path != "[vsyscall]"]))
        lab.sysctl("vm.max_map_count", before)
    return Case(words, do)


def map_count(words: str, write: int | None = None) -> Case:
    def do(lab: Lab, at: str) -> None:
        before = lab.read("/proc/sys/vm/max_map_count").strip()
        own(lab, at)
        if write is not None:
            lab.sysctl("vm.max_map_count", write)
        lab.record(at, int(lab.read("/proc/sys/vm/max_map_count")))
        lab.sysctl("vm.max_map_count", before)
    return Case(words, do)


def lines(words: str, act: Callable[[Probe, int], object]) -> Case:
    """Records how many lines /proc/PID/maps has more after something is done with a mapping of 16 MiB."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        memory = probe.map(SMALL).address
        before = len(lab.mappings(probe))
        act(probe, memory)
        lab.record(at, len(lab.mappings(probe)) - before)
    return Case(words, do)


def side_by_side(probe: Probe, memory: int) -> None:
    """Maps pages side by side, where a mapping was."""
    probe.munmap(memory, SMALL)
    for number in range(COUNT):
        probe.mmap(probe.page_size, address=memory + number * probe.page_size, flags=PRIVATE | ANONYMOUS | FIXED)


def protected(probe: Probe, memory: int) -> None:
    probe.mprotect(memory + SMALL // 2, probe.page_size, READ)


def locked_page(probe: Probe, memory: int) -> None:
    probe.mlock(memory + SMALL // 2, probe.page_size)


def whole(probe: Probe, memory: int) -> None:
    probe.mprotect(memory, SMALL, READ)


def two_more(probe: Probe, memory: int) -> None:
    probe.mmap_many(2, probe.page_size, flags=SHARED | ANONYMOUS)


REFUSED, GRANTED, TOO_MUCH = Exactly(errno.ENOMEM, "it is refused"), Exactly(0, "it is granted"), 1 << 50
IMPOSSIBLE = asked("of a mapping of more than there are addresses", TOO_MUCH)
THREE, OTHER = Exactly(2, "two more than the one"), Not(2, "another number")
MAPPED_2, PROTECTED_ALL = lines("by two shared mappings", two_more), lines("by mprotect of the whole mapping", whole)
LIMIT_64K, LIMIT_1M = 64 * KIB, MIB
EXPERIMENT = table(
    Small(RSS, "resident pages", filled("with RLIMIT_RSS", rlimit=True), filled("in a group of 16 MiB", group=True),
          filled("without a limit"), of=lambda at: Pages(at, "memory"), unit="pages",
          if_true=AtMost(pages(SMALL), "the limit"), if_false=AtLeast(pages(SMALL) + 1, "more than the limit"),
          says="With RLIMIT_RSS of 16 MiB {value} pages were resident."),
    Small(AS, "errno", asked("of PROT_NONE memory past RLIMIT_AS", 2 * LARGE, resource=RLIMIT_AS, protection=NO_ACCESS),
          IMPOSSIBLE,
          asked("of PROT_NONE memory within RLIMIT_AS", MIB, resource=RLIMIT_AS, protection=NO_ACCESS), REFUSED, GRANTED,
          of=Errno,
          unit="errno", says="An inaccessible mapping past RLIMIT_AS was {value:answer}."),
    Small(DATA, "errno", asked("of a private mapping past RLIMIT_DATA", 2 * LARGE, resource=RLIMIT_DATA), IMPOSSIBLE,
          asked("of a shared mapping past RLIMIT_DATA", 2 * LARGE, resource=RLIMIT_DATA, shared=True), REFUSED, GRANTED, of=Errno,
          unit="errno", key="mmap", says="A private mapping past RLIMIT_DATA was {value:answer},"),
    Small(DATA, "errno", asked("of brk past RLIMIT_DATA", 2 * LARGE, resource=RLIMIT_DATA, heap=True), IMPOSSIBLE,
          asked("of brk within RLIMIT_DATA", MIB, resource=RLIMIT_DATA, heap=True), REFUSED, GRANTED, of=Errno, unit="errno",
          key="brk",
          says="and so much of brk {value:answer}."),
    Small(DEFAULT_LOCK, "RLIMIT_MEMLOCK", lock_limit("of PID 1", None), lock_limit("once 64 KiB was set", LIMIT_64K),
          lock_limit("once 1 MiB was set", LIMIT_1M), unit="KiB", key="limit", if_true=Exactly(64, "the claim's number"),
          if_false=Not(64, "another"), says="The limit of PID 1 was {value} KiB,"),
    Small(DEFAULT_LOCK, "errno of mlock", locked("of 128 KiB by an ordinary user", USER, 2 * LIMIT_64K),
          locked("of 128 KiB with a limit of 64 KiB", USER, 2 * LIMIT_64K, LIMIT_64K),
          locked("of 128 KiB with a limit of 1 MiB", USER, 2 * LIMIT_64K, LIMIT_1M), REFUSED, GRANTED, of=Errno, unit="errno",
          key="mlock",
          says="and an ordinary user's mlock of 128 KiB was {value:answer}."),
    Small(EXEMPT, "errno of mlock", locked("of 16 MiB by root with a limit of 64 KiB", 0, SMALL, LIMIT_64K),
          locked("of 16 KiB by an ordinary user with a limit of 64 KiB", USER, LIMIT_64K // 4, LIMIT_64K),
          locked("of 16 MiB by an ordinary user with a limit of 64 KiB", USER, SMALL, LIMIT_64K), GRANTED, REFUSED, of=Errno,
          unit="errno",
          says="Root's mlock of 16 MiB with a limit of 64 KiB was {value:answer}."),
    Small(ENOUGH, "errno of mmap", mapped_until("after max_map_count mappings", 2 * MOST, 4096),
          mapped_until("past RLIMIT_AS", 2 * LARGE // MIB, MIB, limit=LARGE),
          mapped_until("after half of max_map_count mappings", MOST // 2, 4096), REFUSED, GRANTED, unit="errno",
          says="With max_map_count used up a further mapping was {value:answer}."),
    Small(DEFAULT, "max_map_count", map_count("of the kernel"), map_count("once 65530 was written", 65530),
          map_count("once 262144 was written", 262144), unit="", if_true=Exactly(65530, "the claim's number"),
          if_false=Not(65530, "another"), says="max_map_count was {value}."),
    Small(EACH, "lines of maps", lines(f"by {COUNT} mappings side by side", side_by_side),
          lines(f"by {COUNT} mappings of two protections in turn", lambda probe, _: probe.mmap_many(COUNT, probe.page_size)),
          lines("by one mapping", lambda probe, _: probe.map(probe.page_size, shared=True)), unit="lines",
          if_true=AtLeast(COUNT - 1, "each has its own; one was there before"), if_false=AtMost(COUNT - 2, "some are one"),
          says=f"{COUNT} mmaps side by side were {{value:±lines more|lines fewer|no line more}} of maps."),
    Small(SPLITS, "lines of maps", lines("by mprotect of a page in the middle", protected), MAPPED_2, PROTECTED_ALL, THREE, OTHER,
          unit="lines", key="mprotect", says="mprotect of a page in the middle made {value} lines more,"),
    Small(SPLITS, "lines of maps", lines("by mlock of a page in the middle", locked_page), MAPPED_2, PROTECTED_ALL, THREE, OTHER,
          unit="lines", key="mlock", says="and mlock {value}."),
    premises=(*(Premise(claim, Recorded(f"{name}.asked: own"), Exactly(1), "an init system may have set another")
                for claim, name in ((DEFAULT_LOCK, f"{DEFAULT_LOCK.id}.limit"), (DEFAULT, DEFAULT.id))),
              Premise(ENOUGH, Recorded(f"{ENOUGH.id}.asked: mappings"), Within(MOST, MOST + 1),
                      "the process does not have as many mappings as max_map_count says, or one more"),),
    settings=Settings(overcommit=0),
    version=3,
    writes=("max_map_count",),
    needs=Needs(disks=(Disk("swap", "swap", 128 * MIB),), changes=("sysctl", "swap"), throwaway=True),
)
