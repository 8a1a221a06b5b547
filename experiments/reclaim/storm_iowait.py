"""What does the processor wait for in a swap storm?

A process writes to 1.5 times RAM, with a swap device that QEMU holds to 2 MB/s, on a machine of one processor that does nothing
else, and beside a task that computes all the time. Once some of the demand has gone to swap, what the processor's time was is
read over ten seconds. Afterwards that device is read directly: all of that is waiting. The device is so slow that even an
emulated processor needs a small part of the time that the device takes for a page; at 20 MB/s such a processor computes for most
of it (measured: iowait of 24 to 34 %).
"""

import os

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, GIB, MIB, AtLeast, AtMost, Change, Claim, Derived, Disk, Exactly, Expect, Experiment, Guard, Known,
    Needs, Quantity, Recorded, Recording, Settings, pages,
)
from harness.lab import NO_REQUEST, Lab

RAM, RATE = 256 * MIB, 2_000_000        # RATE in bytes a second
SECOND = 1_000_000_000      # ns
BEGUN, LOOKS, STRETCH = 4 * MIB, 120, 10 * SECOND      # of swap; waits for it, of 0.5 s; its 1,000 ticks tell a thousandth
PROCESSOR = "/proc/stat"
IOWAIT_TICKS = 4        # its place among the numbers of a processor: user, nice, system, idle, iowait (proc_stat(5))
ALONE, COMPUTING, LIVES = "nothing else", "a task that computes", "the demand lives on"

IOWAIT = Claim(
    "swap-storm-iowait", "With a swap device of 2 MB/s, on a machine of one processor that does nothing else, more than half of "
    "the processor time is iowait during a demand of 1.5 times RAM.", RECLAIM,
    known=(Known(CONFIRMED, "kernel/sched/core.c, io_schedule: a processor that has nothing else to do while a task waits for a "
                            "page of swap counts that as iowait (v5.10 to v7.2)"),))


def procedure(lab: Lab) -> None:
    lab.swapon()
    if lab.arm == COMPUTING:
        lab.probe("company").begin.spin(100 * STRETCH)      # it is killed before
    with lab.quiet():
        eater = lab.probe("eater").map(RAM * 3 // 2)
        demand = eater.probe.begin.touch(eater.address, eater.length, stride=lab.page_size, write=True, rounds=NO_REQUEST)
        for _ in range(LOOKS):
            if lab.counter("vmstat:pswpout") >= BEGUN:
                break
            lab.hand.sleep(SECOND // 2)
        lab.sample("storm")
        lab.record("processor before the storm", lab.read(PROCESSOR))
        lab.hand.sleep(STRETCH)
        lab.record("processor after the storm", lab.read(PROCESSOR))
        lab.sample("stormed")
    lab.record(LIVES, int(eater.probe.alive))
    eater.probe.kill_now()
    demand.wait()
    disk = lab.hand.open(lab.device("swap"), os.O_RDONLY | lab.architecture.o_direct).value
    lab.record("processor before reading", lab.read(PROCESSOR))
    lab.hand.read(disk, 4 * MIB)
    lab.record("processor after reading", lab.read(PROCESSOR))


def waited(arm: str, when: str, title: str) -> Quantity:
    """Reads how much of the processor's time was iowait, in thousandths, from two readings of /proc/stat (proc_stat(5))."""
    def read(recording: Recording) -> int | None:
        texts = [recording.records.get(f"processor {moment} {when}") for moment in ("before", "after")]
        if None in texts:
            return None
        first, last = ([int(ticks) for ticks in str(text).split("\n", 1)[0].split()[1:9]] for text in texts)
        ticks = [now - then for then, now in zip(first, last, strict=True)]
        return 1000 * ticks[IOWAIT_TICKS] // sum(ticks) if sum(ticks) else None
    return Derived(f"share of iowait {title} ({arm})", read, "thousandths", arm)


def moved(arm: str) -> Quantity:
    return (Change("vmstat:pswpin", "storm", "stormed", arm) + Change("vmstat:pswpout", "storm", "stormed", arm)).called(
        f"pages swapped in and out ({arm})")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, disks=(Disk("swap", "swap", 1 * GIB, rate=RATE),), changes=("swap",), throwaway=True),
    settings=Settings(overcommit=1),
    arms=(ALONE, COMPUTING),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    guards=tuple(guard for arm in (ALONE, COMPUTING) for guard in (
        Guard(moved(arm), AtLeast(pages(8 * MIB), "of the 20 MB that the device takes in ten seconds"),
              "what is not busy swapping is no storm"),
        Guard(Recorded(LIVES, "", arm), Exactly(1), "a demand that the kernel ends is none"))),
    expects=(
        Expect(IOWAIT, waited(ALONE, "the storm", "during the demand"),
               if_true=AtLeast(501, "more than half"), if_false=AtMost(500, "half or less"),
               reads_true=waited(ALONE, "reading", "while the device is read directly"),
               reads_false=waited(COMPUTING, "the storm", "during the demand"),
               says="During the storm {value} thousandths of the processor's time were iowait."),),
)
