"""Are mlocked pages swapped out, when memory is short or has run out?

A process in a group locks private and shared memory and holds more that it does not lock. The group is squeezed below
the sum; then another process of it fills until it is killed, so that nothing was left to reclaim. After each the page
table tells which pages are in swap. A ramfs file, which has no swap, and the memory that is not locked show how both
answers read.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, MIB, AtLeast, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity, Recorded, pages,
)
from harness.lab import Lab

SIZE, ANONYMOUS = 4 * MIB, 16 * MIB
LIMIT, SWAP = 16 * MIB, 32 * MIB        # 28 MiB in all don't fit; neither do 48 MiB more into limit and swap

NEVER = Claim(
    "mlock-never-swapped", "mlocked pages are not swapped out, whatever the pressure.", RECLAIM,
    known=(Known(CONFIRMED, "mlock(2); mm/rmap.c, try_to_unmap_one: a VM_LOCKED mapping is never unmapped for reclaim "
                            "(v5.10, v6.12)"),))


def procedure(lab: Lab) -> None:
    lab.swapon()
    box = lab.sandbox()
    probe = lab.probe(sandbox=box)
    ramfs = probe.create_file(lab.mount_ramfs() + "/file", SIZE)
    regions = {"locked": probe.map(SIZE).fill().lock(), "locked, shared": probe.map(SIZE, shared=True).fill().lock(),
               "ramfs": probe.map(SIZE, shared=True, fd=ramfs).read(), "anon": probe.map(ANONYMOUS).fill()}
    lab.sample("before", regions)
    box.set("memory.max", str(LIMIT))
    lab.sample("squeezed", regions)
    # Pressure to the end: whoever fills past the limit is killed, so nothing was left that could be reclaimed.
    eater = lab.probe("eater", box)
    lab.write(f"/proc/{probe.pid}/oom_score_adj", "-1000")      # 7.2 kills more than one now and then
    lab.write(f"/proc/{eater.pid}/oom_score_adj", "1000")
    box.set("memory.swap.max", str(SWAP))
    memory = eater.map(LIMIT + SWAP)
    eater.attempt.fill(memory.address, memory.length)
    lab.record("killed", int(not eater.alive))
    lab.sample("out of memory", regions)


def swapped(moment: str, label: str, what: str) -> Quantity:
    return Pages(moment, label, "swapped").called(f"pages of {what} marked as swapped, {moment}")


def stay(label: str, what: str, moment: str, when: str) -> Expect:
    return Expect(NEVER, swapped(moment, label, what),
                  if_true=Exactly(0, "“not”: no page"), if_false=AtLeast(1, "one is enough"),
                  reads_true=swapped(moment, "ramfs", "a ramfs file"),
                  reads_false=swapped(moment, "anon", "anonymous memory that is not locked"),
                  says=f"{{value}} pages of {what} were in swap {when}.")


LOCKED = {"locked": "mlocked private memory", "locked, shared": "mlocked shared memory"}

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount", "swap")),
    rate=10,
    axes={"lru": ("classic", "mglru")},
    guards=(*(Guard(Pages("before", label), Exactly(pages(SIZE)), "all of it must be in memory before")
              for label in (*LOCKED, "ramfs")),
            Guard(Recorded("killed"), Exactly(1), "without a kill the pressure had not come to its end")),
    expects=tuple(stay(label, what, moment, when) for label, what in LOCKED.items()
                  for moment, when in (("squeezed", "after a squeeze"),
                                       ("out of memory", "after an out-of-memory kill"))),
    version=2,
)
