"""Are MAP_NORESERVE mappings spared from the overcommit check, in mode 0 and in mode 2?

A process asks for a mapping past the limit three times: plainly, with MAP_NORESERVE, and read-only, in mode 0 and in
mode 2. errno of each is recorded. Then it maps 64 MiB of each kind, which is granted, and the growth of Committed_AS
tells whether it was charged. The plain mapping is one that is checked, the read-only one is not.
"""

import errno

from experiments.sections import OVERCOMMIT
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, Change, Claim, Exactly, Expect, Experiment, Known, Needs, Quantity, Recorded,
    Settings,
)
from harness.lab import ANONYMOUS, NORESERVE, PRIVATE, READ, WRITE, Lab

SOURCE = ("mm/mmap.c, do_mmap: MAP_NORESERVE is honoured unless the mode is OVERCOMMIT_NEVER (v5.10 to v7.2); "
          "Documentation/mm/overcommit-accounting.rst, “In mode 2 the MAP_NORESERVE flag is ignored” (v6.1 to v7.2)")
MODE_0 = Claim("oc0-noreserve", "Mode 0: MAP_NORESERVE mappings are not checked.", OVERCOMMIT,
               known=(Known(CONFIRMED, SOURCE),))
MODE_2 = Claim("oc2-noreserve", "Mode 2: MAP_NORESERVE still escapes the check.", OVERCOMMIT,
               known=(Known(REFUTED, SOURCE),),
    instead="In mode 2 MAP_NORESERVE is ignored, but for huge pages of hugetlbfs: reserve address space with PROT_NONE, and make "
            "parts of it writable with mprotect() as they are needed.")
SIZE = 64 * MIB
# Read-only private memory is never charged: nobody can write what would have to be kept.
KINDS = {"plain": (READ | WRITE, 0), "no-reserve": (READ | WRITE, NORESERVE), "read-only": (READ, 0)}


def procedure(lab: Lab) -> None:
    probe = lab.probe("probe")
    for mode in (0, 2):
        lab.sysctl("vm.overcommit_memory", mode)
        past = (3 * lab.memory if mode == 0 else lab.counter("meminfo:CommitLimit")) // lab.page_size * lab.page_size
        for kind, (protection, flags) in KINDS.items():
            reply = probe.attempt.mmap(past, protection=protection, flags=PRIVATE | ANONYMOUS | flags)
            lab.record(f"{mode}: {kind}", reply.error)
            if not reply.error:
                probe.munmap(reply.value, past)
            lab.sample(f"{mode}: before {kind}")
            granted = probe.mmap(SIZE, protection=protection, flags=PRIVATE | ANONYMOUS | flags).value
            lab.sample(f"{mode}: after {kind}")
            probe.munmap(granted, SIZE)


def answer(mode: int, kind: str) -> Quantity:
    return Recorded(f"{mode}: {kind}", "errno", title=f"errno of a {kind} mapping past the limit")


def charged(mode: int, kind: str) -> Quantity:
    return Change("meminfo:Committed_AS", f"{mode}: before {kind}", f"{mode}: after {kind}"
                  ).called(f"growth of Committed_AS by a granted {kind} mapping")


def expects(claim: Claim, mode: int) -> tuple[Expect, ...]:
    return (
        Expect(claim, answer(mode, "no-reserve"),
               if_true=Exactly(0, "not checked: granted"), if_false=Exactly(errno.ENOMEM, "checked: refused"),
               reads_true=answer(mode, "read-only"), reads_false=answer(mode, "plain"),
               says=f"In mode {mode} a MAP_NORESERVE mapping past the limit was {{value:answer}}."),
        Expect(claim, charged(mode, "no-reserve"),
               if_true=Exactly(0, "not charged"), if_false=AtLeast(1, "charged, were it one page"),
               reads_true=charged(mode, "read-only"), reads_false=charged(mode, "plain"),
               says="One within it was charged with {value} pages."))


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    settings=Settings(overcommit=0),
    writes=("overcommit",),
    needs=Needs(changes=("sysctl",), throwaway=True),
    expects=(*expects(MODE_0, 0), *expects(MODE_2, 2)),
)
