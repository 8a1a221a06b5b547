"""Does overcommit mode 1 grant a request of any size that the address space can hold?

The largest mapping that is granted is found to the page by bisection, in mode 1 and in mode 0, for private, shared
and read-only memory. It is compared with the largest one that nobody may touch, which is never checked: only the
address space limits that.
"""

from experiments.sections import OVERCOMMIT
from harness.claims import CONFIRMED, AtLeast, Claim, Exactly, Expect, Experiment, Known, Needs, Quantity, Recorded, Settings
from harness.lab import ANONYMOUS, NO_ACCESS, PRIVATE, READ, SHARED, WRITE, Lab

ALWAYS = Claim("oc1-always", "Mode 1: a request of any size the address space can hold is granted.", OVERCOMMIT,
               known=(Known(CONFIRMED, "mm/util.c, __vm_enough_memory: OVERCOMMIT_ALWAYS returns before any check "
                                       "(v6.12)"),))
KINDS = (("private writable", READ | WRITE, PRIVATE), ("shared writable", READ | WRITE, SHARED),
         ("private read-only", READ, PRIVATE))
ADDRESSES = 1 << 47         # of an x86-64 process (Documentation/arch/x86/x86_64/mm.rst; v6.12, v7.2)


def procedure(lab: Lab) -> None:
    probe = lab.probe("probe")
    lab.sample("before")
    for mode in (0, 1):
        lab.sysctl("vm.overcommit_memory", mode)
        # What can't be touched is never checked: only the address space limits it.
        room = probe.largest_map(ADDRESSES, protection=NO_ACCESS)
        for kind, protection, flags in KINDS:
            largest = probe.largest_map(ADDRESSES, protection=protection, flags=flags | ANONYMOUS)
            lab.record(f"{mode}: {kind}", (room - largest) // lab.page_size)
        lab.record(f"{mode}: room", room // lab.page_size)


def short(mode: int, kind: str) -> Quantity:
    return Recorded(f"{mode}: {kind}", "pages",
                    title=f"pages by which the largest {kind} mapping in mode {mode} falls short of the address space")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    settings=Settings(overcommit=0),
    writes=("overcommit",),
    needs=Needs(changes=("sysctl",), throwaway=True),
    expects=tuple(
        Expect(ALWAYS, short(1, f"{kind} writable"),
               if_true=Exactly(0, "as large as the largest mapping that nobody checks"),
               if_false=AtLeast(1, "“any size” means the last page too"),
               reads_true=short(0, "private read-only"), reads_false=short(0, f"{kind} writable"),
               says=f"The largest {kind} mapping was "
                    f"{{value:±pages smaller than|pages larger than|exactly as large as}} the largest hole of all.")
        for kind in ("private", "shared")),
)
