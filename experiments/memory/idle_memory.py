"""Does cold memory go to swap while there is enough memory for all?

Three processes hold 32 MiB each in a guest with swap and plenty of free memory: one is idle, one is locked, one is at
work. After 3 seconds the page tables tell which of the idle pages are in swap. A group that is held to half of what
it uses shows that swap works, the locked memory how none of it reads.
"""

from experiments.sections import MEMORY
from harness.claims import (
    MIB, REFUTED, AtLeast, Claim, Counter, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity,
    Recorded,
)
from harness.lab import NO_REQUEST, Lab

WITHOUT = Claim(
    "swap-takes-cold-without-pressure", "Cold data is moved to swap even when there is no shortage.", MEMORY,
    known=(Known(REFUTED, "mm/vmscan.c: what reclaims unasked is an allocation that finds a watermark passed (wakeup_kswapd, "
                          "try_to_free_pages) or a group at its limit (try_to_free_mem_cgroup_pages; v5.10 to v7.2), and no "
                          "timer; measured"),),
    instead="Cold memory stays where it is until somebody needs room. To move it out beforehand write to memory.reclaim of "
            "its group (since 5.19) or use MADV_PAGEOUT; a high swappiness does nothing without a shortage.")
# Three periods of the slower of the workers that look at memory by themselves, vmstat's of 1 s (mm/vmstat.c) and kcompactd's
# of 0.5 s (mm/compaction.c; v6.12); the flusher's 5 s matter to files only.
SIZE, IDLE = 32 * MIB, 3_000_000_000


def procedure(lab: Lab) -> None:
    lab.swapon()
    box = lab.sandbox("box", memory_swap_max=2 * SIZE)
    cold, locked, busy = (lab.probe(name).map(SIZE).fill() for name in ("cold", "locked", "busy"))
    locked.lock()
    squeezed = lab.probe("squeezed", box).map(SIZE).fill()
    box.set("memory.max", str(SIZE // 2))
    working = busy.probe.begin.touch(busy.address, busy.length, write=True, rounds=NO_REQUEST, pause=10_000_000)
    lab.record("idle", lab.sleep(IDLE))
    regions = {"cold": cold, "locked": locked, "squeezed": squeezed}
    lab.sample("later", pages=regions)
    busy.probe.run("pid")
    working.wait()


def swapped(label: str) -> Quantity:
    return Pages("later", label, "swapped").called(f"pages of {label} memory in swap")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=5,
    needs=Needs(changes=("swap",)),
    axes={"lru": ("classic", "mglru")},
    guards=(Guard(Counter("meminfo:MemAvailable", "later"), AtLeast(Counter("meminfo:MemTotal", "later") // 2),
                  "with half of the memory at hand there is no shortage"),
            *(Guard(Pages("later", label, "absent"), Exactly(0), "what was never filled is not in swap either")
              for label in ("cold", "locked")),
            Guard(Recorded("idle", "ns"), AtLeast(IDLE), "what was touched a moment ago is not cold")),
    expects=(Expect(
        WITHOUT, swapped("cold"),
        if_true=AtLeast(1, "one page is enough"), if_false=Exactly(0, "none"),
        reads_true=swapped("squeezed"), reads_false=swapped("locked"),
        says=f"Of {SIZE // MIB} MiB that nobody touched for {IDLE // 10**9} seconds, {{value}} pages were in swap."),),
)
