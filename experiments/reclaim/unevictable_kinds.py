"""Are only mlocked pages unevictable?

A process locks memory with mlock, locks a System V segment with SHM_LOCK, which is not mlock, fills a ramfs file, and
fills memory that it does not lock. The kernel's page flags tell for every page of each whether it is unevictable.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    MIB, REFUTED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity, pages,
)
from harness.lab import SHM_LOCK, Lab

SIZE = 8 * MIB

ONLY_MLOCK = Claim(
    "unevictable-only-mlock", "Only mlocked pages are unevictable.", RECLAIM,
    known=(Known(REFUTED, "Documentation/mm/unevictable-lru.rst (v6.1 to v7.2), Documentation/vm/unevictable-lru.rst (v5.10): "
                          "pages of ramfs and of locked System V segments are too", since="2.6.28"),),
    instead="Read Mlocked for what mlock holds: Unevictable also counts ramfs files and System V segments locked with "
            "SHM_LOCK.")


def procedure(lab: Lab) -> None:
    probe = lab.probe()
    fd = probe.create_file(lab.mount_ramfs() + "/file", SIZE)
    segment = probe.shmget(SIZE).value
    probe.shmctl(segment, SHM_LOCK)
    regions = {"mlocked": probe.map(SIZE).fill().lock(), "plain": probe.map(SIZE).fill(),
               "ramfs": probe.map(SIZE, shared=True, fd=fd).read(),
               "segment": probe.region(probe.shmat(segment).value, SIZE).fill()}
    lab.drain_lru()             # pages on their way to a list lie in per-cpu batches
    lab.sample("filled", regions)


def unevictable(label: str, what: str) -> Quantity:
    return Pages("filled", label, "unevictable").called(f"unevictable pages of {what}")


def never_mlocked(label: str, what: str) -> Expect:
    return Expect(ONLY_MLOCK, unevictable(label, what),
                  if_true=AtMost(0, "“only”: no page that was not mlocked"), if_false=AtLeast(1, "one is enough"),
                  reads_true=unevictable("plain", "anonymous memory that is not locked"),
                  reads_false=unevictable("mlocked", "mlocked anonymous memory"),
                  says=f"{{value}} pages of {what}, never mlocked, were unevictable.")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    axes={"lru": ("classic", "mglru")},
    guards=tuple(Guard(Pages("filled", label), Exactly(pages(SIZE)), "the flags of what is not resident say nothing")
                 for label in ("plain", "ramfs", "segment")),
    expects=(never_mlocked("ramfs", "a ramfs file"), never_mlocked("segment", "a SHM_LOCKed segment")),
)
