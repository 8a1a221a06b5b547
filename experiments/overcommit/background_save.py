"""What happens when a process with a mapping of 3 times RAM forks, as a database does for a background save?

In mode 0 three processes fork: one with a little memory, one with a single mapping of three times RAM of which 16 MiB
are filled, and one with as much in six mappings kept apart. errno of each fork, the child's copy of the content and
the number of OOM kills are recorded. Then the mode is 1 and the single large mapping forks again. A kill at a small
group's limit shows how a kill reads.
"""

from __future__ import annotations

import errno

from experiments.sections import OVERCOMMIT
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Claim, Counter, Exactly, Expect, Experiment, Guard, Known, Needs,
    Quantity, Recorded, Settings,
)
from harness.lab import Lab, Region
from harness.lab.helpers.oom import kills
from harness.lab.helpers.overcommit import map_in_pieces

SOURCE = ("kernel/fork.c, dup_mmap and security_vm_enough_memory_mm (v5.10 to v6.12); mm/mmap.c, dup_mmap and "
          "security_vm_enough_memory_mm (v7.2): each accountable mapping is checked by itself; mode 0 refuses one larger "
          "than RAM and swap (since v5.2, commit 8c7829b04c52)")
MODE_0 = Claim(
    "redis-fork-mode0-oom", "Mode 0: when a process with one mapping of 3 times RAM, little of it resident, forks (a "
    "background save), the OOM killer kills something.", OVERCOMMIT, known=(Known(REFUTED, SOURCE, since="5.2"),),
    instead="Expect fork() to fail with ENOMEM instead of a kill: since 5.2 mode 0 refuses a mapping that is larger than RAM "
            "plus swap by itself. Handle that error, or set vm.overcommit_memory=1 for a database that saves by forking.")
TOTAL = Claim(
    "redis-fork-mode0-depends-on-total", "Mode 0: whether a fork is refused depends on the total virtual size of the "
    "process, however that is split into mappings.", OVERCOMMIT, known=(Known(REFUTED, SOURCE, since="5.2"),),
    instead="Look at the largest mapping, not at the total: mode 0 checks each private writable mapping by itself when a "
            "process forks.")
MODE_1 = Claim(
    "redis-fork-mode1-ok", "Mode 1: a process with a mapping of 3 times RAM, little of it resident, can fork, and "
    "nothing is killed.", OVERCOMMIT,
    known=(Known(CONFIRMED, "mm/util.c, __vm_enough_memory: OVERCOMMIT_ALWAYS returns before any check (v6.12)"),))
RESIDENT, PIECES = 16 * MIB, 6


def procedure(lab: Lab) -> None:
    lab.sample("before")
    lab.kill_by_oom()
    lab.sample("after the reference's kill")

    def save(name: str, memory: Region) -> None:
        error, child = lab.try_fork(memory.probe, f"{name}'s child")
        lab.record(f"{name}: errno", error)
        lab.record(f"{name}: saved", memory.of(child).check() if child else 0)
        lab.sample(f"{name} saved")
        if child:
            child.end()

    save("small", lab.probe("small").map(RESIDENT).fill())
    # As mode 0 lets a process have 3 times RAM: piece by piece. A little of it is filled.
    one, many = (map_in_pieces(lab, lab.probe(name), 3 * lab.memory, PIECES, apart=name == "many mappings").part(
        0, RESIDENT).fill() for name in ("one mapping", "many mappings"))
    save("one mapping", one)
    save("many mappings", many)
    lab.sample("before mode 1")
    lab.sysctl("vm.overcommit_memory", 1)
    save("mode 1", one)


def answer(name: str) -> Quantity:
    return Recorded(f"{name}: errno", "errno", title=f"errno of the fork of “{name}”")


def largest(name: str) -> Quantity:
    return Recorded(f"{name}: largest mapping", "pages")


KILLED, QUIET = kills("before", "after the reference's kill"), kills("after the reference's kill", "small saved")
EXPERIMENT = Experiment(
    procedure,
    rate=0,
    settings=Settings(overcommit=0),
    writes=("overcommit",),
    needs=Needs(changes=("sysctl",), throwaway=True),
    guards=(Guard(largest("one mapping"), AtLeast(Counter("meminfo:MemTotal", "before") * 3 - PIECES),
                  "its pieces must have become one mapping"),
            Guard(largest("many mappings"), AtMost(Counter("meminfo:MemTotal", "before")),
                  "its pieces must have stayed apart")),
    expects=(
        Expect(MODE_0, kills("small saved", "one mapping saved"),
               if_true=AtLeast(1, "something is killed"), if_false=Exactly(0, "nothing is"),
               reads_true=KILLED, reads_false=QUIET,
               says="{value} processes were killed when a process with one mapping of 3 times RAM forked."),
        Expect(TOTAL, answer("many mappings"),
               if_true=Exactly(errno.ENOMEM, "refused like one mapping of that size"), if_false=Exactly(0, "granted"),
               reads_true=answer("one mapping"), reads_false=answer("small"),
               says=f"The fork of a process of the same size in {PIECES} mappings was {{value:answer}}."),
        Expect(MODE_1, answer("mode 1"),
               if_true=Exactly(0, "it can fork"), if_false=AtLeast(1, "it can't"),
               reads_true=answer("small"), reads_false=answer("one mapping"),
               says="In mode 1 its fork was {value:answer}."),
        Expect(MODE_1, kills("before mode 1", "mode 1 saved"),
               if_true=Exactly(0, "nothing is killed"), if_false=AtLeast(1, "one is enough"),
               reads_true=QUIET, reads_false=KILLED, says="{value} processes were killed."),
    ),
)
