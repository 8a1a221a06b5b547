"""Which pages are unevictable: all that mlock locked, and nothing else?

A process locks anonymous memory, then a mapped file, then fills a ramfs file and memory that it does not lock, 16 MiB
each; the growth of Unevictable is read after each. Then a System V segment is locked with SHM_LOCK, which is not
mlock, and kpageflags tell for every page of every kind whether it is unevictable.
"""

import os

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED,
    REFUTED,
    AtLeast,
    AtMost,
    Claim,
    Exactly,
    Expect,
    Experiment,
    Guard,
    Known,
    Not,
    Outside,
    Within,
)
from harness.needs import MIB, Needs
from harness.operations import SHM_LOCK
from harness.procedure import Lab
from harness.quantities import Change, Pages, Quantity, pages

SIZE = 16 * MIB
BATCH = 31      # include/linux/pagevec.h: what one processor keeps on its way to a list (15 before 6.8)

MLOCKED = Claim(
    "mlock-unevictable", "mlock puts the pages on the Unevictable list.", RECLAIM,
    known=(Known(CONFIRMED, "mm/mlock.c, mlock_folio: sets PG_unevictable and counts the page in NR_UNEVICTABLE "
                            "(v6.12; since 5.18 counted there but no longer linked, commit 07ca76067308)"),))
ONLY_MLOCK = Claim(
    "unevictable-only-mlock", "Only mlocked pages are unevictable.", RECLAIM,
    known=(Known(REFUTED, "Documentation/mm/unevictable-lru.rst: those of ramfs and of SHM_LOCKed segments are too"),))

MOMENTS = ("before", "anon locked", "file locked", "ramfs filled", "plain filled")


def procedure(lab: Lab) -> None:
    probe = lab.probe()
    disk, ramfs = lab.mount_disk() + "/file", lab.mount_ramfs() + "/file"
    file = probe.map(SIZE, shared=True, fd=probe.create_file(disk, SIZE))
    lab.sync()

    def moment(name: str) -> None:
        lab.drain_lru()         # pages on their way to a list lie in per-cpu batches
        lab.sample(name)

    moment("before")
    anon = probe.map(SIZE).fill().lock()
    moment("anon locked")
    file.lock()
    moment("file locked")
    kept = probe.map(SIZE, shared=True, fd=probe.create_file(ramfs, SIZE)).read()
    moment("ramfs filled")
    plain = probe.map(SIZE).fill()
    moment("plain filled")
    segment = probe.shmget(SIZE).value
    probe.shmctl(segment, SHM_LOCK)
    shm = probe.region(probe.shmat(segment).value, SIZE).fill()
    private = probe.map(SIZE, fd=probe.open(disk, os.O_RDONLY).value).read()        # the locked file, mapped again
    lab.drain_lru()
    lab.sample("all", {"anon": anon, "file": file, "ramfs": kept, "segment": shm, "plain": plain, "again": private})


def unevictable(label: str, what: str) -> Quantity:
    return Pages("all", label, "unevictable").called(f"unevictable pages of {what}")


def grown(step: int, what: str) -> Quantity:
    return Change("meminfo:Unevictable", MOMENTS[step - 1], MOMENTS[step]).called(f"growth of Unevictable by {what}")


def all_of(label: str, step: int, what: str) -> tuple[Expect, ...]:
    near = pages(SIZE) - BATCH, pages(SIZE) + BATCH
    return (Expect(MLOCKED, unevictable(label, what),
                   if_true=Exactly(pages(SIZE), "every page of it"),
                   if_false=Not(pages(SIZE), "one page that is not unevictable is enough"),
                   reads_true=unevictable("ramfs", "a mapped ramfs file"),
                   reads_false=unevictable("plain", "anonymous memory that is not locked"),
                   says=f"Of {{bound}} pages of {what} {{value}} were unevictable."),
            Expect(MLOCKED, grown(step, what),
                   if_true=Within(*near, "all of it, but for a batch of others' pages on their way to or from a list"),
                   if_false=Outside(*near, "more than a batch is not counted there"),
                   reads_true=grown(3, "a ramfs file"), reads_false=grown(4, "anonymous memory that is not locked"),
                   says=f"The lock on {what} moved Unevictable by {{value}} pages."))


def never_locked(label: str, what: str) -> Expect:
    return Expect(ONLY_MLOCK, unevictable(label, what),
                  if_true=AtMost(0, "“only”: no page that was not mlocked"), if_false=AtLeast(1, "one is enough"),
                  reads_true=unevictable("plain", "anonymous memory that is not locked"),
                  reads_false=unevictable("anon", "mlocked anonymous memory"),
                  says=f"{{value}} pages of {what}, never mlocked, were unevictable.")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=10,
    axes={"lru": ("classic", "mglru")},
    guards=(Guard(Change("vmstat:pswpout", "before", "all"), Exactly(0), "a swapped page is on no list"),
            Guard(Pages("all", "plain"), Exactly(pages(SIZE)), "the page flags of what is not resident say nothing")),
    expects=(*all_of("anon", 1, "mlocked anonymous memory"), *all_of("file", 2, "an mlocked file mapping"),
             never_locked("ramfs", "a ramfs file"), never_locked("segment", "a SHM_LOCKed segment")),
)
