"""What becomes of a request larger than RAM and swap in overcommit mode 0?

With swap on, a process asks for private and shared mappings as large as RAM and swap, a page larger, 1.2, 10 and 20
times as large, and larger than any address space. The errno of each is recorded and nothing is kept. OOM kills are
counted between the requests; a kill at a small group's limit shows how one reads.
"""

import errno

from experiments.sections import OVERCOMMIT
from harness.claims import (
    CONFIRMED, REFUTED, AtLeast, Claim, Exactly, Expect, Experiment, Known, Needs, Not, Quantity, Recorded, Settings,
)
from harness.lab import ANONYMOUS, SHARED, Lab
from harness.lab.helpers.oom import kills

SOURCE = ("mm/util.c, __vm_enough_memory: OVERCOMMIT_GUESS refuses what is larger than RAM and swap together, and "
          "nothing else (v6.12; since v5.2, commit 8c7829b04c52)")

OOM = Claim("oc0-excess-is-oom", "Mode 0: a request far beyond physical memory ends in an OOM kill.", OVERCOMMIT,
            known=(Known(REFUTED, SOURCE, since="5.2"),),
    instead="Check for ENOMEM when you ask: since 5.2 mode 0 refuses any single request larger than RAM plus swap. The OOM "
            "killer comes later, for memory that was granted and is then used.")
REFUSED = Claim(
    "oc0-excess-is-refused", "Mode 0: one request for writable memory, private or shared, larger than RAM plus swap is refused "
    "with ENOMEM (without MAP_NORESERVE) and nothing is killed.", OVERCOMMIT, known=(Known(CONFIRMED, SOURCE, since="5.2"),))
SLIGHTLY = Claim(
    "oc0-slightly-over-allowed", "Mode 0: a request somewhat (1.2 times) above RAM plus swap is still granted; only "
    "wildly larger ones are not.", OVERCOMMIT, known=(Known(REFUTED, SOURCE, since="5.2"),),
    instead="Take RAM plus swap as the limit of a single request in mode 0; the sum of several may be far more, even where they "
            "become one mapping. To ask for more at once needs MAP_NORESERVE or vm.overcommit_memory=1.")
KINDS = {"private": {}, "shared": {"flags": SHARED | ANONYMOUS}}


def procedure(lab: Lab) -> None:
    lab.sample("before")
    lab.kill_by_oom()
    lab.swapon()
    probe = lab.probe("probe")
    page = lab.page_size
    total = (lab.memory + lab.counter("meminfo:SwapTotal")) // page
    lab.sample("after the reference's kill")

    def ask(name: str, size: int, **kind: int) -> None:
        """Records what a request for so many pages is answered with; nothing is kept."""
        reply = probe.attempt.mmap(size * page, **kind)
        lab.record(name, reply.error)
        if not reply.error:
            probe.munmap(reply.value, size * page)

    for kind, how in KINDS.items():
        ask(f"{kind}: as large as both", total, **how)
    ask("0.8 times both", int(0.8 * total))
    lab.sample("less asked")
    for kind, how in KINDS.items():
        ask(f"{kind}: a page too large", total + 1, **how)
        ask(f"{kind}: larger than any address space", (1 << 48) // page, **how)
    for times in (1.2, 10):
        ask(f"{times} times both", int(times * total))
    lab.sample("more asked")
    ask("far beyond", 20 * total)
    lab.sample("far beyond asked")


def answer(name: str) -> Quantity:
    return Recorded(name, "errno", title=f"errno of a request {name}")


KILLED, QUIET = kills("before", "after the reference's kill"), kills("after the reference's kill", "less asked")
EXPERIMENT = Experiment(
    procedure,
    rate=0,
    settings=Settings(overcommit=0),
    needs=Needs(changes=("swap",), throwaway=True),
    expects=(
        Expect(OOM, kills("more asked", "far beyond asked"),
               if_true=AtLeast(1, "a kill"), if_false=Exactly(0, "no kill"), reads_true=KILLED, reads_false=QUIET,
               says="Asking for 20 times RAM and swap led to {value} kills."),
        *(Expect(REFUSED, answer(f"{kind}: a page too large"),
                 if_true=Exactly(errno.ENOMEM, "the claim names it"),
                 if_false=Not(errno.ENOMEM, "granted, or refused otherwise"),
                 reads_true=answer(f"{kind}: larger than any address space"),
                 reads_false=answer(f"{kind}: as large as both"),
                 says=f"A {kind} request one page larger than RAM and swap was {{value:answer}}.")
          for kind in KINDS),
        Expect(REFUSED, kills("less asked", "far beyond asked"),
               if_true=Exactly(0, "nothing is killed"), if_false=AtLeast(1, "one is enough"),
               reads_true=QUIET, reads_false=KILLED, says="{value} processes were killed."),
        Expect(SLIGHTLY, answer("1.2 times both"),
               if_true=Exactly(0, "granted"), if_false=Exactly(errno.ENOMEM, "refused"),
               reads_true=answer("0.8 times both"), reads_false=answer("10 times both"),
               says="A request of 1.2 times RAM and swap was {value:answer}."),
    ),
)
