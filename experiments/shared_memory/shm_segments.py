"""How large may a System V segment be, when does it take memory, who pays for it, and what does IPC_RMID do?

kernel.shmmax is read in an IPC namespace that has just been made, and a segment of 64 MiB asked for. Segments of 16 MiB are made,
attached, filled and marked for removal; the growth of Shmem and of a group's memory.current, and the errno of attaching once
more, tell the answers.
"""

import errno
from collections.abc import Callable

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Case, Change, Claim, Document, Errno, Exactly, Known, Needs, Not, Quantity, Small,
    pages, table,
)
from harness.lab import CLONE_NEWIPC, IPC_RMID, Lab, Probe
from harness.lab.helpers.charges import BATCH

OLD, ASKED, SIZE = 32 * MIB, 64 * MIB, 16 * MIB
MAXIMUM, MAN = "/proc/sys/kernel/shmmax", "(man-pages 6.03)"
OWNED = "Documentation/admin-guide/cgroup-v2.rst, “Memory Ownership” (v5.10 to v7.2)"

DEFAULT = Claim(
    "shmmax-default-32m", "The default of kernel.shmmax is 32 MiB.", SHARED_MEMORY,
    known=(Known(REFUTED, f"include/uapi/linux/shm.h, SHMMAX: ULONG_MAX - (1UL << 24), since Linux 3.16; ipc/shm.c, shm_init_ns "
                          f"(v5.10 to v7.2); shmget(2), NOTES {MAN}"),),
    instead="Take kernel.shmmax and kernel.shmall out of sysctl.conf: since Linux 3.16 their defaults are no limit, and a line "
            "copied from an old guide makes them one.")
TAKES = Claim(
    "shmget-takes-memory", "shmget of 64 MiB takes 64 MiB of memory.", SHARED_MEMORY,
    known=(Known(REFUTED, "ipc/shm.c, newseg makes a file of that size, all of it a hole (v5.10 to v7.2)"),),
    instead="Read rss beside size in /proc/sysvipc/shm: a segment takes the pages that were touched.")
REMOVED = Claim(
    "shm-rmid-attached-gone", "IPC_RMID removes a segment although processes are attached.", SHARED_MEMORY,
    known=(Known(REFUTED, f"shmctl(2), IPC_RMID {MAN}: only after the last process detaches it"),),
    instead="Call IPC_RMID right after all have attached: the segment stays for them, and goes with the last, however that ends.")
AGAIN = Claim(
    "shm-rmid-reattach", "A segment marked for removal can still be attached by its id.", SHARED_MEMORY,
    known=(Known(CONFIRMED, f"shmop(2), NOTES {MAN}: on Linux, a segment that is already marked to be deleted can be attached"),),
    document=Document(f"shmop(2), NOTES, “it is possible to attach a shared memory segment” {MAN}"))
TOUCHER = Claim(
    "shm-counts-in-group-of-toucher", "A segment's pages are charged to the group that touches them first, not to its creator.",
    SHARED_MEMORY, known=(Known(CONFIRMED, OWNED),), document=Document(OWNED))


