"""Into which zones is physical memory divided?

The zones that /proc/zoneinfo names are compared with the claim's three. Two texts of the same form that the lab made,
one with just the three zones and one with a fourth, show that the comparison can read both answers.
"""

import os
import re

from experiments.sections import ZONES_AND_CACHE
from harness.claims import REFUTED, AtLeast, Claim, Exactly, Expect, Experiment, Known
from harness.evidence import Recording
from harness.needs import Needs
from harness.procedure import Lab
from harness.quantities import Derived, Quantity

CLAIMED = frozenset({"DMA", "Normal", "HighMem"})       # as mm/page_alloc.c names them: zone_names
KERNELS = "/proc/zoneinfo"
# What a kernel would print, one that fits the claim and one that does not: read by the same reader.
MADE = {"three zones": ("DMA", "Normal", "HighMem"), "a fourth zone": ("DMA", "DMA32", "Normal", "HighMem")}

ZONES = Claim(
    "zones-dma-normal-high", "Physical memory is divided into exactly the zones DMA, NORMAL and HIGH.", ZONES_AND_CACHE,
    known=(Known(REFUTED, "include/linux/mmzone.h, enum zone_type (v6.12): x86-64 has DMA32, Movable and Device too, "
                          "and no HighMem, which CONFIG_HIGHMEM gives to 32-bit kernels"),))


def procedure(lab: Lab) -> None:
    tmpfs = lab.mount_tmpfs()
    paths = {KERNELS: KERNELS}
    for name, zones in MADE.items():
        paths[name] = f"{tmpfs}/{name}"
        lab.hand.put(paths[name], "".join(f"Node 0, zone {zone:>8}\n" for zone in zones), os.O_CREAT)
    for name, path in paths.items():
        lab.record(name, lab.read(path))


def difference(source: str) -> Quantity:
    """How many zones only the kernel has, and how many only the claim."""
    def count(recording: Recording) -> int | None:
        text = recording.records.get(source)
        return None if text is None else len(CLAIMED ^ set(re.findall(r"^Node +\d+, zone +(\w+)", text, re.M)))
    return Derived(f"zones that only one has, {source} or the claim", count, "zones")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    expects=(Expect(ZONES, difference(KERNELS), if_true=Exactly(0, "exactly these"),
                    if_false=AtLeast(1, "one more or one less is enough"), reads_true=difference("three zones"),
                    reads_false=difference("a fourth zone"),
                    says="{value} zones stand in only one of the two, the kernel's list and the claim's."),),
)
