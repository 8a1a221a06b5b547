"""What counts in a process's oom_score: shared memory, a tmpfs that it filled, what it only reserved, page tables, threads?

The oom_score of a process is read before and after it gets memory in one of these ways, and the difference is held against
that of private memory of the same size, which it fills. A point of oom_score is 1.5 thousandths of the machine's memory.
"""

from collections.abc import Callable

from experiments.sections import OUT_OF_MEMORY
from harness.claims import CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Case, Claim, Known, Needs, Small, table
from harness.lab import NORESERVE, Lab, Probe
from harness.lab.helpers.oom import number

SIZE, MAPPERS, THREADS, TIMES, APART = 32 * MIB, 3, 8, 10, 2048        # APART: pages, each with a page table of its own
BADNESS = "mm/oom_kill.c, oom_badness"
RESIDENT = f"{BADNESS}: what the process has resident, in swap and in page tables (v5.10 to v7.2)"
# A point is some 83 pages here. Counts of a process's pages lag by up to 64 faults (mm/memory.c, TASK_RSS_EVENTS_THRESH (before
# v6.2)), of three kinds: 2.3 points, where each fault is a write and brings one page (do_fault_around maps 16 for a read); at a
# border between two a page is one more.
LAG = 4
HIGHER = AtLeast(LAG + 1, "more than lagging counts and a border between two points make")
NOT = AtMost(LAG, "counts that lag by 64 pages of three kinds make 2.3 points, and a border between two one more")

SHARED = Claim(
    "oom-score-counts-shared", "Shared memory counts fully for each process that has it mapped.", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, RESIDENT + ", however many others have the page"),))
WRITER = Claim(
    "oom-score-counts-tmpfs-writer", "A process that filled a tmpfs with write() has a higher oom_score for it.", OUT_OF_MEMORY,
    known=(Known(REFUTED, RESIDENT + ": pages that are only written to a file are in no page table"),),
    instead="Limit who writes to tmpfs by size= or a group's memory.max: the OOM killer doesn't see who filled it, and kills "
            "others while the file stays.")
RESERVED = Claim(
    "oom-score-counts-reserved", "A huge virtual size (untouched) raises oom_score.", OUT_OF_MEMORY,
    known=(Known(REFUTED, f"{RESIDENT}; total_vm went with a63d83f427fb (v2.6.36)", since="2.6.36"),),
    instead="Ignore VIRT: address space that nobody has touched costs nothing in oom_score. Compare VmRSS plus VmSwap.")
TABLES = Claim(
    "oom-score-counts-pagetables", "Page tables raise oom_score.", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, f"{BADNESS} adds mm_pgtables_bytes (v5.10 to v7.2)"),))
EACH_THREAD = Claim(
    "oom-score-threads-summed", "Each thread adds its own resident size to the process's oom_score.", OUT_OF_MEMORY,
    known=(Known(REFUTED, f"{BADNESS}: one mm, found by find_lock_task_mm, is counted once (v5.10 to v7.2)"),),
    instead="Count a process's memory once, however many threads it has: they share it. A thread adds its stack's touched pages.")


def raised(words: str, prepare: Callable[[Lab, Probe], object], held: int = 0) -> Case:
    """Records by how many points what is done raises a process's oom_score."""
    def run(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        probe.map(MIB).fill().unmap()           # its own code for that is mapped, and its counts are up to date
        if held:
            fill(lab, probe, held)
        before = number(lab, probe)
        prepare(lab, probe)
        lab.record(at, number(lab, probe) - before)
    return Case(words, run)


def fill(lab: Lab, probe: Probe, size: int = SIZE) -> None:
    probe.map(size).fill()


def fill_and_unmap(lab: Lab, probe: Probe) -> None:
    probe.map(SIZE).fill().unmap()


def write_tmpfs(lab: Lab, probe: Probe) -> None:
    probe.create_file(f"{lab.mount_tmpfs()}/file", SIZE)


def reserve(lab: Lab, probe: Probe) -> None:
    probe.map(TIMES * lab.memory // lab.page_size * lab.page_size, flags=NORESERVE)


def mapped(words: str, part: int = 1, private: bool = False) -> Case:
    """Records the least that mapping memory raises three processes' oom_score, in percent of what private memory of that size
    does. part: a share of it is touched."""
    def run(lab: Lab, at: str) -> None:
        path = f"{lab.mount_tmpfs()}/file"
        lab.probe(f"{at} writer").create_file(path, SIZE)
        points = []
        for who in ("alone", *map(str, range(MAPPERS))):
            probe = lab.probe(f"{at} {who}")
            before = number(lab, probe)
            if private or who == "alone":
                probe.map(SIZE).fill()
            else:
                probe.map(SIZE, shared=True, fd=probe.open(path).value).part(0, SIZE // part).fill()
            points.append(number(lab, probe) - before)
            if who == "alone":
                probe.kill_now()
        lab.record(at, round(100 * min(points[1:]) / points[0]))
    return Case(words, run)


def spread(words: str, apart: bool = False, times: int = 1) -> Case:
    """Records by how many points more than pages side by side so many raise oom_score that each need a page table."""
    def run(lab: Lab, at: str) -> None:
        reach = lab.page_size ** 2 // 8 if apart else lab.page_size     # a page table has 8 bytes for each page
        found = []
        for who, stride, count in (("plain", lab.page_size, APART), ("other", reach, times * APART)):
            probe = lab.probe(f"{at} {who}")
            before = number(lab, probe)
            memory = probe.map(stride * count, flags=NORESERVE)
            probe.touch(memory.address, memory.length, stride=stride, write=True)
            found.append(number(lab, probe) - before)
        lab.record(at, found[1] - found[0])
    return Case(words, run)


FILLED, GONE = raised("of private memory", fill), raised("of private memory that was unmapped again", fill_and_unmap)
POINTS, MORE = "points more", f"{SIZE // MIB} MiB"
EXPERIMENT = table(
    Small(SHARED, "least percent of private memory's points", mapped("of shared memory, for three who map it"),
          mapped("of private memory, for three who fill it", private=True), mapped("of a third of it, for three", part=MAPPERS),
          unit="%", if_true=AtLeast(94, "“fully”: of some 97 points three may be missing, and three be over in the other"),
          if_false=AtMost(93, "less than all of it"), slack="oom_score has whole points, and counts behind it lag by some pages",
          says="Shared memory counted for each of three who map it with {value} % of what private memory of its size does."),
    Small(WRITER, POINTS, raised("with a tmpfs file that it wrote", write_tmpfs), FILLED, GONE, unit="points", if_true=HIGHER,
          if_false=NOT, says=f"Writing {MORE} to tmpfs raised the writer's oom_score by {{value}} points."),
    Small(RESERVED, POINTS, raised("with ten times RAM that it reserved", reserve), FILLED, GONE, unit="points", if_true=HIGHER,
          if_false=NOT, says="Reserving ten times RAM raised oom_score by {value} points."),
    Small(TABLES, POINTS, spread("with each page in a table of its own", apart=True),
          spread("with twice as many pages", times=2), spread("with as many pages side by side"), unit="points",
          if_true=HIGHER, if_false=NOT,
          says="As many page tables as pages raised oom_score by {value} points beyond what the pages did."),
    Small(EACH_THREAD, POINTS, raised(f"with {THREADS} threads", lambda lab, probe: probe.threads(THREADS), SIZE), FILLED, GONE,
          unit="points", if_true=HIGHER, if_false=NOT, says=f"{THREADS} threads raised oom_score by {{value}} points."),
    version=2,
    needs=Needs(memory=256 * MIB, disks=(), changes=("mount",)),
)
