"""Do two processes that map one POSIX object have the same physical pages?

Two processes map one POSIX object shared, and one of them fills it. The pagemap of both tells page by page whether
they have the same frame. A private mapping of the object that each wrote to shows how frames of their own read,
memory inherited by fork how common ones do.
"""

from experiments.sections import SHARED_MEMORY
from harness.claims.address_space import SameFrames
from harness.claims.claim import CONFIRMED, AtMost, Claim, Exactly, Expect, Experiment, Known
from harness.claims.needs import Needs
from harness.claims.quantities import Quantity, pages
from harness.linux.sizes import MIB
from harness.procedure import Lab

SIZE = 8 * MIB

SAME = Claim(
    "posix-shm-same-pages",
    "Two processes that map one POSIX shared memory object have the same physical pages.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "shm_overview(7); mm/shmem.c, shmem_fault: both find the page in the object's page cache "
                            "(v6.12)"),))


def procedure(lab: Lab) -> None:
    lab.mount_shm()
    first, second = lab.probe("first"), lab.probe("second")
    regions = {}
    for probe in (first, second):
        fd = probe.shm_open("/object").value
        probe.ftruncate(fd, SIZE)
        regions[f"{probe.name}: shared"] = probe.map(SIZE, shared=True, fd=fd)
        regions[f"{probe.name}: copied"] = probe.map(SIZE, fd=fd)
    regions["first: shared"].fill()
    lab.record("read by the second", regions["second: shared"].check())
    for probe in (first, second):
        regions[f"{probe.name}: copied"].write()
    inherited = first.map(SIZE, shared=True).fill()
    regions |= {"parent": inherited, "child": inherited.of(lab.fork(first)).read()}
    lab.sample("mapped", pages=regions)
    first.shm_unlink("/object")


def same(first: str, second: str, name: str) -> Quantity:
    return SameFrames("mapped", first, second).called(f"pages with the same frame in two processes: {name}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    expects=(Expect(
        SAME, same("first: shared", "second: shared", "a shared mapping of one object"),
        if_true=Exactly(pages(SIZE), "every page that one process filled and the other read"),
        if_false=AtMost(pages(SIZE) - 1, "one page of which each has its own is enough"),
        reads_true=same("parent", "child", "shared anonymous memory, inherited by fork"),
        reads_false=same("first: copied", "second: copied", "private mappings of that object, written to by both"),
        says="Of {bound} pages of the object {value} had the same frame in both processes."),),
    version=2,
)
