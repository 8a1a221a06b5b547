"""Does VmSwap count shared memory that is in swap?

A process of a group fills 16 MiB, private or shared, and the group is squeezed until it lies in swap; Swap of smaps shows that
it does. VmSwap of the process is read then. Private memory that nobody squeezes shows how nothing in swap reads.
"""

from experiments.sections import PROC_NUMBERS
from harness.claims import (
    MIB, REFUTED, AtLeast, AtMost, Besides, Case, Claim, Counter, Disk, Known, Needs, Small, Smaps, pages, table,
)
from harness.lab import Lab
from harness.lab.helpers.reclaim import swap_out

SIZE, ID = 16 * MIB, "vmswap-counts-shmem"

COUNTS = Claim(
    ID, "VmSwap counts swapped shared memory.", PROC_NUMBERS,
    known=(Known(REFUTED, "Documentation/filesystems/proc.rst, VmSwap: “shmem swap usage is not included” (v5.10 to v7.2); "
                          "proc(5), /proc/pid/status, VmSwap (man-pages 6.03)"),),
    instead="Read Swap and SwapPss in smaps for shared memory: VmSwap counts the anonymous memory of a process only.")


def swapped(words: str, *, shared: bool, squeeze: bool = True) -> Case:
    def do(lab: Lab, at: str) -> None:
        lab.swapon()
        box = lab.sandbox(f"{at} box")
        memory = lab.probe(at, box).map(SIZE, shared=shared).fill()
        if squeeze:
            swap_out(lab, box)
            used = lab.counter("meminfo:SwapTotal") - lab.counter("meminfo:SwapFree")
            lab.require(used > SIZE * 3 // 4, "the memory is in swap")
        lab.sample(at, smaps={"memory": memory})
    return Case(words, do)


EXPERIMENT = table(
    Small(COUNTS, "VmSwap", swapped("of shared memory in swap", shared=True), swapped("of private memory in swap", shared=False),
          swapped("of private memory that is not", shared=False, squeeze=False), of=lambda at: Counter(f"{at}/status:VmSwap", at),
          if_true=AtLeast(pages(SIZE) * 3 // 4, "what of it lies in swap at least"),
          if_false=AtMost(pages(SIZE) // 4, "no more than what else a probe has"),
          says=f"Of {SIZE // MIB} MiB of shared memory that was swapped out VmSwap counted {{value}} pages."),
    axes={"lru": ("classic", "mglru")},
    besides=(Besides(COUNTS, Smaps(f"{ID}.asked", "memory", "Swap"), AtLeast(1), "Swap in smaps counted {value} of them."),),
    needs=Needs(disks=(Disk("swap", "swap", 64 * MIB),), changes=("swap",)),
)
