"""What does a demand beyond memory do to the rest of a machine whose swap is slow?

A task touches 64 KiB of its own 16 MiB every 10 ms and tells how late it was: at 400 wakes before, and during 30
seconds in which another process writes to 1.5 times RAM, with a swap device that QEMU holds to 20 MB/s. The machine's
memory pressure is read once a second. The same task stopped from time to time afterwards and its wakes before taken
by turns show how both answers read of the latency, a group held back at its high mark meanwhile and the quiet before
those of the pressure.
"""

import signal

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, DISK, GIB, KIB, MIB, AtLeast, AtMost, Change, Claim, Derived, Disk, Exactly, Expect, Experiment, Guard,
    Known, Needs, Quantity, Recorded, Recording, Settings, Within, counters, pages,
)
from harness.lab import NO_REQUEST, Lab, Pending, Region, numbers
from harness.lab.helpers.oom import adjust

RAM, OWN, SLICE, RATE = 256 * MIB, 16 * MIB, 64 * KIB, 20_000_000      # RATE in bytes a second
SLOW = Disk("swap", "swap", 1 * GIB, rate=RATE)
MS, SECOND = 1_000_000, 1_000_000_000       # ns
TICK, STORM = 10 * MS, 30 * SECOND
WAKES = 400             # of half of them the 99th percentile still has two above it
EVEN, ODD = slice(0, None, 2), slice(1, None, 2)    # by turns: both halves see the same host, however busy it is
SYSTEM = "/proc/pressure/memory"
STOPS, STOP = 5, 150 * MS
# Processes that an OOM killer takes before the others (oom_score_adj). 7.2 under the classic LRU calls it while all memory is
# on its way to the slow device, though swap is free (measured: in two of four trials, 4 and 7 times).
SPARES, FIRST, LIVES = 32, 1000, "task and demand live on"
# So long after the stops the group is still held back, 4.5 s in all: of what is held all the time full avg10 reads 33 % once
# the second average is made, 4 s after the group (kernel/sched/psi.c averages every 2 s; v6.12).
HELD = 3 * SECOND

PRESSURE = Claim(
    "swap-storm-pressure", "With a swap device of 20 MB/s, a demand of 1.5 times RAM for 30 seconds makes memory pressure "
    "(full avg10) exceed 20 %.", RECLAIM,
    known=(Known(CONFIRMED, "Documentation/accounting/psi.rst: “full” is the share of time in which all that is not idle "
                            "waits for memory, and swapping in and direct reclaim are such waits; measured on 5.10 to 7.2, "
                            "both LRUs: a highest reading of 70 % and more, in a guest of 256 MiB"),))
STALLS = Claim(
    "swap-storm-stalls-others",
    "During such a demand (20 MB/s swap, 1.5 times RAM, 30 seconds), a task outside it that wakes every 10 ms and touches "
    "16 MiB of its own memory in turn has a 99th percentile latency at least 10 times that before.", RECLAIM,
    known=(Known(CONFIRMED, "mm/memory.c, do_swap_page: each page of its own that was taken is read back through the same "
                            "device, behind the demand's; measured on 5.10 to 7.2, both LRUs: 205 to 321 ms, beside "
                            "0.2 to 4 ms before"),))


def wake(region: Region, wakes: int, limit: int = 0) -> Pending:
    """The task, at work: for each wake it tells the ns from when it was due until a slice of its memory was touched."""
    return region.probe.begin.latency(region.address, region.length, SLICE, TICK, wakes, limit)


def told(task: Pending) -> list[int]:
    return list(numbers(task.wait().text))


