"""Is a process killed for memory that mode 0 granted it?

In a guest of 256 MiB with 128 MiB of swap a process asks twice for memory, and fills what it was granted: in mode 2, with all of
RAM and swap to be granted, for 60 % of that each, and in mode 0 for 80 %. OOM kills are counted while it fills. A kill at a
small group's limit shows how a kill reads.
"""

from experiments.sections import OVERCOMMIT
from harness.claims import (
    CONFIRMED, MIB, AtLeast, Claim, Disk, Exactly, Expect, Experiment, Guard, Known, Needs, Recorded, Settings,
)
from harness.lab import Lab
from harness.lab.helpers.oom import adjust, kills

SWAP, FIRST, STEP = 128 * MIB, 1000, MIB
# Mode → percent of RAM and swap. What the kernel and the others hold may leave less than 80 (6.1: 277 of 364 MiB in a trial of
# three), and mode 2 does not ask.
SHARES = {2: 60, 0: 80}

THEN_KILLED = Claim(
    "oc0-granted-then-killed", "Mode 0: two requests of 0.8 times RAM plus swap, both granted, end in an OOM kill once both are "
    "filled.", OVERCOMMIT,
    known=(Known(CONFIRMED, "mm/util.c, __vm_enough_memory: mode 0 looks at each request by itself, not at what was granted "
                            "before (v5.10 to v7.2)"),))


def procedure(lab: Lab) -> None:
    lab.swapon()
    lab.sample("before")
    lab.kill_by_oom()
    lab.sample("reference killed")
    for mode, share in SHARES.items():
        size = (lab.memory + SWAP) * share // 100 // lab.page_size * lab.page_size
        lab.sysctl("vm.overcommit_memory", mode)
        probe = lab.probe(f"mode {mode}")
        adjust(lab, probe, FIRST)
        granted = [probe.region(reply.value, size) for reply in (probe.attempt.mmap(size), probe.attempt.mmap(size))
                   if not reply.error]
        lab.record(f"mode {mode}: granted", len(granted))
        lab.sample(f"mode {mode}")
        for memory in granted:
            if probe.alive:
                probe.fill_until_end(memory, STEP)
        lab.sample(f"mode {mode} done")
        probe.kill_now()
    lab.sysctl("vm.overcommit_memory", 0)


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=2,
    settings=Settings(overcommit=0, overcommit_ratio=100),
    writes=("overcommit",),
    needs=Needs(memory=256 * MIB, disks=(Disk("swap", "swap", SWAP),), changes=("swap", "sysctl"), throwaway=True),
    axes={"lru": ("classic", "mglru")},
    guards=(Guard(Recorded("mode 0: granted"), Exactly(2), "both must be granted"),
            Guard(Recorded("mode 2: granted"), Exactly(1), "and mode 2 must hold back one, of which nothing can be filled")),
    expects=(
        Expect(THEN_KILLED, kills("mode 0", "mode 0 done"), if_true=AtLeast(1, "it is killed"), if_false=Exactly(0, "it is not"),
               reads_true=kills("before", "reference killed"), reads_false=kills("mode 2", "mode 2 done"),
               says="Filling two requests of 80 % of RAM and swap led to {value} kills."),
    ),
)
