"""How much RAM can a 32-bit kernel use?

On a machine with 5 GiB of RAM and no swap, processes fill memory with data, 512 MiB each, until they hold 4.5 GiB or the
OOM killer ends one, and what the others hold by then is checked and counted. The same is done first within a group of
1 GiB; and last with swap on, where data may be more than any amount of RAM that 32 bits can address.
"""

from __future__ import annotations

from experiments.sections import MEMORY
from harness.claims import (
    DISK, GIB, MIB, REFUTED, AtLeast, AtMost, Claim, Disk, Expect, Experiment, Known, Needs, Quantity, Recorded, Settings, pages,
)
from harness.lab import Lab, Region, Sandbox
from harness.lab.helpers.oom import adjust

AT_MOST_4G = Claim(
    "phys-32bit-4g", "A 32-bit x86 kernel can use at most 4 GiB of RAM.", MEMORY,
    known=(Known(REFUTED, "arch/x86/Kconfig, X86_PAE and HIGHMEM64G: up to 64 GiB by 36 bits of physical address (v6.1)",
                 until="6.15"),),
    instead="With PAE (CONFIG_HIGHMEM64G, up to 6.14) a 32-bit kernel uses up to 64 GiB, of which each process still maps 3 "
            "GiB at most by default. Run a 64-bit kernel on such a machine.")
MEMORY_SIZE, SHARE, PIECE, MOST = 5 * GIB, 512 * MIB, 16 * MIB, 9
SWAP = Disk("swap", "swap", 2 * GIB)


def procedure(lab: Lab) -> None:
    lab.sample("before")
    lab.record("group", held(lab, "group", lab.sandbox("group-box", memory_max=1 * GIB, memory_swap_max=0)))
    lab.record("machine", held(lab, "machine"))
    lab.swapon()
    lab.record("with swap", held(lab, "with swap"))
    lab.sample("after")


def held(lab: Lab, name: str, box: Sandbox | None = None) -> int:
    """Fills with one process after the other until one is killed or they hold 4.5 GiB: pages of good data. All are ended."""
    full: list[Region] = []
    for number in range(MOST):
        probe = lab.probe(f"{name} {number}", box)
        memory = probe.map(SHARE)
        adjust(lab, probe, 1000)        # the one that fills is the one that is killed
        if probe.fill_until_end(memory, PIECE) < SHARE:
            break
        adjust(lab, probe, 0)
        full.append(memory)
    good = sum(memory.check() for memory in full)
    for memory in full:
        memory.probe.end()
    return good


def data(name: str, title: str) -> Quantity:
    return Recorded(name, "pages", title=f"pages of data held at once {title}")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    settings=Settings(overcommit=1),
    needs=Needs(memory=MEMORY_SIZE, disks=(DISK, SWAP), changes=("swap",), throwaway=True, architectures=("i686",)),
    expects=(Expect(
        AT_MOST_4G, data("machine", "by a machine without swap"),
        if_true=AtMost(pages(4 * GIB), "what 32 bits of physical address reach"),
        if_false=AtLeast(pages(4 * GIB) + 1, "one page more"),
        reads_true=data("group", "by a group of 1 GiB"), reads_false=data("with swap", "by a machine with swap"),
        says="{value} pages of data were held at once by a machine with 5 GiB of RAM and no swap (32 bits reach "
             "{bound} pages)."),),
)
