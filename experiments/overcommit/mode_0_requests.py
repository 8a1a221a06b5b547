"""Which requests does overcommit mode 0 grant, and what becomes of the others?

In mode 0 a process asks for mappings of many sizes: exactly RAM plus swap, a page more, 1.2 and 10 times as much,
eight of nearly that size kept at once, and twenty times that. errno of each is recorded, and how many OOM kills there
were. A kill at a small group's limit shows how a kill reads.
"""

import errno

from experiments.sections import OVERCOMMIT
from harness.claims import CONFIRMED, REFUTED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Known, Not
from harness.needs import MIB, Needs
from harness.operations import ANONYMOUS, SHARED
from harness.procedure import Lab
from harness.quantities import Change, Quantity, Recorded
from harness.settings import Settings

SOURCE = ("mm/util.c, __vm_enough_memory: OVERCOMMIT_GUESS refuses what is larger than RAM and swap together, and "
          "nothing else (v6.12; since v5.2, commit 8c7829b04c52)")

OOM = Claim("oc0-excess-is-oom", "Mode 0: a request far beyond physical memory ends in an OOM kill.", OVERCOMMIT,
            known=(Known(REFUTED, SOURCE, since="5.2"),))
REFUSED = Claim(
    "oc0-excess-is-refused", "Mode 0: one request larger than RAM plus swap is refused with ENOMEM and nothing is "
    "killed.", OVERCOMMIT, known=(Known(CONFIRMED, SOURCE, since="5.2"),))
MODEST = Claim(
    "oc0-modest-allowed", "Mode 0: requests that are each below RAM plus swap are all granted, even if their sum is "
    "several times that.", OVERCOMMIT, known=(Known(CONFIRMED, SOURCE, since="5.2"),))
SLIGHTLY = Claim(
    "oc0-slightly-over-allowed", "Mode 0: a request somewhat (1.2 times) above RAM plus swap is still granted; only "
    "wildly larger ones are not.", OVERCOMMIT, known=(Known(REFUTED, SOURCE, since="5.2"),))
COUNT = 8
KINDS = {"private": {}, "shared": {"flags": SHARED | ANONYMOUS}}


def procedure(lab: Lab) -> None:
    lab.sample("before")
    lab.kill_by_oom()
    lab.swapon()
    probe = lab.probe("probe")
    page = lab.page_size
    total = (lab.memory + lab.counter("meminfo:SwapTotal")) // page
    lab.sample("after the reference's kill")

    def ask(name: str, size: int, count: int = 1, **kind: int) -> None:
        """How many of so many requests, all kept until the last, are granted; the errno of the last."""
        replies = [probe.attempt.mmap(size * page, **kind) for _ in range(count)]
        lab.record(name, replies[-1].error)
        lab.record(f"{name}: granted", sum(not reply.error for reply in replies))
        for reply in replies:
            if not reply.error:
                probe.munmap(reply.value, size * page)

    for kind, how in KINDS.items():
        ask(f"{kind}: a page too large", total + 1, **how)
        ask(f"{kind}: as large as both", total, **how)
        ask(f"{kind}: larger than any address space", (1 << 48) // page, **how)
    for times in (0.8, 1.2, 10):
        ask(f"{times} times both", int(times * total))
    for name, size in (("small", MIB // page), ("modest", int(0.9 * total)), ("excessive", 2 * total)):
        ask(name, size, COUNT)
    lab.sample("modest asked")
    ask("far beyond", 20 * total)
    lab.sample("far beyond asked")


def answer(name: str) -> Quantity:
    return Recorded(name, "errno", title=f"errno of a request {name}")


def granted(name: str) -> Quantity:
    return Recorded(f"{name}: granted", "requests", title=f"granted of {COUNT} {name} requests")


def kills(since: str, until: str) -> Quantity:
    return Change("vmstat:oom_kill", since, until).called(f"OOM kills from “{since}” to “{until}”", "kills")


KILLED, QUIET = kills("before", "after the reference's kill"), kills("after the reference's kill", "modest asked")
EXPERIMENT = Experiment(
    procedure,
    rate=0,
    settings=Settings(overcommit=0),
    needs=Needs(changes=("swap",), throwaway=True),
    expects=(
        Expect(OOM, kills("modest asked", "far beyond asked"),
               if_true=AtLeast(1, "a kill"), if_false=Exactly(0, "no kill"), reads_true=KILLED, reads_false=QUIET,
               says="Asking for 20 times RAM and swap led to {value} kills."),
        *(Expect(REFUSED, answer(f"{kind}: a page too large"),
                 if_true=Exactly(errno.ENOMEM, "the claim names it"),
                 if_false=Not(errno.ENOMEM, "granted, or refused otherwise"),
                 reads_true=answer(f"{kind}: larger than any address space"),
                 reads_false=answer(f"{kind}: as large as both"),
                 says=f"A {kind} request one page larger than RAM and swap was answered with errno {{value}}.")
          for kind in KINDS),
        Expect(REFUSED, kills("after the reference's kill", "far beyond asked"),
               if_true=Exactly(0, "nothing is killed"), if_false=AtLeast(1, "one is enough"),
               reads_true=QUIET, reads_false=KILLED, says="{value} processes were killed."),
        Expect(MODEST, granted("modest"),
               if_true=Exactly(COUNT, "all are granted"), if_false=AtMost(COUNT - 1, "one that is refused is enough"),
               reads_true=granted("small"), reads_false=granted("excessive"),
               says=f"Of {COUNT} requests of 0.9 times RAM and swap, held together, {{value}} were granted."),
        Expect(SLIGHTLY, answer("1.2 times both"),
               if_true=Exactly(0, "granted"), if_false=Exactly(errno.ENOMEM, "refused"),
               reads_true=answer("0.8 times both"), reads_false=answer("10 times both"),
               says="A request of 1.2 times RAM and swap was answered with errno {value}."),
    ),
)
