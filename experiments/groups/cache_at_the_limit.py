"""What gives way when page cache fills a memory group: the cache, or a process?

Each case has a group of 16 MiB without swap. A process writes or reads disk files four times as large, or makes 8 MiB of cache
and then needs room for anonymous memory; or a limit is lowered, or memory.reclaim written, while nobody allocates. mincore
tells what of a file is left, the group's memory.events whether the limit was reached and whether somebody was killed.
"""

import errno
import os
from collections.abc import Callable
from typing import Any

from experiments.sections import GROUPS
from harness.claims import (
    CONFIRMED, KIB, MIB, REFUTED, AtLeast, AtMost, Besides, Case, Claim, Counter, Document, Errno, Exactly, Known, Needs, Not,
    Pages, Premise, Quantity, Small, pages, table,
)
from harness.lab import Lab, Probe, Sandbox
from harness.lab.helpers.reclaim import make_active

LIMIT, LARGE, SMALL, ANON = 16 * MIB, 64 * MIB, 8 * MIB, 12 * MIB
# Under the multi-generational LRU some of a file stays where it was, however often it is touched: of what has no reference yet
# aging only notes that it was touched (mm/vmscan.c, folio_update_gen, v7.2), and takes the note back from the oldest generation
# (folio_inc_gen). Measured on 7.3: up to 448 of 2,048 pages, in 8 of 28 trials.
MOSTLY = SMALL * 5 // 8
DISK = "/mnt/disk"
ASKED = 517 * 4 * KIB               # to reclaim: no multiple of the batches of 32 pages in which the kernel does it
V2 = "Documentation/admin-guide/cgroup-v2.rst"
DROPS = "mm/memcontrol.c, try_charge_memcg: reclaim first, the OOM killer when nothing is left"

WRITE = Claim(
    "memcg-cache-write-ooms", "Writing a disk file several times larger than memory.max gets the writer OOM-killed.", GROUPS,
    known=(Known(REFUTED, f"{DROPS}; mm/page-writeback.c, balance_dirty_pages holds the writer back (v6.1 to v7.2)"),),
    instead="Leave it be where the disk keeps up: a writer's page cache is written back and dropped at the limit, and the writer "
            "waits for it. Since 6.12 a slow disk can get it killed (memcg-slow-write-ooms).")
READ = Claim(
    "memcg-cache-read-ooms", "Reading a file larger than memory.max ends in an OOM kill.", GROUPS,
    known=(Known(REFUTED, f"{DROPS} (v6.1 to v7.2)"),),
    instead="Don't size memory.max by the files that are read: clean cache is dropped at the limit, whatever its size.")
ACTIVE = Claim(
    "memcg-active-file-unreclaimable", "Page cache on the active list of a group (part of \"working set\") is not reclaimed when "
    "anonymous memory needs the room.", GROUPS,
    known=(Known(REFUTED, "mm/vmscan.c, shrink_active_list: it is deactivated when the inactive list is low, then reclaimed "
                          "(v5.10 to v7.2); try_to_inc_max_seq: under MGLRU what was active is older with each "
                          "generation that is made (v6.1 to v7.2)"),),
    instead="Don't take the working set of cadvisor and kubectl (usage less inactive_file) for what is needed: active_file goes "
            "too before anything is killed.")
EVENT = Claim(
    "memcg-max-event-means-oom", "A rise of memory.events max means that something was killed.", GROUPS,
    known=(Known(REFUTED, f"{V2}, memory.events: max counts how often usage was about to go over, before reclaim (v5.10 to "
                          "v7.2)"),),
    instead="Alert on oom_kill in memory.events: max rises whenever page cache fills the group and is dropped.")
