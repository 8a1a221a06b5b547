"""Is a processor that waits for a disk in iowait?

A disk that QEMU holds to 1 MB/s is read directly on a machine of one processor that does nothing else: by one process, by eight
at once, and by one beside a process that computes. Then the disk is swap, and a process writes to 1.5 times RAM. Once some of
that demand has gone to swap, what the processor's time was is read over five seconds.

The disk is as slow as a hard disk with scattered pages, so that even an emulated processor needs a small part of the time that
it takes for a page; at 20 MB/s such a processor computes for most of it (measured: iowait of 24 to 34 %).
"""

import os
from collections.abc import Callable

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, GIB, MIB, REFUTED, AtLeast, AtMost, Claim, Counter, Derived, Disk, Exactly, Expect, Experiment, Guard, Known,
    Needs, Quantity, Recorded, Recording, Settings, pages,
)
from harness.lab import NO_REQUEST, Lab

RAM, RATE = 256 * MIB, 1_000_000        # RATE in bytes a second
READ, READERS = 2 * MIB, 8
SECOND = 1_000_000_000      # ns
BEGUN, LOOKS = 2 * MIB, 120     # bytes gone to swap; waits for that, of 0.5 s
STRETCH, COMPUTED = 5 * SECOND, 3 * SECOND
TICKS = 4               # of iowait: their place among the numbers of a processor: user, nice, system, idle, iowait (proc_stat(5))
ONE, MANY, STORM, COMPUTING = "one reader", "many readers", "the storm", "computing"
LIVES = "the demand lives on"

IOWAIT = Claim(
    "swap-storm-iowait", "With a swap device of 1 MB/s, on a machine of one processor that does nothing else, more than half of "
    "the processor time is iowait during a demand of 1.5 times RAM.", RECLAIM,
    known=(Known(CONFIRMED, "kernel/sched/core.c, io_schedule: a processor that has nothing else to do while a task waits for a "
                            "page of swap counts that as iowait (v5.10 to v7.2)"),))
READER = Claim(
    "iowait-one-reader", "While one process reads a slow disk (1 MB/s, O_DIRECT) and nothing else runs on its processor, at "
    "least 90 % of the processor time is iowait.", RECLAIM,
    known=(Known(CONFIRMED, "kernel/time/tick-sched.c, tick_nohz_irq_enter (v5.10 to v6.12): each interrupt ends a stretch of "
                            "idle time before its handler wakes who waits", until="6.13"),
           Known(REFUTED, "kernel/sched/cputime.c, kcpustat_irq_enter (v7.2) ends it there only where the time of interrupts "
                          "is told; measured on 7.2: 140 of 390 ticks", since="7.2")),
    instead="Go by pressure (/proc/pressure/io) for how long tasks wait for a disk: iowait is what the processor had no other "
            "use for, and 7.2 tells part of it as idle.",
    discovery="On 7.2 a processor that waits for its only disk request is told as idle for most of that time. "
              "kernel/sched/cputime.c, kcpustat_idle_stop (v7.2) asks at the end of a stretch of idle time whether a task of "
              "the processor waits for a disk. kcpustat_irq_enter calls it when an interrupt begins only where the time of "
              "interrupts is told too; otherwise that is at the end of the idle loop, when the interrupt has woken the task, "
              "and nobody waits any more. 6.12 asks at each interrupt's beginning: kernel/time/tick-sched.c, "
              "tick_nohz_irq_enter. With several requests under way others still wait, and all of the time is iowait.")


def procedure(lab: Lab) -> None:
    readers = [lab.probe(f"reader {number}") for number in range(READERS)]
    disks = [reader.open(lab.device("swap"), os.O_RDONLY | lab.architecture.o_direct).value for reader in readers]
    company, eater = lab.probe("company"), lab.probe("eater").map(RAM * 3 // 2)

    def computing() -> None:
        request = readers[0].begin.read(disks[0], READ)
        company.spin(COMPUTED)
        request.wait()

    with lab.quiet():       # on a busy host the processor is longer at what it has to do between two waits
        processor(lab, ONE, lambda: readers[0].read(disks[0], READ))
        processor(lab, MANY, lambda: [request.wait() for request in [
            reader.begin.read(disk, READ // READERS) for reader, disk in zip(readers, disks, strict=True)]])
        processor(lab, COMPUTING, computing)
    lab.swapon()
    eater.probe.begin.touch(eater.address, eater.length, stride=lab.page_size, write=True, rounds=NO_REQUEST)
    for _ in range(LOOKS):
        if lab.counter("vmstat:pswpout") >= BEGUN:
            break
        lab.hand.sleep(SECOND // 2)
    with lab.quiet():
        processor(lab, STORM, lambda: lab.hand.sleep(STRETCH))
    lab.sample("after")
    lab.record(LIVES, int(eater.probe.alive))       # it ends with its machine: to die takes it a minute on such a device


def processor(lab: Lab, name: str, during: Callable[[], object]) -> None:
    """Records what the processor's time was before and after something."""
    lab.record(f"before {name}", lab.read("/proc/stat"))
    during()
    lab.record(f"after {name}", lab.read("/proc/stat"))


def waited(name: str, title: str) -> Quantity:
    """Reads how much of the processor's time was iowait, in thousandths, from two readings of /proc/stat (proc_stat(5))."""
    def read(recording: Recording) -> int | None:
        texts = [recording.records.get(f"{moment} {name}") for moment in ("before", "after")]
        if None in texts:
            return None
        first, last = ([int(ticks) for ticks in str(text).split("\n", 1)[0].split()[1:9]] for text in texts)
        ticks = [now - then for then, now in zip(first, last, strict=True)]
        return 1000 * ticks[TICKS] // sum(ticks) if sum(ticks) else None
    return Derived(f"share of iowait {title}", read, "thousandths")


MANY_WAIT = waited(MANY, "while eight processes read")
NOBODY = waited(COMPUTING, "while one process reads, beside one that computes")
EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, disks=(Disk("swap", "swap", 1 * GIB, rate=RATE),), changes=("swap",), throwaway=True),
    settings=Settings(overcommit=1),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    version=2,
    guards=(Guard(Counter("vmstat:pswpout", "after"), AtLeast(pages(BEGUN)), "what does not swap is no storm"),
            Guard(Recorded(LIVES), Exactly(1), "a demand that the kernel ends is none")),
    expects=(
        Expect(IOWAIT, waited(STORM, "during the demand"),
               if_true=AtLeast(501, "more than half"), if_false=AtMost(500, "half or less"), reads_true=MANY_WAIT,
               reads_false=NOBODY, says="During the storm {value} thousandths of the processor's time were iowait."),
        Expect(READER, waited(ONE, "while one process reads"),
               if_true=AtLeast(900, "90 %"), if_false=AtMost(899, "less"), reads_true=MANY_WAIT,
               reads_false=NOBODY, says="While one process read {value} thousandths of the processor's time were iowait."),
    ),
)
