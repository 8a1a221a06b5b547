"""Are mlocked pages swapped out, when memory is short or has run out?

A process in a group locks private and shared memory and holds more that it does not lock. The group is squeezed below
the sum; then another process of it fills until it is killed, so that nothing was left to reclaim. After each the page
table, and for shared memory smaps, tell which pages are in swap: the page table has no entry of a shared page that was swapped
out. Memory of the same kinds that is not locked, in the group and in a process outside of it, shows how both answers read.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, MIB, AtLeast, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity, Recorded, Smaps, pages,
)
from harness.lab import Lab, Probe, Region

SIZE, ANONYMOUS = 4 * MIB, 16 * MIB
SHARED = ", shared"      # ends the names of memory of that kind
LIMIT, SWAP = 16 * MIB, 32 * MIB        # 40 MiB in all don't fit; neither do 48 MiB more into limit and swap

NEVER = Claim(
    "mlock-never-swapped", "mlocked pages are not swapped out, whatever the pressure.", RECLAIM,
    known=(Known(CONFIRMED, "mlock(2); mm/rmap.c, try_to_unmap_one: a VM_LOCKED mapping is never unmapped for reclaim "
                            "(v5.10, v6.12)"),))


def procedure(lab: Lab) -> None:
    lab.swapon()
    box = lab.sandbox()
    probe = lab.probe(sandbox=box)
    regions = {"locked": filled(probe).lock(), "locked, shared": filled(probe, shared=True).lock(),
               "not locked": filled(probe, ANONYMOUS), "not locked, shared": filled(probe, SIZE * 3, shared=True)}
    outside = lab.probe("outside")
    regions |= {"outside": filled(outside), "outside, shared": filled(outside, shared=True)}
    shared = {label: region for label, region in regions.items() if label.endswith(SHARED)}
    lab.sample("before", regions, smaps=shared)
    box.set("memory.max", str(LIMIT))
    lab.sample("squeezed", regions, smaps=shared)
    # Pressure to the end: whoever fills past the limit is killed, so nothing was left that could be reclaimed.
    eater = lab.probe("eater", box)
    lab.write(f"/proc/{probe.pid}/oom_score_adj", "-1000")      # 7.2 kills more than one now and then
    lab.write(f"/proc/{eater.pid}/oom_score_adj", "1000")
    box.set("memory.swap.max", str(SWAP))
    memory = eater.map(LIMIT + SWAP)
    eater.attempt.fill(memory.address, memory.length)
    lab.record("killed", int(not eater.alive))
    lab.sample("out of memory", regions, smaps=shared)


def filled(probe: Probe, size: int = SIZE, *, shared: bool = False) -> Region:
    return probe.map(size, shared=shared).fill()


def swapped(moment: str, label: str, what: str) -> Quantity:
    found = Smaps(moment, label, "Swap") if label.endswith(SHARED) else Pages(moment, label, "swapped")
    return found.called(f"pages of {what} in swap, {moment}")


def stay(kind: str, moment: str, when: str) -> Expect:
    memory = "shared memory" if kind else "private memory"
    return Expect(NEVER, swapped(moment, f"locked{kind}", f"mlocked {memory}"),
                  if_true=Exactly(0, "“not”: no page"), if_false=AtLeast(1, "one is enough"),
                  reads_true=swapped(moment, f"outside{kind}", f"{memory} outside of the group"),
                  reads_false=swapped(moment, f"not locked{kind}", f"{memory} that is not locked"),
                  says=f"{{value}} pages of mlocked {memory} were in swap {when}.")



EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("swap",)),
    rate=10,
    axes={"lru": ("classic", "mglru")},
    guards=(*(Guard(Pages("before", label), Exactly(pages(SIZE)), "all of it must be in memory before")
              for label in ("locked", "locked, shared", "outside", "outside, shared")),
            Guard(Recorded("killed"), Exactly(1), "without a kill the pressure had not come to its end")),
    expects=tuple(stay(kind, moment, when) for kind in ("", SHARED)
                  for moment, when in (("squeezed", "after a squeeze"),
                                       ("out of memory", "after an out-of-memory kill"))),
    version=3,
)
