"""Can an ordinary user still start a program in mode 2, once the commit limit is used up?

In mode 2 three processes of an ordinary user map until not a page more is granted to any of them. Then a fresh
process of that user tries to start a program, by fork and by vfork, and so does one of root. Counted are the ways
that work. A process that is alone in a group limited to one process shows how nothing that starts reads.
"""

from __future__ import annotations

from experiments.sections import OVERCOMMIT
from harness.claims import (
    CONFIRMED, KIB, AtLeast, AtMost, Claim, Counter, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity,
    Recorded, Settings,
)
from harness.lab import Lab, Probe

NOTHING = Claim(
    "oc2-nothing-starts", "Mode 2: once an ordinary user has used up the limit to the last page that a fresh process "
    "of that user could get, that user can start no new program.", OVERCOMMIT,
    known=(Known(CONFIRMED, "kernel/fork.c, dup_mmap, and fs/exec.c: a fork charges the parent's accountable mappings, "
                            "an exec its stack before anything else (v6.12)"),))
USER = 1000
WAYS = ("fork", "vfork")            # vfork copies no mapping: what is refused then is the program's own memory


def procedure(lab: Lab) -> None:
    lab.sysctl("vm.overcommit_memory", 2)
    *hungry, fresh = [lab.probe(f"process {number}", uid=USER) for number in range(4)]
    lone = lab.probe("lone", lab.sandbox("one-process", pids_max=1), uid=USER)
    root = lab.probe("root")

    def starts(name: str, probe: Probe) -> None:
        replies = [probe.attempt.execute("/programs/probe", vfork=way == "vfork") for way in WAYS]
        lab.record(f"{name}: errno, wait status", [[reply.error, reply.value] for reply in replies])
        lab.record(name, sum(not reply.error and reply.value == 0 for reply in replies))

    starts("before the limit", fresh)
    starts("with no process to spare", lone)
    # What is kept back from a process grows with its size (user_reserve_kbytes): the next, small one gets more.
    for probe in hungry:
        probe.map_all(lab.counter("meminfo:CommitLimit"))
    lab.record("left for a fresh process", fresh.largest_map(lab.memory) // lab.page_size)
    lab.record("kept for root", int(lab.read("/proc/sys/vm/admin_reserve_kbytes")) * KIB // lab.page_size)
    lab.sample("used up")
    starts("at the limit", fresh)
    starts("root at the limit", root)


def started(name: str) -> Quantity:
    return Recorded(name, "ways", title=f"of {len(WAYS)} ways to start a program, those that worked {name}")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    settings=Settings(overcommit=0),
    writes=("overcommit",),
    needs=Needs(changes=("sysctl",), throwaway=True),
    guards=(Guard(Recorded("left for a fresh process", "pages"), Exactly(0), "the claim is about the last page"),
            Guard(Counter("meminfo:CommitLimit", "used up") - Recorded("kept for root", "pages")
                  - Counter("meminfo:Committed_AS", "used up"), AtMost(0),
                  "nor is a page left for a process without size")),
    expects=(Expect(
        NOTHING, started("at the limit"),
        if_true=Exactly(0, "no way works"), if_false=AtLeast(1, "one way is enough"),
        reads_true=started("with no process to spare"), reads_false=started("before the limit"),
        says=f"With not a page left, {{value}} of {len(WAYS)} ways ({', '.join(WAYS)}) started a program."),),
)
