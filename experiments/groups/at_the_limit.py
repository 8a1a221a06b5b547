"""What does a process meet that asks for more than its group's memory.max: a refusal, an errno, or the OOM killer?

Each case has a group of its own, with a limit of 16 MiB and no swap. A process in it, or in a group below it, asks for more by
malloc, mlock, a page fault or write() to a tmpfs. errno, the signal that ended it, how much it got and what the group still
holds afterwards tell the answers. What the kernel has to switch the OOM killer off with is looked for in the group's files.
"""

import errno
import signal

from experiments.sections import GROUPS
from harness.claims import (
    CONFIRMED, KIB, MIB, REFUTED, AtLeast, AtMost, Besides, Case, Claim, Counter, Derived, Document, Errno, Exactly, Known, Needs,
    Not, Recording, Signal, Small, pages, table,
)
from harness.lab import NO_LIMIT, RLIMIT_AS, RLIMIT_MEMLOCK, Lab, Probe, Sandbox
from harness.lab.helpers.charges import BATCH

LIMIT, PART, STEP = 16 * MIB, 4 * MIB, MIB // 4
NOBODY = 65_534
V2 = "Documentation/admin-guide/cgroup-v2.rst"
CHARGE = ("mm/memcontrol.c, try_charge_memcg: mem_cgroup_oom for a system call as for a fault; -ENOMEM where that kills nobody, "
          "or where a request may not wait or asks for no kill")

MALLOC = Claim(
    "memcg-malloc-null-at-limit", "A malloc that would take a group past memory.max returns NULL.", GROUPS,
    known=(Known(REFUTED, f"{V2}, memory.max: the OOM killer is invoked (v5.10 to v7.2); malloc only maps, and what counts "
                          "is touched later"),),
    instead="Don't rely on malloc's NULL inside a memory limit: it is granted, and touching it gets a process killed. Watch "
            "memory.current, or set RLIMIT_AS or RLIMIT_DATA as well.")
TMPFS = Claim(
    "memcg-tmpfs-write-enospc-at-limit", "A write() to tmpfs at memory.max without swap fails with ENOSPC or ENOMEM instead of "
    "a kill.", GROUPS, known=(Known(REFUTED, f"{CHARGE} (since v6.1)"),),
    instead="Give a tmpfs a size below its group's memory.max: ENOSPC comes from the file system's own size only; at "
            "memory.max the OOM killer takes a process.")
FREES = Claim(
    "memcg-oom-kill-frees-tmpfs", "The OOM kill of a tmpfs writer frees what it wrote, so that its group is well below its "
    "memory limit again.", GROUPS,
    known=(Known(REFUTED, "Documentation/filesystems/tmpfs.rst, size: the OOM handler will not be able to free that memory "
                          "(v5.10 to v7.2)"),),
    instead="Delete the files, or unmount the tmpfs: they outlive their writer, are in no process's RSS, and go on filling the "
            "group to its limit, so that what starts next is killed as well.")
MLOCK = Claim(
    "memcg-mlock-past-max-enomem", "mlock of more than memory.max allows fails with ENOMEM.", GROUPS,
    known=(Known(REFUTED, "mm/gup.c, populate_vma_page_range: mlock faults the pages in as any touch does (v5.10 to v7.2)"),),
    instead="Keep what is locked below memory.max yourself: mlock's ENOMEM knows RLIMIT_MEMLOCK and unmapped addresses; past "
            "memory.max the process is killed.")
SWITCH = Claim(
    "memcg-v2-oom-disable", "In cgroup v2 a group's OOM killer can be switched off as with v1's oom_control (docker "
    "--oom-kill-disable).", GROUPS,
    known=(Known(REFUTED, f"{V2}: of its files only memory.oom.group is about the OOM killer (v5.10 to v7.2)"),),
    instead="Use memory.high, which slows a group down and never kills, or oom_score_adj -1000 for a process: cgroup v2 has no "
            "oom_control, and docker ignores --oom-kill-disable there.")
FAULT = Claim(
    "memcg-fault-only-oom", "In a memory group only a page fault can end in an OOM kill; a system call such as read() or write() "
    "gets ENOMEM.", GROUPS,
    known=(Known(REFUTED, f"{CHARGE} (since v6.1); so it is since 29ef680ae7c2 (v4.19)"),),
    instead="Expect the OOM killer from system calls too: since 4.19 a read() or write() that finds no room in the group has a "
            "process killed. ENOMEM is left for when there is none to kill, and for allocations that ask for no kill.")
