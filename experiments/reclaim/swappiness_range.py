"""What is swappiness by default, and what is the largest value it takes?

swappiness is read where nobody has set it, and after two values were written. Then values up to 300 are written, and
the largest one that reads back as written counts. Two other settings of the kernel, one with a maximum of 100 and one
without, are tried the same way.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, REFUTED, Claim, Exactly, Expect, Experiment, Known, Needs, Not, Quantity, Recorded, Settings,
)
from harness.lab import Lab

TRIED = (*range(95, 106), *range(195, 206), 300)

DEFAULT = Claim(
    "swappiness-default-60", "The default swappiness is 60.", RECLAIM,
    known=(Known(CONFIRMED, "mm/vmscan.c: int vm_swappiness = 60 (v5.10 to v7.2)"),))
MAXIMUM = Claim(
    "swappiness-max-100", "The largest swappiness is 100.", RECLAIM,
    known=(Known(CONFIRMED, "kernel/sysctl.c, vm_table: one_hundred is its largest (v5.7)", until="5.8"),
           Known(REFUTED, "200 since 5.8, commit c843966c556d; Documentation/admin-guide/sysctl/vm.rst", since="5.8")),
    instead="Since 5.8 values up to 200 are taken. Those above 100 prefer swapping to dropping cache, which pays where swap "
            "is faster than the file system, as with zram and zswap.")


def largest(lab: Lab, name: str) -> int | None:
    """The largest value that a setting takes and gives back, of those tried."""
    taken = [value for value in TRIED if not lab.hand.attempt.put(f"/proc/sys/vm/{name}", str(value)).error
             and lab.read(f"/proc/sys/vm/{name}").strip() == str(value)]
    return max(taken, default=None)


def procedure(lab: Lab) -> None:
    lab.record("default", int(lab.read("/proc/sys/vm/swappiness")))
    for value in (10, 60):
        lab.sysctl("vm.swappiness", value)
        lab.record(f"after writing {value}", int(lab.read("/proc/sys/vm/swappiness")))
    for name in ("swappiness", "dirty_background_ratio", "vfs_cache_pressure"):
        lab.record(f"largest {name}", largest(lab, name))


def value(record: str, title: str) -> Quantity:
    return Recorded(record, title=title)


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("sysctl",)),
    settings=Settings(swappiness=None),         # what the kernel has before anyone pins it
    writes=("swappiness",),
    rate=0,
    expects=(
        Expect(DEFAULT, value("default", "swappiness as the kernel starts"),
               if_true=Exactly(60, "the claim's number"), if_false=Not(60, "any other"),
               reads_true=value("after writing 60", "swappiness after 60 was written"),
               reads_false=value("after writing 10", "swappiness after 10 was written"),
               says="A fresh kernel has swappiness {value}."),
        Expect(MAXIMUM, value("largest swappiness", "largest swappiness accepted"),
               if_true=Exactly(100, "101 must be refused"), if_false=Not(100, "more is accepted, or less"),
               reads_true=value("largest dirty_background_ratio", "largest dirty_background_ratio (a percentage) accepted"),
               reads_false=value("largest vfs_cache_pressure", "largest vfs_cache_pressure accepted, of those tried"),
               says="The largest swappiness that the kernel takes is {value} (95 to 105, 195 to 205 and 300 were tried)."),
    ),
)
