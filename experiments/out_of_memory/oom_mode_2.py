"""Can the OOM killer come in overcommit mode 2?

In mode 2 a process fills a ramfs, which no limit of that mode counts; and another fills all that mode 2 grants it where the
limit is all of RAM. OOM kills are counted meanwhile. The same with the usual half of RAM as the limit, and in mode 1.
"""

from collections.abc import Callable

from experiments.sections import OUT_OF_MEMORY
from harness.claims import MIB, REFUTED, AtLeast, Case, Claim, Exactly, Known, Needs, Quantity, Settings, Small, table
from harness.lab import Lab, Probe
from harness.lab.helpers.oom import adjust, kills, occupy

FIRST, IDLE, EACH, BEYOND, STEP, USUAL, ALL = 1000, 3, 6 * MIB, 64 * MIB, MIB, 50, 100        # USUAL, ALL: percent of RAM

IMPOSSIBLE = Claim(
    "oom-mode2-impossible", "In overcommit mode 2 the OOM killer can never come.", OUT_OF_MEMORY,
    known=(Known(REFUTED, "mm/util.c, vm_memory_committed: it sums up private writable and shared anonymous mappings, and tmpfs "
                          "pages (mm/shmem.c, security_vm_enough_memory_mm), not the pages of ramfs nor what the kernel itself "
                          "has, and vm_commit_limit knows of neither (v5.10 to v7.2)"),),
    instead="Leave room in CommitLimit for the kernel, page tables and ramfs (overcommit_ratio well below 100, or swap): mode 2 "
            "counts what private writable mappings, shared memory and tmpfs files may come to need, and nothing else.")


def counted(words: str, do: Callable[[Lab, Probe], object], mode: int = 2, ratio: int = USUAL) -> Case:
    def run(lab: Lab, at: str) -> None:
        # What the writer of a ramfs leaves behind stays taken: the kernel panics where nobody is left to kill.
        for number in range(IDLE):
            occupy(lab, f"{at} idle {number}", EACH)
        probe = lab.probe(at)
        adjust(lab, probe, FIRST)
        lab.sysctl("vm.overcommit_memory", mode)
        lab.sysctl("vm.overcommit_ratio", ratio)
        lab.sample(f"{at}: before")
        do(lab, probe)
        lab.sample(at)
        lab.sysctl("vm.overcommit_memory", 0)
        lab.sysctl("vm.overcommit_ratio", USUAL)
    return Case(words, run)


def fill_ramfs(lab: Lab, probe: Probe) -> None:
    probe.attempt.write(probe.create_file(f"{lab.mount_ramfs()}/file", 0), lab.memory + BEYOND)


def fill_granted(lab: Lab, probe: Probe) -> None:
    probe.fill_until_end(probe.map(probe.largest_map(lab.counter("meminfo:CommitLimit"))), STEP)


def fill_more(lab: Lab, probe: Probe) -> None:
    probe.fill_until_end(probe.map((lab.memory + BEYOND) // lab.page_size * lab.page_size), STEP)


def killed(at: str) -> Quantity:
    return kills(f"{at}: before", at)


NONE, SOME = Exactly(0, "“never”: not once"), AtLeast(1, "once is enough")
HALF = counted("for what is granted with half of RAM as the limit", fill_granted)
MODE_1 = counted("for more than RAM in mode 1", fill_more, 1)
EXPERIMENT = table(
    *(Small(IMPOSSIBLE, "processes killed", asked, HALF, MODE_1, of=killed, unit="processes", key=key, if_true=NONE,
            if_false=SOME, says=says)
      for key, asked, says in (
          ("ramfs", counted("for a ramfs", fill_ramfs), "In mode 2 filling a ramfs killed {value} processes;"),
          ("granted", counted("for what is granted with all of RAM as the limit", fill_granted, ratio=ALL),
           "filling all that was granted, with the limit at RAM, killed {value}."))),
    settings=Settings(overcommit=0, overcommit_ratio=USUAL),
    writes=("overcommit", "overcommit_ratio"),
    needs=Needs(memory=256 * MIB, disks=(), changes=("sysctl", "mount"), throwaway=True),
)
