"""What does a fork need in mode 2, and what a vfork?

In mode 2 a process maps a share of the commit limit, private and writable, or read-only, fills it or not, and forks, or starts
a program by vfork. Another maps until not a page more is granted, and tries both. errno of each tells. A small process that
forks, and a second mapping of that size, show how the answers read.
"""

import errno

from experiments.sections import OVERCOMMIT
from harness.claims import CONFIRMED, Case, Claim, Exactly, Known, Needs, Settings, Small, table
from harness.lab import Lab, Probe

LARGE, MEDIUM = 60, 40      # percent of the limit: twice the one is past it, twice the other is not
SOURCE = ("kernel/fork.c, dup_mmap: security_vm_enough_memory_mm for every accountable mapping (v5.10 to v6.12); mm/mmap.c, "
          "dup_mmap "
          "(v7.2)")

FORK = Claim(
    "oc-fork-counts-private", "In mode 2 a fork needs the parent's private writable size once more, touched or not.", OVERCOMMIT,
    known=(Known(CONFIRMED, f"{SOURCE}: VM_ACCOUNT, whatever is resident"),))
VFORK = Claim(
    "oc-vfork-free", "In mode 2 vfork needs no further commitment.", OVERCOMMIT,
    known=(Known(CONFIRMED, "kernel/fork.c, copy_mm: with CLONE_VM the child has its parent's memory (v5.10 to v7.2). Not so "
                            "with posix_spawn(3): glibc maps a stack for the child, 36 KiB and more (spawni.c, 2.36)"),))
REFUSED, GRANTED = Exactly(errno.ENOMEM, "it is refused"), Exactly(0, "it is granted")


def asks(lab: Lab, at: str, probe: Probe, way: str) -> None:
    """Records the errno of a fork, of the start of a program by vfork, whatever becomes of the program, or of a mapping."""
    if way == "fork":
        error = lab.try_fork(probe, f"{at}, child")[0]
    elif way == "vfork":
        error = probe.attempt.execute("/programs/probe", vfork=True).error
    else:
        error = probe.attempt.mmap(lab.counter("meminfo:CommitLimit") * LARGE // 100).error
    lab.record(at, error)


def tried(words: str, way: str, share: int, *, write: bool = True, fill: bool = False) -> Case:
    """share: of the commit limit that the process has mapped, percent; 0 for none, 100 for all that it gets."""
    def do(lab: Lab, at: str) -> None:
        probe, limit = lab.probe(at), lab.counter("meminfo:CommitLimit")
        lab.sysctl("vm.overcommit_memory", 2)
        if share == 100:
            probe.map_all(limit)
        elif share:
            memory = probe.map(limit * share // 100 // lab.page_size * lab.page_size, write=write)
            if fill:
                memory.fill()
        asks(lab, at, probe, way)
        lab.sysctl("vm.overcommit_memory", 0)
    return Case(words, do)


SECOND = tried("of a second mapping of 60 % of the limit", "mmap", LARGE)
SMALL, READ_ONLY = tried("of a fork without it", "fork", 0), tried("of a fork with 60 % of it read-only", "fork", LARGE,
                                                                   write=False)
FORKS = tried("of a fork with 60 % of the limit mapped", "fork", LARGE)
EXPERIMENT = table(
    Small(FORK, "errno", FORKS, SECOND, READ_ONLY, REFUSED, GRANTED, unit="errno", key="untouched",
          says="In mode 2 the fork of a process with 60 % of the limit, untouched, was {value:answer},"),
    Small(FORK, "errno", tried("of a fork with 60 % of the limit filled", "fork", LARGE, fill=True), SECOND, READ_ONLY, REFUSED,
          GRANTED,
          unit="errno", key="touched", says="filled, {value:answer},"),
    Small(FORK, "errno", tried("of a fork with 40 % of the limit mapped", "fork", MEDIUM), SMALL, FORKS, GRANTED, REFUSED,
          unit="errno",
          key="once more", says="and with 40 % it was {value:answer}."),
    Small(VFORK, "errno", tried("of a vfork with 60 % of the limit mapped", "vfork", LARGE), SMALL, FORKS, GRANTED, REFUSED,
          unit="errno",
          key="large", says="A vfork of a process with 60 % of the limit was {value:answer},"),
    Small(VFORK, "errno", tried("of a vfork with all of the limit mapped", "vfork", 100), SMALL,
          tried("of a fork with all of the limit mapped", "fork", 100), GRANTED, REFUSED, unit="errno", key="used up",
          says="and with not a page left {value:answer}."),
    settings=Settings(overcommit=0),
    writes=("overcommit",),
    needs=Needs(disks=(), changes=("sysctl",), throwaway=True),
)
