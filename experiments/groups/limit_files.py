"""What do the files of a memory group say, take and do, and does a process in it see its limits?

Each claim has a group of its own. Its files are read and written at once, or after a process in it has filled memory that
nothing can take back; /proc/meminfo is read from inside and from outside. errno of each write, what reads back, and the
group's memory.events tell the answers, each beside a case where the answer is known.
"""

import errno

from experiments.sections import GROUPS
from harness.claims import (
    CONFIRMED, KIB, MIB, REFUTED, AtLeast, Case, Claim, Document, Errno, Exactly, Known, Needs, Not, Small, table,
)
from harness.lab import Lab, Probe, Sandbox

ODD, LIMIT = MIB + 1, 64 * MIB
V2 = "Documentation/admin-guide/cgroup-v2.rst"

ROUNDS_UP = Claim(
    "memcg-limit-rounds-up", "A limit that is no multiple of the page size reads back rounded up to the next page.", GROUPS,
    known=(Known(REFUTED, f"mm/page_counter.c, page_counter_memparse divides by PAGE_SIZE (v5.10 to v7.2); {V2} says that "
                          "it may be rounded up"),),
    instead="Give limits in whole pages: the kernel rounds down, so that a limit of 1 MiB and 1 byte is one of 1 MiB.",
    document=Document(f"{V2}, “Memory Interface Files” (v5.10 to v7.2)",
                      "A value that is no multiple of PAGE_SIZE is rounded down to one."))
GROUP_KILL = Claim(
    "memcg-oom-group-default-on", "The kernel's default of memory.oom.group is 1.", GROUPS,
    known=(Known(REFUTED, f"{V2}: the default value is “0” (v5.10 to v7.2); Kubernetes 1.28 writes 1 itself"),),
    instead="Write 1 to memory.oom.group yourself if a group is to be killed as a whole; at 0, the default, one process of "
            "it is chosen.")
MEMINFO = Claim(
    "memcg-meminfo-shows-limit", "Inside a limited group /proc/meminfo's MemTotal is the group's limit.", GROUPS,
    known=(Known(REFUTED, "fs/proc/meminfo.c, meminfo_proc_show: si_meminfo of the machine (v5.10 to v7.2)"),),
    instead="From inside a container read memory.max, memory.current and memory.stat of its group: /proc/meminfo speaks of "
            "the whole machine, unless something such as lxcfs is mounted over it.")
REFUSED = Claim(
    "memcg-max-below-usage-refused", "Setting memory.max below what the group uses and cannot give back is refused (EBUSY).",
    GROUPS, known=(Known(REFUTED, "mm/memcontrol.c, memory_max_write sets it first (v5.10 to v7.2); version 1's limit was "
                                  "refused with EBUSY"),),
    instead="Shrink a group with memory.high or memory.reclaim first: a write to memory.max below what can't be reclaimed is "
            "taken, and kills.")
KILLS = Claim(
    "memcg-max-below-usage-kills", "Setting memory.max below a group's unreclaimable usage kills a process of the group.",
    GROUPS, known=(Known(CONFIRMED, f"{V2}, memory.max; mm/memcontrol.c, memory_max_write: mem_cgroup_out_of_memory once "
                                    "nothing can be reclaimed (v5.10 to v7.2), but for one that opened it with O_NONBLOCK "
                                    "(v7.2)"),))


