"""Whom does the OOM killer take, by which signal, and what is left of a process that has ended?

In a group of 24 MiB without swap, or in a guest that runs full, a small process asks for memory beside a larger one that is idle;
the kernel's report names the first victim. Of a process that fills more than its group may have, the signals that the kernel
sends it are traced, and its wait status is read; the same of processes that are ended by hand. The first process of a PID
namespace is one such. Then a process with 64 MiB exits and nobody waits for it: AnonPages tells whether they are still there.
"""

import os
import re
import signal
from collections.abc import Callable

from experiments.sections import OUT_OF_MEMORY
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Case, Change, Claim, Document, Exactly, Known, Needs, Not, Quantity, Recorded,
    Small, pages, table,
)
from harness.lab import CLONE_NEWPID, Lab, Probe
from harness.lab.helpers.oom import NEVER, IsVictim, Witness, occupy, outgrow

LIMIT, LARGE, HELD, STEP = 24 * MIB, 48 * MIB, 64 * MIB, MIB
RAM, SHARE, BEYOND = 256 * MIB, 50, 32 * MIB       # SHARE: percent of the memory that the idle process of the whole guest holds
CHOICES, SETTLED = 20, 50_000_000                  # looks for a victim before an immune process is let go; ns
ALLOCATING = "Documentation/admin-guide/sysctl/vm.rst, oom_kill_allocating_task"
KILL = "mm/oom_kill.c, __oom_kill_process: do_send_sig_info of SIGKILL, and of nothing else (v5.10 to v7.2)"

REQUESTER = Claim(
    "oom-kills-requester", "The process whose request could not be met is the one that is killed.", OUT_OF_MEMORY,
    known=(Known(REFUTED, "mm/oom_kill.c, out_of_memory and select_bad_process: the process with the most points (v5.10 to "
                          "v7.2)"),),
    instead="Look for the largest process of the machine or of the group, oom_score_adj counted in: it is killed, whoever asked. "
            "The report's first line (“invoked oom-killer”) names the one that asked.")
ASKING_MACHINE = Claim(
    "oom-allocating-task-global", "With oom_kill_allocating_task 1 a system-wide OOM kills the process that asked.",
    OUT_OF_MEMORY,
    known=(Known(CONFIRMED, f"{ALLOCATING}; mm/oom_kill.c, out_of_memory (v5.10 to v7.2)"),),
    document=Document(f"{ALLOCATING} (v5.10 to v7.2)"))
ASKING_GROUP = Claim(
    "oom-allocating-task-memcg", "With oom_kill_allocating_task 1 a group's OOM kills the process that asked.", OUT_OF_MEMORY,
    known=(Known(REFUTED, "mm/oom_kill.c, out_of_memory looks at it only where is_memcg_oom says no (v5.10 to v7.2)"),),
    instead="In a group choose the victim by oom_score_adj, or kill all by memory.oom.group: oom_kill_allocating_task is not "
            "looked at when a group's limit is hit.",
    document=Document(f"{ALLOCATING} (v5.10 to v7.2)",
                      "It applies to system-wide shortages only: when a memory cgroup hits its limit, the victim is chosen as if "
                      "this were zero."))
SIGTERM = Claim(
    "oom-sigterm-first", "The OOM killer sends SIGTERM before SIGKILL.", OUT_OF_MEMORY, known=(Known(REFUTED, KILL),),
    instead="Don't count on a handler: nothing but SIGKILL comes. To end in good order, act before, on memory.high and memory "
            "pressure (PSI), or let a daemon such as systemd-oomd or earlyoom do it.")
STATUS = Claim(
    "oom-exit-137", "A victim's exit status shows signal 9 (shell: 137).", OUT_OF_MEMORY, known=(Known(CONFIRMED, KILL),))
FIRST = Claim(
    "oom-pid1-container-immune", "PID 1 of a container (PID namespace) cannot be OOM-killed.", OUT_OF_MEMORY,
    known=(Known(REFUTED, "mm/oom_kill.c, oom_unkillable_task: is_global_init alone; kernel/signal.c, sig_task_ignored: a "
                          "SIGKILL that the kernel forces is not ignored (v5.10 to v7.2)"),),
    instead="Expect a container to end as a whole when its PID 1 is chosen: give that a lower oom_score_adj than its children.")