PARENT = Claim(
    "memcg-parent-limit-wins", "A child with memory.max \"max\" cannot use more than its parent's memory.max.", GROUPS,
    known=(Known(CONFIRMED, "mm/page_counter.c, page_counter_try_charge goes through all ancestors (v5.10 to v7.2)"),),
    document=Document(f"{V2}, memory.max (v5.10 to v7.2)"))
CHILDREN = Claim(
    "memcg-children-sum-refused", "Children whose memory.max add up to more than the parent's are refused.", GROUPS,
    known=(Known(REFUTED, f"{V2}, “Limits”: they can be over-committed (v5.10 to v7.2)"),),
    instead="Add up the limits of children yourself: the kernel takes any, and the parent's own limit is what stops them "
            "together.")


def member(lab: Lab, at: str) -> tuple[Sandbox, Probe]:
    box = lab.sandbox(at, memory_max=LIMIT, memory_swap_max=0)
    return box, lab.probe(at, box)


def past(lab: Lab, at: str) -> None:
    """Fills more than the limit, by page faults."""
    member(lab, at)[1].map(2 * LIMIT).try_as(at).fill()


def malloc(size: int, words: str, limited: bool = False) -> Case:
    """Asks for a block when three quarters of the limit are in use; then touches it, if there is one."""
    def do(lab: Lab, at: str) -> None:
        _, probe = member(lab, at)
        probe.map(3 * PART).fill()
        if limited:
            probe.rlimit(RLIMIT_AS, 0, NO_LIMIT)
        block = probe.try_as(at).malloc(size)
        if not block.error:
            probe.try_as(f"{at}: touched").fill(block.value, size)
    return Case(words, do)


def write(size: int, words: str, options: str = "") -> Case:
    """Writes to a tmpfs in one system call."""
    def do(lab: Lab, at: str) -> None:
        _, probe = member(lab, at)
        place = lab.mount_tmpfs(options=f"huge=never{options}")
        probe.try_as(at).write(probe.create_file(f"{place}/{at}", 0), size)
    return Case(words, do)


def held(words: str, size: int, tmpfs: bool) -> Case:
    """Writes so much to a tmpfs, or to shared memory that no file is behind; then reads what the group holds of both."""
    def do(lab: Lab, at: str) -> None:
        _, probe = member(lab, at)
        if tmpfs:
            probe.attempt.write(probe.create_file(f"{lab.mount_tmpfs()}/{at}", 0), size)
        else:
            memory = probe.map(size, shared=True)
            probe.attempt.fill(memory.address, size)
        lab.require(probe.alive == (size < LIMIT), "who asks for more than the limit is killed, and nobody else")
        lab.sample(at)
    return Case(words, do)


def lock(size: int, words: str, uid: int = 0) -> Case:
    """Locks memory, as root or as somebody who may lock no more than 16 KiB: less than any kernel's default, which no user can
    raise."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at, lab.sandbox(at, memory_max=LIMIT, memory_swap_max=0), uid=uid)
        if uid:
            probe.rlimit(RLIMIT_MEMLOCK, 16 * KIB, 16 * KIB)
        probe.map(size).try_as(at).lock()
    return Case(words, do)


def no_room(lab: Lab, at: str) -> None:
    """Asks for a mapping beyond RLIMIT_AS."""
    _, probe = member(lab, at)
    probe.rlimit(RLIMIT_AS, 0, NO_LIMIT)
    probe.try_as(at).map(LIMIT)


def switched(words: str, word: str, value: str) -> Case:
    """Writes a value to each of the group's files that has a word in its name; records whether a process outlives the limit."""
    def do(lab: Lab, at: str) -> None:
        box, probe = member(lab, at)
        files = [file for file in lab.hand.list(box.path).text.decode().split("\0") if word and word in file]
        lab.record(f"{at}: files", files)
        for file in files:
            box.set(file, value)
        memory = probe.map(2 * LIMIT)
        probe.attempt.fill(memory.address, memory.length)
        lab.record(at, int(probe.alive))
    return Case(words, do)


