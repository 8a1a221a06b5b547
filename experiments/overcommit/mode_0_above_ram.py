"""Is a request larger than RAM granted in overcommit mode 0, if a small swap area makes up for it?

A process asks for 1.2 times RAM without swap, and for 0.8 and 1.2 times RAM with a swap area of 0.3 times RAM. The errno
of each request is recorded and nothing is kept.
"""

import errno

from experiments.sections import OVERCOMMIT
from harness.claims import (
    CONFIRMED, DISK, GIB, Claim, Disk, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity, Recorded, Settings, Within,
)
from harness.lab import Lab

ABOVE_RAM = Claim(
    "oc0-above-ram-allowed", "Mode 0: a request of 1.2 times RAM is granted where a swap area of 0.3 times RAM is there.",
    OVERCOMMIT,
    known=(Known(CONFIRMED, "mm/util.c, __vm_enough_memory: OVERCOMMIT_GUESS refuses what is larger than RAM and swap "
                            "together, and nothing else (v6.12; since v5.2, commit 8c7829b04c52)", since="5.2"),))
MEMORY = 1 * GIB
SWAP = Disk("swap", "swap", int(0.3 * MEMORY))


def procedure(lab: Lab) -> None:
    lab.sample("before")
    probe = lab.probe("probe")

    def ask(name: str, times: float) -> None:
        """Records what a request for so many times RAM is answered with; nothing is kept."""
        size = int(times * lab.memory) // lab.page_size * lab.page_size
        reply = probe.attempt.mmap(size)
        lab.record(name, reply.error)
        if not reply.error:
            probe.munmap(reply.value, size)

    ask("1.2 times RAM, without swap", 1.2)
    lab.swapon()
    lab.record("swap", round(1000 * lab.counter("meminfo:SwapTotal") / lab.memory))
    ask("0.8 times RAM", 0.8)
    ask("1.2 times RAM, with swap", 1.2)
    lab.sample("after")


def answer(name: str) -> Quantity:
    return Recorded(name, "errno", title=f"errno of a request for {name}")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    settings=Settings(overcommit=0),
    needs=Needs(memory=MEMORY, disks=(DISK, SWAP), changes=("swap",)),
    guards=(Guard(Recorded("swap", "thousandths", title="thousandths of RAM that the swap area has"), Within(290, 350),
                  "0.3 times RAM; a guest has a little less RAM than it was given"),),
    expects=(Expect(
        ABOVE_RAM, answer("1.2 times RAM, with swap"),
        if_true=Exactly(0, "granted"), if_false=Exactly(errno.ENOMEM, "refused"),
        reads_true=answer("0.8 times RAM"), reads_false=answer("1.2 times RAM, without swap"),
        says="A request for 1.2 times RAM, beside a swap area of 0.3 times RAM, was {value:answer}."),),
)