ZOMBIE = Claim(
    "oom-zombie-uses-memory", "A zombie keeps its memory until it is reaped.", OUT_OF_MEMORY,
    known=(Known(REFUTED, "kernel/exit.c, do_exit: exit_mm comes long before exit_notify makes it a zombie (v5.10 to v7.2)"),),
    instead="Reap zombies for their pids, not for memory: what a process had mapped is free as soon as it has exited.")


def contest(words: str, idle: int, asks: int, adj: int = 0, allocating: int = 0) -> Case:
    """Lets a process ask for memory in a full group, beside an idle one that holds so much."""
    def run(lab: Lab, at: str) -> None:
        witness, box = Witness(lab), lab.sandbox(f"{at} box", memory_max=LIMIT, memory_swap_max=0)
        lab.sysctl("vm.oom_kill_allocating_task", allocating)
        beside = occupy(lab, f"{at} idle", idle, box)
        asking = occupy(lab, f"{at} asking", 0, box, adj=adj)
        ask(asking, asks)
        lab.sysctl("vm.oom_kill_allocating_task", 0)
        witness.record(at, beside, asking)
    return Case(words, run)


def everywhere(words: str, allocating: int = 0) -> Case:
    """Lets a process ask for more than the guest has left, beside an idle one with half of it."""
    def run(lab: Lab, at: str) -> None:
        witness = Witness(lab)
        lab.sysctl("vm.oom_kill_allocating_task", allocating)
        beside = occupy(lab, f"{at} idle", lab.memory * SHARE // 100 // lab.page_size * lab.page_size)
        asking = lab.probe(f"{at} asking")
        ask(asking, (lab.counter("meminfo:MemAvailable") + BEYOND) // lab.page_size * lab.page_size)
        lab.sysctl("vm.oom_kill_allocating_task", 0)
        witness.record(at, beside, asking)
    return Case(words, run)


def ask(probe: Probe, size: int) -> None:
    memory = probe.map(size)
    probe.attempt.fill(memory.address, size)


def asking_died(at: str) -> Quantity:
    return IsVictim(at, f"{at} asking")


def past_the_limit(probe: Probe) -> None:
    probe.fill_until_killed(LARGE, STEP)


def ended(words: str, how: Callable[[Probe], object]) -> Case:
    """Records how many SIGTERMs a process was sent before its end (the trace says so), and which signal its wait status shows."""
    def run(lab: Lab, at: str) -> None:
        probe = lab.probe(at, lab.sandbox(f"{at} box", memory_max=LIMIT, memory_swap_max=0))
        with lab.trace(f"{at}: signals", "signal:signal_generate") as found:
            how(probe)
            status = probe.agent.wait_exit(probe.number)
        sent = re.findall(rf"signal_generate: sig=(\d+) .* pid={probe.pid} ", found[0])
        lab.require(bool(sent), "the trace has the signal that ended it")
        lab.record(f"{at}: SIGTERM", sent.count(str(int(signal.SIGTERM))))
        lab.record(at, os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)
    return Case(words, run)


def by_term(probe: Probe) -> None:
    probe.signal(signal.SIGTERM)


def contained(words: str, flags: int, itself: bool = False) -> Case:
    """Records whether a forked process lives on after it has filled more than its group may have, or sent itself SIGKILL."""
    def run(lab: Lab, at: str) -> None:
        box = lab.sandbox(f"{at} box", memory_max=LIMIT, memory_swap_max=0)
        first = lab.fork(lab.probe(f"{at} parent"), at, flags)
        box.move(first)
        if itself:
            first.attempt.kill(first.run("pid").value, signal.SIGKILL)
        else:
            outgrow(lab, box, first, LARGE, 2 * LARGE, CHOICES)
        lab.record(at, int(first.alive))
    return Case(words, run)


def child(words: str, ends: bool = False, reaped: bool = False) -> Case:
    """Samples AnonPages before a child has filled its memory, and once it has, or has ended, or its parent has waited for it."""
    def run(lab: Lab, at: str) -> None:
        parent = lab.probe(f"{at} parent")
        lab.sample(f"{at}: before")
        one = lab.fork(parent, at)
        one.map(HELD).fill()
        if ends:
            one.end()
            lab.hand.sleep(SETTLED)
            lab.require(") Z " in lab.read(f"/proc/{one.pid}/stat"), "it is a zombie")
        if reaped:
            parent.wait(one.pid)
        lab.sample(at)
    return Case(words, run)


ASKED, OTHER = Exactly(1, "it is the first to be killed"), Exactly(0, "another one is")
ASKER = "asker is the first victim"
LARGEST, IMMUNE = contest("where it is the largest", 2 * MIB, LARGE), contest("at oom_score_adj -1000", 6 * MIB, 20 * MIB, NEVER)
SMALLER = (16 * MIB, 12 * MIB)          # what the idle one holds and the other asks for
EXPERIMENT = table(
    Small(REQUESTER, ASKER, contest("beside a larger idle process, in a group", *SMALLER), LARGEST, IMMUNE,
          of=asking_died, unit="", key="group", if_true=ASKED, if_false=OTHER,
          says="In a group a small process that asked {value:was|was not} killed first, beside a larger idle one;"),
    Small(REQUESTER, ASKER, everywhere("beside a larger idle process, in the whole guest"), LARGEST, IMMUNE,
          of=asking_died, unit="", key="machine", if_true=ASKED, if_false=OTHER,
          says="in the whole guest it {value:was|was not}."),
    Small(ASKING_MACHINE, ASKER, everywhere("with 1, in the whole guest", 1), LARGEST,
          everywhere("with 0, in the whole guest"), of=asking_died, unit="", if_true=ASKED, if_false=OTHER,
          says="With oom_kill_allocating_task set, the process that asked {value:was|was not} killed first in the whole guest."),
    Small(ASKING_GROUP, ASKER, contest("with 1, in a group", *SMALLER, allocating=1), LARGEST,
          contest("with 0, in a group", *SMALLER), of=asking_died, unit="", if_true=ASKED, if_false=OTHER,
          says="With oom_kill_allocating_task set, the process that asked {value:was|was not} killed first in a group."),
    Small(SIGTERM, "SIGTERMs sent", ended("to a victim of the OOM killer", past_the_limit),
          ended("to a process that got one by hand", by_term), ended("to one that got SIGKILL by hand", Probe.kill_now),
          of=lambda at: Recorded(f"{at}: SIGTERM"), unit="signals",
          if_true=AtLeast(1, "one was sent"), if_false=Exactly(0, "none was"),
          says="The OOM killer sent its victim {value} SIGTERMs."),
    Small(STATUS, "signal in the wait status", ended("of a victim of the OOM killer", past_the_limit),
          ended("of a process that got SIGKILL by hand", Probe.kill_now), ended("of one that got SIGTERM by hand", by_term),
          unit="signal", if_true=Exactly(9, "SIGKILL"), if_false=Not(9, "another, or none"),
          says="The wait status of the victim shows signal {value}."),
    Small(FIRST, "lives on", contained("as PID 1 of a namespace that fills more than its group may have", CLONE_NEWPID),
          contained("as PID 1 that sends itself SIGKILL", CLONE_NEWPID, itself=True),
          contained("as an ordinary process that fills more than its group may have", 0), unit="",
          if_true=Exactly(1, "it lives"), if_false=Exactly(0, "it was killed"),
          says="PID 1 of a namespace {value:outlived|did not outlive} its group's OOM."),
    Small(ZOMBIE, "AnonPages over those before", child("with a zombie that had 64 MiB", ends=True),
          child("with a process that has them"), child("with one that was reaped", ends=True, reaped=True),
          of=lambda at: Change("meminfo:AnonPages", f"{at}: before", at),
          if_true=AtLeast(pages(HELD), "all that it had"), if_false=AtMost(pages(HELD) - 1, "a page was given back"),
          says="With a zombie that had filled 16,384 pages AnonPages had {value} more than before."),
    writes=("oom_kill_allocating_task",),
    needs=Needs(memory=RAM, disks=(), changes=("sysctl",), throwaway=True),
)