def filled(words: str, parent: str, own: str) -> Case:
    """Records how many pages a process gets in a group with a limit, below one with another."""
    def do(lab: Lab, at: str) -> None:
        above = lab.sandbox(f"{at} parent", memory_max=parent, memory_swap_max=0)
        probe = lab.probe(at, lab.sandbox(at, above, memory_max=own))
        lab.record(at, probe.fill_until_end(probe.map(2 * LIMIT), STEP) // lab.page_size)
    return Case(words, do)


def second_child(words: str, limit: str) -> Case:
    def do(lab: Lab, at: str) -> None:
        parent = lab.sandbox(f"{at} parent", memory_max=LIMIT)
        lab.sandbox(f"{at} first", parent, memory_max=LIMIT - PART)
        lab.hand.try_as(at).put(f"{lab.sandbox(at, parent).path}/memory.max", limit)
    return Case(words, do)


def refused(at: str) -> Derived:
    """Reads 1 if there was one of the claim's two errnos, 0 if it went well or ended the process."""
    def read(recording: Recording) -> int | None:
        found = Errno(at).of(recording)
        return None if found is None else int(found in {errno.ENOSPC, errno.ENOMEM})
    return Derived(at, read)


NULL = Exactly(errno.ENOMEM, "malloc(3): NULL comes with ENOMEM")
EXPERIMENT = table(
    Small(MALLOC, "errno of malloc", malloc(2 * PART, "past memory.max"), malloc(2 * PART, "past RLIMIT_AS", limited=True),
          malloc(PART // 4, "within memory.max"), of=Errno, unit="errno", if_true=NULL, if_false=Exactly(0, "it is granted"),
          says="A malloc past memory.max was {value:answer}."),
    Small(TMPFS, "ENOSPC or ENOMEM", write(2 * LIMIT, "of a write() past memory.max"),
          write(2 * LIMIT, "of a write() past the file system's size", f",size={PART}"),
          write(PART, "of a write() within both"), of=refused, unit="", if_true=Exactly(1, "the claim's two errnos"),
          if_false=Exactly(0, "there was neither"), says="write() to a tmpfs past memory.max {value:failed|did not fail} so."),
    Small(FREES, "pages of tmpfs and shared memory that the group holds",
          held("after the kill of a tmpfs writer", 2 * LIMIT, tmpfs=True),
          held("after the kill of a process that filled shared memory", 2 * LIMIT, tmpfs=False),
          held("with a tmpfs file of three quarters of the limit", 3 * PART, tmpfs=True),
          of=lambda at: Counter(f"{at}/memory.stat:shmem", at),
          if_true=AtMost(BATCH, "what it wrote is free, as far as memory.stat is up to date"),
          if_false=AtLeast(BATCH + 1, "some of it stays"),
          says="After the OOM killer had taken the writer, its group of 4,096 pages still held {value} of tmpfs."),
    Small(MLOCK, "errno of mlock", lock(2 * LIMIT, "past memory.max"), lock(2 * PART, "past RLIMIT_MEMLOCK", NOBODY),
          lock(PART, "within both"), of=Errno, unit="errno", if_true=Exactly(errno.ENOMEM, "the claim's errno"),
          if_false=Not(errno.ENOMEM, "granted, or ended by a signal"), says="mlock past memory.max was {value:answer}."),
    Small(SWITCH, "processes that outlived the limit", switched("with 1 in every file that has oom in its name", "oom", "1"),
          switched("with memory.max at max", "memory.max", "max"), switched("with nothing written", "", ""), unit="processes",
          if_true=Exactly(1, "nothing was killed"), if_false=Exactly(0, "it was killed"),
          says="With every file of the group about OOM set to 1, a process past the limit {value:lived|was killed}."),
    Small(FAULT, "errno", write(2 * LIMIT, "of a write() past memory.max"),
          Case("of mmap past RLIMIT_AS", no_room), Case("of a page fault past memory.max", past), of=Errno, unit="errno",
          if_true=Exactly(errno.ENOMEM, "the claim's errno"), if_false=Exactly(-signal.SIGKILL, "it was killed in the call"),
          says="write() past memory.max was {value:answer}.",
          reference_why="a call's errno; who may not be killed gets ENOMEM from write() too, but has no memory left to say so"),
    Small(PARENT, "pages that a process got", filled("in a child with max", str(LIMIT), "max"),
          filled("in a group with that limit itself", "max", str(LIMIT)), filled("in a child of one with max", "max", "max"),
          unit="pages", if_true=AtMost(pages(LIMIT), "the parent's limit"), if_false=AtLeast(pages(LIMIT) + 1, "a page more"),
          says="In a child without a limit, below one of 4,096 pages, a process got {value}."),
    Small(CHILDREN, "errno of writing memory.max", second_child("past the parent's, together with another", str(LIMIT)),
          second_child("that is no number", "much"), second_child("within the parent's", str(PART)), of=Errno, unit="errno",
          if_true=Not(0, "refused"), if_false=Exactly(0, "taken"),
          says="A second limit that, with the first, is more than the parent's was {value:answer}."),
    besides=(Besides(MALLOC, Signal(f"{MALLOC.id}.asked: touched"), Exactly(signal.SIGKILL),
                     "Touching it then ended the process with {value}."),),
    version=3,
    needs=Needs(disks=(), changes=("mount",), memory=256 * MIB),
)
