"""Which modes does overcommit_memory take, whom does CommitLimit limit, and what does a fork add to Committed_AS?

Numbers are written to overcommit_memory and read back, beside panic_on_oom, which takes the same. Eight requests of a quarter of
CommitLimit each are made in every mode. A process with 512 MiB of private memory forks, with a hundredth and with a half of it
touched; one whose memory is shared, and one that maps as much once more, show how both answers read of Committed_AS.
"""

import errno

from experiments.sections import OVERCOMMIT
from harness.claims import (
    CONFIRMED, GIB, MIB, AtMost, Case, Change, Claim, Errno, Exactly, Known, Needs, Not, Outside, Settings, Small, Within,
    pages, table,
)
from harness.lab import Lab

MODE, PANIC = "overcommit_memory", "panic_on_oom"
PARTS, HALF = 8, 512 * MIB
# The child's private writable mappings beside the large one: its libraries' data, heap and stack, each of less than 1 MiB.
REST = 4 * MIB

TAKES = Claim("overcommit-takes-0-1-2", "overcommit_memory takes 0, 1 and 2 and refuses -1 and 3 with EINVAL.", OVERCOMMIT,
              known=(Known(CONFIRMED, "kernel/sysctl.c, overcommit_memory: from 0 to 2 (v5.10 to v6.12); mm/util.c, "
                                      "overcommit_memory (v7.2); proc_sys_vm(5)"),))
ONLY_2 = Claim("commit-limit-only-mode2", "Mode 0 and 1: the CommitLimit of /proc/meminfo limits nothing: requests far beyond it "
               "are granted.", OVERCOMMIT,
               known=(Known(CONFIRMED, "mm/util.c, __vm_enough_memory: only mode 2 comes to vm_commit_limit (v5.10 to v7.2)"),))
AGAIN = Claim("redis-child-commits-again", "Mode 0: fork of a process with V bytes of private writable mappings (heap and "
              "stack among them, none with MAP_NORESERVE) raises Committed_AS by V, whatever is resident.", OVERCOMMIT,
              known=(Known(CONFIRMED, "kernel/fork.c, dup_mmap: security_vm_enough_memory_mm for each mapping that has "
                                      "VM_ACCOUNT (v5.10 to v6.12); mm/mmap.c, dup_mmap (v7.2)"),))


def written(file: str, value: int, refused: bool) -> Case:
    def do(lab: Lab, at: str) -> None:
        path = f"/proc/sys/vm/{file}"
        before = lab.read(path)
        lab.write(path, str((value + 1) % 3))       # so that it is not what it was
        lab.hand.try_as(f"{at}: errno").put(path, str(value))
        lab.record(at, int(lab.read(path)))
        lab.write(path, before)
    return Case(f"of {value} written to {file}" if refused else f"after {value} was written to {file}", do)


def taken(value: int) -> Small:
    return Small(TAKES, "number read", written(MODE, value, False), written(PANIC, value, False),
                 written(PANIC, (value + 1) % 3, False),
                 if_true=Exactly(value, "it was taken"), if_false=Not(value, "it was not"), key=str(value), unit="",
                 says=f"After {value} was written, overcommit_memory read {{value}}.")


def refused(value: int) -> Small:
    return Small(TAKES, "errno", written(MODE, value, True), written(PANIC, value, True), written(PANIC, 1, True),
                 of=lambda at: Errno(f"{at}: errno"), if_true=Exactly(errno.EINVAL, "the claim's errno"),
                 if_false=Not(errno.EINVAL, "taken, or refused for another reason"), key=str(value), unit="errno",
                 says=f"Writing {value} gave {{value:errno}}.")


def requests(mode: int, share: int = 4) -> Case:
    def do(lab: Lab, at: str) -> None:
        lab.sysctl("vm.overcommit_memory", mode)
        size = lab.counter("meminfo:CommitLimit") // share // lab.page_size * lab.page_size
        probe = lab.probe(at)
        lab.record(at, sum(not probe.attempt.mmap(size).error for _ in range(PARTS)))
        lab.sysctl("vm.overcommit_memory", 0)
    return Case(f"of 1/{share} of CommitLimit in mode {mode}", do)


def unlimited(mode: int) -> Small:
    return Small(ONLY_2, f"of {PARTS} requests granted", requests(mode), requests(2, 64), requests(2),
                 if_true=Exactly(PARTS, "all, twice the limit together"), if_false=AtMost(PARTS - 1, "one was refused"),
                 unit="requests", key=str(mode),
                 says=f"In mode {mode}, {{value}} of {PARTS} requests were granted that are twice CommitLimit together.")


def fork(words: str, touched: int, *, shared: bool = False, again: bool = False) -> Case:
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at)
        probe.map(HALF, shared=shared).part(0, HALF // touched // lab.page_size * lab.page_size).fill()
        lab.sample(f"{at}: before")
        if again:
            probe.map(HALF)
        else:
            lab.fork(probe, f"{at}: child")
        lab.sample(f"{at}: after")
    return Case(words, do)


def commits_again(key: str, touched: int) -> Small:
    return Small(AGAIN, "growth of Committed_AS", fork(f"at the fork, 1/{touched} of 512 MiB touched", touched),
                 fork("at another mapping of 512 MiB", 100, again=True), fork("at the fork, 512 MiB shared", 100, shared=True),
                 of=lambda at: Change("meminfo:Committed_AS", f"{at}: before", f"{at}: after"), unit="pages", key=key,
                 if_true=Within(pages(HALF), pages(HALF + REST), "its size, and libraries' data, heap and stack"),
                 if_false=Outside(pages(HALF), pages(HALF + REST), "another size, as that of what is touched"),
                 says=f"With 1/{touched} of 512 MiB touched, the fork raised Committed_AS by {{value}} pages.")


EXPERIMENT = table(
    *(taken(value) for value in (0, 1, 2)), *(refused(value) for value in (-1, 3)),
    *(unlimited(mode) for mode in (0, 1)), commits_again("little", 100), commits_again("half", 2),
    settings=Settings(overcommit=0, overcommit_ratio=50), writes=("overcommit", "panic_on_oom"),
    needs=Needs(memory=2 * GIB, disks=(), changes=("sysctl",), throwaway=True),
)
