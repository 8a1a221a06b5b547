"""Which lists does the kernel's lru_list name, and in which order?

No memory is used: the running kernel's own description of its types (BTF) is read. Each name that the claim gives
must have the number of its place in the enum, and the enum must end there. The enums of zones and of watermarks are
held against the same kind of list as references.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, AtMost, Claim, Derived, Exactly, Expect, Experiment, Known, Needs, Quantity, Recording, Types,
)
from harness.lab import Lab

BTF = "/sys/kernel/btf/vmlinux"
FIVE = ["LRU_INACTIVE_ANON", "LRU_ACTIVE_ANON", "LRU_INACTIVE_FILE", "LRU_ACTIVE_FILE", "LRU_UNEVICTABLE"]
# Another enum of the same kernel with as many names, in a known order (x86-64).
ZONES = ["ZONE_DMA", "ZONE_DMA32", "ZONE_NORMAL", "ZONE_MOVABLE", "ZONE_DEVICE"]

FIVE_LISTS = Claim(
    "lru-five-lists", "The kernel's lru_list has inactive/active anon, inactive/active file and unevictable, in that order.",
    RECLAIM, known=(Known(CONFIRMED, "include/linux/mmzone.h, enum lru_list (v6.12)"),))


def procedure(lab: Lab) -> None:
    types = Types(lab.read_bytes(BTF))
    for name in ("lru_list", "zone_type", "zone_watermarks"):
        lab.record(name, types.enumerators(name))


def in_place(name: str, wanted: list[str], end: str) -> Quantity:
    """How many of the wanted names have their place's number, from 0 on; none, if the enum does not end there."""
    def count(recording: Recording) -> int | None:
        found = recording.records.get(name)
        if found is None:
            return None
        values = {str(one): int(value) for one, value in found}
        if values.get(end) != len(wanted):
            return 0
        return sum(values.get(one) == place for place, one in enumerate(wanted))
    return Derived(f"of {len(wanted)} names those at their place in {name}", count, "names")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(files=(BTF,), root=False),
    rate=0,
    expects=(Expect(
        FIVE_LISTS, in_place("lru_list", FIVE, "NR_LRU_LISTS"),
        if_true=Exactly(5, "these five, in that order, and no more"), if_false=AtMost(4, "one is missing or elsewhere"),
        reads_true=in_place("zone_type", ZONES, "__MAX_NR_ZONES"),
        reads_false=in_place("zone_watermarks", FIVE, "NR_WMARK"),
        says="{value} of {bound} lists stand at their place in the kernel's own lru_list."),),
)
