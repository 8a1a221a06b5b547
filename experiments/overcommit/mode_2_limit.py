"""Does overcommit mode 2 refuse what goes past the commit limit, and is that limit the manual's formula?"""

import errno

from experiments.sections import OVERCOMMIT
from harness.claims import (
    CONFIRMED,
    AtLeast,
    Claim,
    Exactly,
    Expect,
    Experiment,
    Known,
    Lab,
    Not,
    Outside,
    Within,
)
from harness.needs import MIB, Needs
from harness.operations import ANONYMOUS, SHARED
from harness.quantities import Change, Counter, Quantity, Recorded
from harness.settings import Settings

MANUAL = "Documentation/mm/overcommit-accounting.rst; mm/util.c, __vm_enough_memory and vm_commit_limit (v6.12)"
RATIO, HUGE_PAGES = 40, 32

HARD_LIMIT = Claim(
    "oc2-hard-limit", "Mode 2: an accountable mapping (private writable or shared anonymous) past the commit limit is "
    "refused with ENOMEM, and nothing is killed.", OVERCOMMIT, known=(Known(CONFIRMED, MANUAL),))
FORMULA = Claim(
    "oc2-formula-manual", "Mode 2: the limit is (RAM − huge pages) × ratio / 100 + swap.", OVERCOMMIT,
    known=(Known(CONFIRMED, MANUAL),))


def procedure(lab: Lab) -> None:
    lab.sample("before")
    box = lab.sandbox("small", limit=16 * MIB, swap=0)
    victim = lab.probe("victim", box)
    memory = victim.map(64 * MIB)
    victim.attempt.fill(memory.address, memory.length)
    lab.sample("after the reference's kill")
    lab.swapon()
    lab.sysctl("vm.nr_hugepages", HUGE_PAGES)
    lab.sysctl("vm.overcommit_ratio", RATIO)
    lab.sysctl("vm.overcommit_memory", 2)
    probe = lab.probe("probe")
    lab.sample("limited")
    left = lab.counter("meminfo:CommitLimit") - lab.counter("meminfo:Committed_AS")
    for name, size, kind in (("private past it", left + 16 * MIB, {}), ("private within it", left // 2, {}),
                             ("shared past it", left + 16 * MIB, {"flags": SHARED | ANONYMOUS}),
                             ("larger than any address space", 1 << 48, {})):
        reply = probe.attempt.mmap(size, **kind)
        lab.record(name, reply.error)
        if not reply.error:
            probe.munmap(reply.value, size)
    lab.sample("asked")


def refused(name: str) -> Quantity:
    return Recorded(name, "errno", title=f"errno of a mapping {name}")


def off_by(ratio: int, moment: str) -> Quantity:
    """The limit that the kernel names, less the manual's formula with that ratio, in pages."""
    ram = Counter("meminfo:MemTotal", moment) - Counter("meminfo:Hugetlb", moment)
    return (Counter("meminfo:CommitLimit", moment) - ram * ratio // 100 - Counter("meminfo:SwapTotal", moment)
            ).called(f"CommitLimit at “{moment}” less the formula with ratio {ratio}")


EXPERIMENT = Experiment(
    procedure,
    settings=Settings(overcommit=0),
    needs=Needs(changes=("sysctl", "swap"), throwaway=True),
    expects=(
        *(Expect(HARD_LIMIT, refused(f"{kind} past it"),
                 if_true=Exactly(errno.ENOMEM, "ENOMEM is what mmap(2) names for it"),
                 if_false=Not(errno.ENOMEM, "granted, or another error"),
                 reads_true=refused("larger than any address space"), reads_false=refused("private within it"),
                 says=f"A {kind} mapping 16 MiB past the limit was answered with errno {{value}}.")
          for kind in ("private", "shared")),
        Expect(HARD_LIMIT, Change("vmstat:oom_kill", "limited", "asked").called("processes killed by the OOM killer"),
               if_true=Exactly(0, "nothing is killed"), if_false=AtLeast(1, "one is enough"),
               reads_true=Change("vmstat:oom_kill", "after the reference's kill", "limited"),
               reads_false=Change("vmstat:oom_kill", "before", "after the reference's kill"),
               says="{value} processes were killed."),
        Expect(FORMULA, off_by(RATIO, "limited"),
               if_true=Within(-1, 1, "the kernel divides whole pages: one page of rounding"),
               if_false=Outside(-1, 1, "another formula"),
               reads_true=off_by(50, "before"), reads_false=off_by(RATIO, "before"),
               says=f"With ratio {RATIO} and {HUGE_PAGES} huge pages the limit was {{value}} pages off the formula."),
    ),
)