MIN = Claim(
    "memcg-min-against-own-max", "memory.min keeps a group's pages when it reaches its own memory.max.", GROUPS,
    known=(Known(REFUTED, "mm/memcontrol.c, mem_cgroup_calculate_protection does nothing for the group that is reclaimed for "
                          "(v5.10 to v7.2); include/linux/memcontrol.h, mem_cgroup_unprotected ignores what an earlier reclaim "
                          "from above has left (v6.12, v7.2), which counts on older kernels: here there was none"),),
    instead="Expect memory.min to protect against the pressure of others only: at its own limit a group's cache is reclaimed "
            "as if there were none (up to 6.1 only as long as nothing has reclaimed from it from above).")
HIGH = Claim(
    "memcg-high-reclaims-at-write", "Lowering memory.high below the usage reclaims at once, before the group allocates anything.",
    GROUPS, known=(Known(CONFIRMED, "mm/memcontrol.c, memory_high_write: try_to_free_mem_cgroup_pages until usage is below it "
                                    "(v5.10 to v7.2), but for one that opened it with O_NONBLOCK (v7.2)"),))
EXACT = Claim(
    "memcg-reclaim-exact", "memory.reclaim frees exactly what was asked.", GROUPS,
    known=(Known(REFUTED, f"{V2}, memory.reclaim: “the kernel can over or under reclaim” (since v6.1)"),),
    instead="Read memory.current before and after: memory.reclaim works in batches of pages, and may free more or less than it "
            "was asked for.")
EAGAIN = Claim(
    "memcg-reclaim-eagain", "memory.reclaim fails with EAGAIN when less than asked could be freed.", GROUPS,
    known=(Known(CONFIRMED, f"{V2}, memory.reclaim: “-EAGAIN is returned” (since v6.1)"),),
    document=Document(f"{V2}, memory.reclaim (since v6.1)"))


def file(lab: Lab, at: str, size: int = 0) -> str:
    """Makes a file on the disk that is mounted, of which nothing is cached, and returns its path."""
    path = f"{DISK}/{at}"
    fd = lab.hand.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC).value
    lab.hand.write(fd, size)
    lab.hand.fsync(fd)
    lab.hand.close(fd)
    lab.drop_caches(1)
    return path


def write(lab: Lab, at: str, probe: Probe, size: int) -> None:
    probe.attempt.write(probe.open(file(lab, at)).value, size)


def read(lab: Lab, at: str, probe: Probe, size: int) -> None:
    probe.attempt.read(probe.open(file(lab, at, size), os.O_RDONLY).value, size)


def read_both_ways(lab: Lab, at: str, probe: Probe, size: int) -> None:
    """Reads a file by read(), and another one through a mapping if the process is still there."""
    read(lab, at, probe, size)
    path = file(lab, f"{at} mapped", size)
    if probe.alive:
        memory = probe.map(size, shared=True, fd=probe.open(path, os.O_RDONLY).value, write=False)
        probe.attempt.touch(memory.address, size, stride=lab.page_size)


def fill(lab: Lab, at: str, probe: Probe, size: int) -> None:
    memory = probe.map(size)
    probe.attempt.fill(memory.address, size)


def full(do: Callable[[Lab, str, Probe, int], object], size: int, words: str) -> Case:
    def run(lab: Lab, at: str) -> None:
        lab.mount_disk()
        do(lab, at, lab.probe(at, lab.sandbox(at, memory_max=LIMIT, memory_swap_max=0)), size)
        lab.sample(at)
    return Case(words, run)


def killed(at: str) -> Quantity:
    return Counter(f"{at}/memory.events:oom_kill", at)


def cached(lab: Lab, at: str, times: int = 1, **files: Any) -> tuple[Sandbox, Probe, str]:
    """Makes a group whose process has read a file so many times."""
    lab.mount_disk()
    box = lab.sandbox(at, **{"memory_max": LIMIT, "memory_swap_max": 0, **files})
    probe, path = lab.probe(at, box), file(lab, at, SMALL)
    fd = probe.open(path, os.O_RDONLY).value
    for _ in range(times):
        probe.read(fd, SMALL)
    return box, probe, path


