"""Into which zones is physical memory divided?

The zones that /proc/zoneinfo names are compared with the claim's three. Two texts of the same form that the lab made,
one with just the three zones and one with a fourth, show that the comparison can read both answers.
"""

import os
import re

from experiments.sections import ZONES_AND_CACHE
from harness.claims import REFUTED, AtLeast, Claim, Derived, Exactly, Expect, Experiment, Known, Needs, Quantity, Recording
from harness.lab import Lab

CLAIMED = frozenset({"DMA", "Normal", "HighMem"})       # as mm/page_alloc.c names them: zone_names
KERNELS = "/proc/zoneinfo"
# What a kernel would print, one that fits the claim and one that does not: read by the same reader. Zone → pages.
THREE = {"DMA": 3998, "Normal": 221184, "HighMem": 32768, "Movable": 0}
MADE = {"three zones": THREE, "a fourth zone": {**THREE, "Movable": 1}}

ZONES = Claim(
    "zones-dma-normal-high", "Physical memory is divided into exactly the zones DMA, NORMAL and HIGH.", ZONES_AND_CACHE,
    known=(Known(REFUTED, "include/linux/mmzone.h, enum zone_type (v5.10 to v7.2): memory of x86-64 between 16 MiB and "
                          "4 GiB is in DMA32, and there is no HighMem, which CONFIG_HIGHMEM gives to 32-bit kernels; "
                          "Movable and Device are there too, and empty unless asked for"),),
    instead="Look into /proc/zoneinfo: x86-64 has DMA, DMA32 and Normal, no HighMem, and puts memory into Movable and Device "
            "only where it is asked to.")


def procedure(lab: Lab) -> None:
    tmpfs = lab.mount_tmpfs()
    paths = {KERNELS: KERNELS}
    for name, zones in MADE.items():
        paths[name] = f"{tmpfs}/{name}"
        text = "".join(f"Node 0, zone {zone:>8}\n        present  {pages}\n" for zone, pages in zones.items())
        lab.hand.put(paths[name], text, os.O_CREAT)
    for name, path in paths.items():
        lab.record(name, lab.read(path))


def zones(text: str) -> dict[str, int]:
    """Each zone of all nodes together, and how many pages it has."""
    found: dict[str, int] = {}
    for part in re.split(r"^Node +\d+, zone +", text, flags=re.M)[1:]:
        name, present = part.split()[0], re.search(r"^ +present +(\d+)$", part, re.M)
        found[name] = found.get(name, 0) + (int(present[1]) if present else 0)
    return found


def difference(source: str) -> Quantity:
    """How many zones with memory the claim does not name, and how many it names that are none of the kernel's."""
    def count(recording: Recording) -> int | None:
        if source not in recording.records:
            return None
        found = zones(recording.records[source])
        return len({name for name, pages in found.items() if pages} - CLAIMED) + len(CLAIMED - set(found))
    return Derived(f"zones with memory that only {source} has, and zones that only the claim has", count, "zones")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",), architectures=("x86_64", "aarch64")),      # a 32-bit kernel has HighMem
    rate=0,
    version=2,
    expects=(Expect(ZONES, difference(KERNELS), if_true=Exactly(0, "exactly these"),
                    if_false=AtLeast(1, "one more or one less is enough"), reads_true=difference("three zones"),
                    reads_false=difference("a fourth zone"),
                    says="The kernel's zones that have memory and the claim's differ by {value}."),),
)