def procedure(lab: Lab) -> None:
    lab.swapon()
    for number in range(SPARES):
        adjust(lab, lab.probe(f"spare {number}"), FIRST)
    other = lab.probe("other").map(OWN).fill()
    lab.sample("quiet")
    lab.record("before", told(wake(other, WAKES)))
    lab.record("pressure before", [lab.read(SYSTEM)])
    eater = lab.probe("eater").map(RAM * 3 // 2)
    storm = wake(other, STORM // TICK, STORM)
    demand = eater.probe.begin.touch(eater.address, eater.length, stride=lab.page_size, write=True, rounds=NO_REQUEST)
    lab.record("pressure in the storm", watch_pressure(lab, SYSTEM, STORM - SECOND))
    lab.record("storm", told(storm))
    lab.sample("storm")
    lab.record(LIVES, int(eater.probe.alive and other.probe.alive))
    eater.probe.kill_now()
    demand.wait()
    if not other.probe.alive:
        return              # the guard tells
    other.fill()            # what was swapped out comes back before it is stopped
    # A group without swap whose only task grows far past its high mark is held back for nearly all of its time.
    box = lab.sandbox(memory_high=4 * MIB, memory_swap_max=0)
    alone = lab.probe("alone", box).map(OWN)
    growth = alone.probe.begin.touch(alone.address, alone.length, stride=lab.page_size, write=True)
    stopped = wake(other, STOPS * 4 * STOP // TICK, STOPS * 2 * STOP)
    for sent in (signal.SIGSTOP, signal.SIGCONT) * STOPS:
        other.probe.signal(sent)
        lab.hand.sleep(STOP)
    lab.record("stopped", told(stopped))
    lab.record("pressure in the group", watch_pressure(lab, f"{box.path}/memory.pressure", HELD))
    alone.probe.kill_now()
    growth.wait()


def watch_pressure(lab: Lab, path: str, how_long: int) -> list[str]:
    """What a file of pressures says, once a second for so many ns (kernel/sched/psi.c averages every 2 s)."""
    found = []
    for _ in range(how_long // SECOND):
        lab.hand.sleep(SECOND)
        found.append(lab.read(path))
    return found


def most_pressure(name: str, what: str) -> Quantity:
    def read(recording: Recording) -> int | None:
        texts = recording.records.get(name) or ()
        return max((counters.pressure(text.encode())["full.avg10"] for text in texts), default=None)
    return Derived(f"highest full avg10 {what}", read, "0.01 %")


def high(recording: Recording, name: str, which: slice = slice(None)) -> int | None:
    """The 99th percentile, in ns, of the latencies (of those that `which` picks) that were recorded under that name."""
    found = sorted((recording.records.get(name) or [])[which])
    return found[-(-len(found) * 99 // 100) - 1] if found else None


def moved(recording: Recording) -> int | None:
    """At the device's rate, until the task's last wake, which may be seconds late; and what waits for the device, which is
    counted when it is handed over (mm/page_io.c, v6.12) and still in memory: RAM at most."""
    quiet, storm = (recording.samples.get(name) for name in ("quiet", "storm"))
    if quiet is None or storm is None:
        return None
    return int((RATE * (storm["ended"] - quiet["began"]) // SECOND + RAM) // recording.page_size)


def before(which: slice) -> Quantity:
    return Derived("99th percentile before", lambda recording: high(recording, "before", which), "ns")


def times(found: Quantity, what: str) -> Quantity:
    return (found / before(EVEN)).called(f"99th percentile {what}, as a multiple of that before", "")


def during(name: str) -> Quantity:
    return Derived(name, lambda recording: high(recording, name), "ns")


SWAPPED = (Change("vmstat:pswpin", "quiet", "storm") + Change("vmstat:pswpout", "quiet", "storm")).called(
    "pages swapped in and out")
MOVED = Derived("pages that the device can be given from “quiet” to “storm”", moved, "pages")
EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, disks=(DISK, SLOW), changes=("swap",), throwaway=True),
    settings=Settings(overcommit=1),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    timed=True,
    guards=(Guard(SWAPPED, Within(pages(RAM // 2), MOVED, "half of what is over; 20 MB/s for all of that time, and what "
                                                          "waits for the device"),
                  "the demand must go to swap, and no faster than the claim's device"),
            Guard(Recorded(LIVES, ""), Exactly(1), "a demand that the kernel ends is none of 30 seconds"),
            Guard(before(EVEN), AtMost(TICK, "the task's own period"), "a host that is as late as that says nothing")),
    expects=(
        Expect(PRESSURE, most_pressure("pressure in the storm", "during the demand"),
               if_true=AtLeast(2001, "more than 20 %"), if_false=AtMost(2000, "20 % or less"),
               reads_true=most_pressure("pressure in the group", "of a group whose only task is held back"),
               reads_false=most_pressure("pressure before", "before"),
               says="During 30 s of demand full avg10 rose to {value} hundredths of a percent."),
        Expect(STALLS, times(during("storm"), "during the demand"),
               if_true=AtLeast(10, "the claim's number"), if_false=AtMost(9.999999, "less than 10 times"),
               reads_true=times(during("stopped"), "of the same task, stopped from time to time"),
               reads_false=times(before(ODD), "before, a second time"),
               says="The other task's 99th percentile latency was {value} times that before."),
    ),
    version=5,
)