def begun(lab: Lab, at: str, size: int) -> None:
    """Records the pages that something of `size` bytes has, over those that are wholly in what was asked for."""
    lab.record(at, size // lab.page_size - ODD // lab.page_size)


def rounding(file: str) -> Small:
    def written(value: int) -> Case:
        def do(lab: Lab, at: str) -> None:
            box = lab.sandbox(at)
            box.set(file, str(value))
            begun(lab, at, int(box.read(file) or 0))
        return Case(f"of {value:,} bytes written to {file}", do)

    def mapped(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        address = probe.map(ODD, shared=True).address      # no neighbour can become one with it
        begun(lab, at, next(one.length for one in lab.mappings(probe) if one.start <= address < one.end))

    return Small(
        ROUNDS_UP, "pages over the whole ones", written(ODD), Case(f"of a mapping of {ODD:,} bytes", mapped), written(MIB),
        if_true=Exactly(1, "the page that is begun counts"), if_false=Exactly(0, "it is cut off"), unit="pages", key=file,
        says=f"1 MiB and a byte, written to {file}, read back as {{value:±pages over|pages below|exactly}} 1 MiB.")


def oom_group(words: str, written: str = "") -> Case:
    def do(lab: Lab, at: str) -> None:
        box = lab.sandbox(at)
        if written:
            box.set("memory.oom.group", written)
        lab.record(at, int(box.read("memory.oom.group") or ""))
    return Case(words, do)


def total(words: str, inside: bool, file: str = "/proc/meminfo") -> Case:
    """Records by how many pages what a process reads as a size differs from its group's limit."""
    def do(lab: Lab, at: str) -> None:
        box = lab.sandbox(at, memory_max=LIMIT)
        text = lab.probe(at, box if inside else None).slurp(file or f"{box.path}/memory.max").text.decode()
        size = int(text.split()[1]) * KIB if file else int(text)
        lab.record(at, abs(size - LIMIT) // lab.page_size)
    return Case(words, do)


def full(lab: Lab, at: str) -> tuple[Sandbox, Probe]:
    """Makes a group with half of LIMIT in memory that can't be reclaimed, for want of swap."""
    box = lab.sandbox(at, memory_max=LIMIT, memory_swap_max=0)
    probe = lab.probe(at, box)
    probe.map(LIMIT // 2).fill()
    return box, probe


def lowered(to: int, words: str) -> Case:
    def do(lab: Lab, at: str) -> None:
        box, _ = full(lab, at)
        lab.hand.attempt.put(f"{box.path}/memory.max", str(to))
        lab.record(at, box.events("oom_kill"))
    return Case(words, do)


def past_the_limit(lab: Lab, at: str) -> None:
    """Records the kills of a group whose process fills more than its limit."""
    box, probe = full(lab, at)
    more = probe.map(LIMIT)
    probe.attempt.fill(more.address, more.length)
    lab.record(at, box.events("oom_kill"))


def refusal(file: str, value: str, words: str) -> Case:
    def do(lab: Lab, at: str) -> None:
        box, _ = full(lab, at)
        lab.hand.try_as(at).put(f"{box.path}/{file}", value)
    return Case(words, do)


EXPERIMENT = table(
    *(rounding(file) for file in ("memory.max", "memory.high", "memory.min")),
    Small(GROUP_KILL, "memory.oom.group", oom_group("of a new group"),
          oom_group("once 1 was written", "1"), oom_group("once 0 was written", "0"),
          if_true=Exactly(1, "the claim's number"), if_false=Exactly(0, "the other"), unit="",
          says="In a new group memory.oom.group is {value:on (1)|off (0)}."),
    Small(MEMINFO, "difference from the limit", total("of MemTotal, read inside", inside=True),
          total("of memory.max, read inside", inside=True, file=""), total("of MemTotal, read outside", inside=False),
          if_true=Exactly(0, "it is the limit"), if_false=AtLeast(1, "a page is another number"), unit="pages",
          says="MemTotal, read inside, was {value} pages off the limit."),
    Small(REFUSED, "errno", refusal("memory.max", str(LIMIT // 4), "of a memory.max below the use"),
          refusal("cgroup.subtree_control", "+memory", "of giving controllers while it has processes"),
          refusal("memory.max", str(LIMIT // 2 * 3), "of a memory.max above the use"), of=Errno, unit="errno",
          if_true=Exactly(errno.EBUSY, "the claim's errno"), if_false=Not(errno.EBUSY, "taken, or refused otherwise"),
          says="Writing a memory.max below what can't be given back gave {value:errno}."),
    Small(KILLS, "kills", lowered(LIMIT // 4, "after memory.max was set below the use"),
          Case("after a process filled more than memory.max", past_the_limit),
          lowered(LIMIT // 2 * 3, "after memory.max was set above the use"), unit="kills",
          if_true=AtLeast(1, "a process was killed"), if_false=Exactly(0, "none was"),
          says="Setting memory.max below the use killed {value} processes."),
    needs=Needs(disks=()),
)