def maximum(words: str, written: int | None = None) -> Case:
    """Records kernel.shmmax of a new IPC namespace, in MiB: that of a system may have been set by its configuration."""
    def do(lab: Lab, at: str) -> None:
        lab.record(at, int(limited(lab, at, written).slurp(MAXIMUM).text) // MIB)
    return Case(words, do)


def asked_for(words: str, written: int | None = None) -> Case:
    def do(lab: Lab, at: str) -> None:
        limited(lab, at, written).try_as(at).shmget(ASKED)
    return Case(words, do)


def limited(lab: Lab, at: str, written: int | None) -> Probe:
    """Starts a probe in an IPC namespace of its own, whose segments end with it."""
    probe = lab.probe(at)
    probe.unshare(CLONE_NEWIPC)
    if written:
        probe.put(MAXIMUM, str(written))
    return probe


def taken(words: str, act: Callable[[Probe, int], object]) -> Case:
    """Samples before and after a segment of the claim's size is made, and something is done with it."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        lab.sample(f"{at}: before")
        segment = probe.shmget(ASKED).value
        act(probe, segment)
        lab.sample(f"{at}: after")
        probe.shmctl(segment, IPC_RMID)
    return Case(words, do)


def changed(words: str, act: Callable[[Probe, int, int], object]) -> Case:
    """Samples before and after something is done with a segment that is attached and filled."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        segment = probe.shmget(SIZE).value
        address = probe.shmat(segment).value
        probe.fill(address, SIZE)
        lab.sample(f"{at}: before")
        act(probe, segment, address)
        lab.sample(f"{at}: after")
        lab.hand.attempt.shmctl(segment, IPC_RMID)
    return Case(words, do)


def remove(probe: Probe, segment: int, address: int) -> None:
    probe.shmctl(segment, IPC_RMID)


def detach_and_remove(probe: Probe, segment: int, address: int) -> None:
    probe.shmdt(address)
    remove(probe, segment, address)


def attached_again(words: str, *, mark: bool, attach: bool = True) -> Case:
    """Attaches a segment, once more if it is attached already."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        segment = probe.shmget(SIZE).value
        if attach:
            probe.shmat(segment)
        if mark:
            remove(probe, segment, 0)
        probe.try_as(at).shmat(segment)
        lab.hand.attempt.shmctl(segment, IPC_RMID)
    return Case(words, do)


def charged(words: str, *, creator: bool, toucher: bool, filled: bool = False) -> Case:
    """Samples before and after two processes make and fill a segment. creator, toucher: which of them is in the group. filled:
    the creator fills it, and the other one reads it."""
    def do(lab: Lab, at: str) -> None:
        box = lab.sandbox(at)
        maker = lab.probe(f"{at}, creator", box if creator else None)
        other = lab.probe(f"{at}, toucher", box if toucher else None)
        lab.sample(f"{at}: before")
        segment = maker.shmget(SIZE).value
        if filled:
            maker.fill(maker.shmat(segment).value, SIZE)
        memory = other.region(other.shmat(segment).value, SIZE)
        memory.read() if filled else memory.fill()
        lab.sample(f"{at}: after")
        maker.shmctl(segment, IPC_RMID)
    return Case(words, do)


def growth(counter: str, sign: int = 1) -> Callable[[str], Quantity]:
    """counter: of the machine's, or of the case's group where it begins with "/"."""
    return lambda at: Change(f"{at}{counter}" if counter.startswith("/") else counter, f"{at}: before", f"{at}: after") * sign


EINVAL, OTHER = Exactly(errno.EINVAL, "the errno of a size above shmmax"), Not(errno.EINVAL, "granted, or refused otherwise")
CHARGED = AtLeast(pages(SIZE) - BATCH, "all of it, but for what was charged ahead")
NOT_CHARGED = AtMost(pages(SIZE) - BATCH - 1, "a page more than is charged ahead is missing")
EXPERIMENT = table(
    Small(DEFAULT, "kernel.shmmax", maximum("of a new IPC namespace"), maximum("after 32 MiB was written", OLD),
          maximum("after 64 MiB was written", ASKED), unit="MiB", key="value", if_true=Exactly(32, "the claim's number"),
          if_false=Not(32, "another"), says="In a new IPC namespace kernel.shmmax was {value} MiB,"),
    Small(DEFAULT, "errno", asked_for("of a segment of 64 MiB"), asked_for("of one with a shmmax of 32 MiB", OLD),
          asked_for("of one with a shmmax of 64 MiB", ASKED), of=Errno, unit="errno", key="segment", if_true=EINVAL,
          if_false=OTHER, says="and a segment of 64 MiB was {value:answer}."),
    Small(TAKES, "growth of Shmem", taken("by shmget of 64 MiB", lambda probe, segment: None),
          taken("by filling a segment", lambda probe, segment: probe.fill(probe.shmat(segment).value, ASKED)),
          taken("by attaching a segment", lambda probe, segment: probe.shmat(segment)), of=growth("meminfo:Shmem"),
          if_true=Exactly(pages(ASKED), "every page"), if_false=AtMost(pages(ASKED) - 1, "one page less is less"),
          says="After shmget of {bound} pages Shmem had grown by {value}."),
    Small(REMOVED, "fall of Shmem", changed("after IPC_RMID, attached", remove),
          changed("after the segment was detached and removed", detach_and_remove),
          changed("after it was detached", lambda probe, segment, address: probe.shmdt(address)), of=growth("meminfo:Shmem", -1),
          if_true=Exactly(pages(SIZE), "every page"), if_false=AtMost(pages(SIZE) - 1, "one page that stays is enough"),
          says="IPC_RMID of an attached segment of {bound} pages made Shmem fall by {value}."),
    Small(AGAIN, "errno", attached_again("of attaching a segment that is marked", mark=True),
          attached_again("of attaching one that is not", mark=False),
          attached_again("of attaching one that is gone", mark=True, attach=False), of=Errno, unit="errno",
          if_true=Exactly(0, "attached"), if_false=Not(0, "refused, for whatever reason"),
          says="Attaching a segment that was marked for removal was {value:answer}."),
    Small(TOUCHER, "growth of memory.current", charged("of the group that filled it", creator=False, toucher=True),
          charged("of a group that made and filled it", creator=True, toucher=True),
          charged("of a group that did neither", creator=False, toucher=False), of=growth("/memory.current"), key="toucher",
          if_true=CHARGED, if_false=NOT_CHARGED,
          says="A segment of 4,096 pages made the group that filled it grow by {value} pages,"),
    Small(TOUCHER, "growth of memory.current",
          charged("of a group that read it afterwards", creator=False, toucher=True, filled=True),
          charged("of a group that did neither", creator=False, toucher=False, filled=True),
          charged("of a group that made and filled it", creator=True, toucher=False, filled=True), of=growth("/memory.current"),
          key="later", if_true=AtMost(2 * BATCH, "what is charged ahead, for page tables too"),
          if_false=AtLeast(2 * BATCH + 1, "a page more is the segment's"), says="one that read it afterwards by {value},"),
    Small(TOUCHER, "growth of memory.current", charged("of the group that made it", creator=True, toucher=False),
          charged("of a group that did neither", creator=False, toucher=False),
          charged("of a group that made and filled it", creator=True, toucher=True), of=growth("/memory.current"), key="creator",
          if_true=AtMost(2 * BATCH, "what is charged ahead for the kernel's objects of a file, and once more when a batch ends"),
          if_false=AtLeast(2 * BATCH + 1, "a page more is the segment's"), says="and the group of its creator by {value}."),
    version=2,
    needs=Needs(disks=()),
)