def squeezed(words: str, times: int = 1, locked: bool = False, **files: Any) -> Case:
    """Fills anonymous memory in a group that has cache, more than fits beside it."""
    def run(lab: Lab, at: str) -> None:
        box, probe, path = cached(lab, at, times, **files)
        if times > 1 and lab.settings["lru"] == "mglru":
            memory = probe.map(SMALL, shared=True, fd=probe.open(path, os.O_RDONLY).value, write=False).read()
            make_active(lab, box, memory)
            memory.unmap()
        if locked:
            holder = lab.probe(f"{at} holder")
            holder.map(SMALL, shared=True, fd=holder.open(path).value).lock()
        lab.sample(f"{at}: cached", pages={at: path})
        fill(lab, at, probe, ANON)
        lab.sample(at, pages={at: path})
    return Case(words, run)


def lowered(words: str, limit: str) -> Case:
    """Writes half of what is cached to one of the group's limits."""
    def run(lab: Lab, at: str) -> None:
        cached(lab, at)[0].set(limit, str(SMALL // 2))
        lab.sample(at)
    return Case(words, run)


def reclaimed(words: str, how: Callable[[Lab, Sandbox, Probe, str], object]) -> Case:
    """Records how many pages of a file that is cached go."""
    def run(lab: Lab, at: str) -> None:
        box, probe, path = cached(lab, at)
        how(lab, box, probe, path)
        lab.sample(at, pages={at: path})
    return Case(words, run)


def ask(lab: Lab, box: Sandbox, size: int, at: str = "") -> None:
    if lab.hand.attempt.stat(f"{box.path}/memory.reclaim").error:
        lab.skip("this kernel's groups have no memory.reclaim")
    (lab.hand.try_as(at) if at else lab.hand.attempt).put(f"{box.path}/memory.reclaim", str(size))


def ask_exact(lab: Lab, box: Sandbox, probe: Probe, path: str) -> None:
    ask(lab, box, whole(lab, ASKED))


def truncate(lab: Lab, box: Sandbox, probe: Probe, path: str) -> None:
    lab.hand.ftruncate(lab.hand.open(path).value, SMALL - whole(lab, ASKED))


def whole(lab: Lab, size: int) -> int:
    """Rounds a size up to whole pages."""
    return -(-size // lab.page_size) * lab.page_size


def ask_anon(lab: Lab, at: str) -> None:
    box = lab.sandbox(at, memory_swap_max=0)
    fill(lab, at, lab.probe(at, box), SMALL)
    ask(lab, box, SMALL // 2, at)


def ask_cache(lab: Lab, at: str) -> None:
    ask(lab, cached(lab, at)[0], SMALL // 2, at)


def ask_locked(lab: Lab, at: str) -> None:
    box, probe, path = cached(lab, at)
    probe.map(SMALL, shared=True, fd=probe.open(path).value).lock()
    ask(lab, box, SMALL // 2, at)


def cache_left(at: str) -> Quantity:
    return Pages(at, at)


def asked(claim: Claim, counter: str, moment: str = "") -> Quantity:
    return Counter(f"{claim.id}.asked/{counter}", f"{claim.id}.asked{moment}")


ONE, NONE = AtLeast(1, "a process was killed"), Exactly(0, "none was")
ALL, LESS = Exactly(pages(SMALL), "not a page is taken"), AtMost(pages(SMALL) - 1, "a page is")
ANONYMOUS = full(fill, LARGE, "after 64 MiB of memory were filled")
EXPERIMENT = table(
    Small(WRITE, "kills", full(write, LARGE, "after 64 MiB of a file were written"), ANONYMOUS,
          full(write, LIMIT // 4, "after 4 MiB of a file were written"), of=killed, unit="kills", if_true=ONE, if_false=NONE,
          says="Writing a file four times as large as memory.max killed {value} processes."),
    Small(READ, "kills", full(read_both_ways, LARGE, "after two files of 64 MiB were read, one through a mapping"), ANONYMOUS,
          full(read_both_ways, LIMIT // 4, "after two files of 4 MiB were"), of=killed, unit="kills", if_true=ONE, if_false=NONE,
          says="Reading files four times as large as memory.max, by read() and through a mapping, killed {value} processes."),
    Small(EVENT, "kills", full(read, LARGE, "when max had risen, after a file of 64 MiB was read"), ANONYMOUS,
          full(read, LIMIT // 4, "after a file of 4 MiB was read"), of=killed, unit="kills", if_true=ONE, if_false=NONE,
          says="When max had risen, {value} processes had been killed."),
    Small(ACTIVE, "pages of a file left", squeezed("that was read twice", times=2), squeezed("that was locked", locked=True),
          squeezed("that was read once"), of=cache_left, if_true=ALL,
          if_false=AtMost(pages(MOSTLY) - 1, "fewer than were active"),
          says=f"Of {SMALL // MIB} MiB of a file, at least {MOSTLY // MIB} of them active, {{value}} pages were left when "
               "anonymous memory had needed the room."),
    Small(MIN, "pages of a file left", squeezed("with memory.min at memory.max", memory_min=LIMIT),
          squeezed("that was locked", locked=True), squeezed("without memory.min"), of=cache_left, if_true=ALL, if_false=LESS,
          says="Of 2,048 pages of cache within memory.min {value} were left at the group's own memory.max."),
    Small(HIGH, "memory.current", lowered("after memory.high was set to 4 MiB", "memory.high"),
          lowered("after memory.max was", "memory.max"), lowered("after memory.low was", "memory.low"),
          of=lambda at: Counter(f"{at}/memory.current", at), if_true=AtMost(pages(SMALL // 2), "what was written"),
          if_false=AtLeast(pages(SMALL // 2) + 1, "a page more"),
          says="With memory.high lowered to 1,024 pages the group had {value}, without any allocation."),
    Small(EXACT, "pages of a file that went", reclaimed(f"when {ASKED // KIB:,} KiB were asked of memory.reclaim", ask_exact),
          reclaimed("when the file was made as much shorter", truncate),
          reclaimed("when caches were dropped", lambda lab, box, probe, path: lab.drop_caches(1)),
          of=lambda at: cache_left(at) * -1 + pages(SMALL), if_true=Exactly(pages(ASKED), "the claim's “exactly”"),
          if_false=AtLeast(pages(ASKED) + 1, "more; of fewer the rest may have been inodes, which memory.reclaim counts too"),
          says="Asked for {bound} pages, memory.reclaim freed {value} of a file, the only cache of its group."),
    Small(EAGAIN, "errno", Case("of memory.reclaim, of anonymous memory without swap", ask_anon),
          Case("of memory.reclaim, of a locked file", ask_locked), Case("of memory.reclaim, of clean cache", ask_cache),
          of=Errno, unit="errno", if_true=Exactly(errno.EAGAIN, "the claim's errno"), if_false=Not(errno.EAGAIN, "another one"),
          says="Asked for half of what can't be reclaimed, memory.reclaim said {value:errno}."),
    axes={"lru": ("classic", "mglru")},
    premises=(
        *(Premise(claim, asked(claim, "memory.events:max"), AtLeast(1), "the limit was not reached")
          for claim in (WRITE, READ, EVENT)),
        Premise(ACTIVE, asked(ACTIVE, "memory.stat:active_file", ": cached"), AtLeast(pages(MOSTLY)),
                "most of the file is not on the active list")),
    besides=(Besides(ACTIVE, asked(ACTIVE, "memory.events:oom_kill"), Exactly(0), "Nothing was killed."),),
    version=4,
    needs=Needs(memory=512 * MIB, changes=("drop_caches", "mount")),
)
