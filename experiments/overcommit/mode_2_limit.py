"""Does overcommit mode 2 refuse what goes past the commit limit, without killing anything?

In mode 2 a process asks for a mapping somewhat past the limit, one well within it, and one larger than any address
space: private, shared anonymous, and a private mapping of a file. errno of each is recorded, and the number of OOM
kills. A kill at a small group's limit shows how a kill reads.
"""

import errno

from experiments.sections import OVERCOMMIT
from harness.claims import (
    CONFIRMED, AtLeast, Change, Claim, Exactly, Expect, Experiment, Known, Needs, Not, Quantity, Recorded, Settings,
)
from harness.lab import ANONYMOUS, PRIVATE, SHARED, Lab

HARD_LIMIT = Claim(
    "oc2-hard-limit", "Mode 2: an accountable mapping (private writable or shared anonymous) past the commit limit is "
    "refused with ENOMEM, and nothing is killed.", OVERCOMMIT,
    known=(Known(CONFIRMED, "Documentation/mm/overcommit-accounting.rst (v6.1 to v7.2); mm/util.c, __vm_enough_memory; "
                            "mm/shmem.c, shmem_acct_size (v5.10 to v7.2); mm/mmap.c, accountable_mapping (v5.10 to "
                            "v6.12); mm/vma.c, accountable_mapping (v7.2)"),))
KINDS = {"private": {}, "shared anonymous": {"flags": SHARED | ANONYMOUS}, "private file": {"flags": PRIVATE}}


def procedure(lab: Lab) -> None:
    lab.sample("before")
    lab.kill_by_oom()
    lab.sample("after the reference's kill")
    lab.swapon()
    probe = lab.probe("probe")
    file = probe.create_file(lab.mount_disk() + "/file", lab.page_size)
    lab.sysctl("vm.overcommit_memory", 2)
    lab.sample("limited")
    # The kernel compares a sum that may lag by a batch a processor, 1/256 of RAM for all (mm/mm_init.c,
    # mm_compute_batch): twice that past the limit is past it for certain.
    left = lab.counter("meminfo:CommitLimit") - lab.counter("meminfo:Committed_AS")
    past, within = left + lab.memory // 128 // lab.page_size * lab.page_size, left // 2 // lab.page_size * lab.page_size
    for kind, how in KINDS.items():
        fd = file if kind == "private file" else -1
        for name, size in (("past it", past), ("within it", within), ("larger than any address space", 1 << 48)):
            reply = probe.attempt.mmap(size, fd=fd, **how)
            lab.record(f"{kind} {name}", reply.error)
            if not reply.error:
                probe.munmap(reply.value, size)
    lab.sample("asked")


def refused(name: str) -> Quantity:
    return Recorded(name, "errno", title=f"errno of a mapping {name}")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    settings=Settings(overcommit=0),
    writes=("overcommit",),
    needs=Needs(changes=("sysctl", "swap", "mount"), throwaway=True),
    expects=(
        *(Expect(HARD_LIMIT, refused(f"{kind} past it"),
                 if_true=Exactly(errno.ENOMEM, "the claim names it, as mmap(2) does"),
                 if_false=Not(errno.ENOMEM, "granted, or refused otherwise"),
                 reads_true=refused(f"{kind} larger than any address space"), reads_false=refused(f"{kind} within it"),
                 says=f"A {kind} mapping past the limit was {{value:answer}}.")
          for kind in KINDS),
        Expect(HARD_LIMIT, Change("vmstat:oom_kill", "limited", "asked").called("processes killed by the OOM killer"),
               if_true=Exactly(0, "nothing is killed"), if_false=AtLeast(1, "one is enough"),
               reads_true=Change("vmstat:oom_kill", "after the reference's kill", "limited"),
               reads_false=Change("vmstat:oom_kill", "before", "after the reference's kill"),
               says="{value} processes were killed."),
    ),
)
