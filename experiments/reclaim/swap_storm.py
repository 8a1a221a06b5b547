"""What does a demand beyond memory do to the rest of a machine whose swap is slow?

A process writes to 1.5 times RAM, with a swap device that QEMU holds to 20 MB/s: on a machine that does nothing else; beside
a task that computes all the time; and beside one that touches 64 KiB of its own 16 MiB every 10 ms and tells how late it was,
at 400 wakes before and during the demand. The machine's memory pressure is read once a second. The demand lasts 30 seconds,
less where the rest could change no answer: once the pressure has exceeded 20 %; once so many wakes were late that the others
to come, all in time, would leave the percentile where it is. Before, a process that writes to a quarter of RAM in the same
company shows how no pressure reads; afterwards a group that is held back at its high mark how much does. The waking task
stopped from time to time, and its wakes before taken by turns, show how both answers read of the latency.
"""

import signal
from collections.abc import Callable, Sequence

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
MUCH = 2000             # of pressure, in 0.01 %
TIMES, PART = 10, 2 * SECOND
WAKES = 400             # of half of them the 99th percentile still has two above it
EVEN, ODD = slice(0, None, 2), slice(1, None, 2)    # by turns: both halves see the same host, however busy it is
SYSTEM = "/proc/pressure/memory"
STOPS, STOP = 5, 150 * MS
# Processes that an OOM killer takes before the others (oom_score_adj). 7.2 under the classic LRU calls it while all memory is
# on its way to the slow device, though swap is free (measured: in two of four trials, 4 and 7 times).
SPARES, FIRST, LIVES = 32, 1000, "task and demand live on"
# A demand that memory has room for lasts as long as two averages take to be made, and the group is held back for two: of what
# is held all the time avg10 reads 33 % once the second is made, 4 s after the group (kernel/sched/psi.c averages every 2 s;
# v6.12).
HELD = 5 * SECOND
ALONE, COMPUTING, WAKING = "nothing else", "a task that computes", "a task that wakes"

PRESSURE = Claim(
    "swap-storm-pressure", "With a swap device of 20 MB/s, on a machine that does nothing else, a demand of 1.5 times RAM for "
    "30 seconds makes memory pressure (full avg10) exceed 20 %.", RECLAIM,
    known=(Known(CONFIRMED, "Documentation/accounting/psi.rst: “full” is the share of time in which all that is not idle "
                            "waits for memory at once; such waits are direct reclaim (mm/page_alloc.c, "
                            "__alloc_pages_direct_reclaim) and that for a page of the working set that is read back "
                            "(mm/filemap.c, psi_memstall_enter); measured on 5.10 to 7.2, both LRUs: a highest reading of "
                            "70 % and more, in a guest of 256 MiB"),))
SOME = Claim(
    "swap-storm-some-pressure", "During such a demand memory pressure (some avg10) exceeds 20 % even beside a task that "
    "computes all the time.", RECLAIM,
    known=(Known(CONFIRMED, "Documentation/accounting/psi.rst: “some” is the share of time in which a task or more waits for "
                            "memory, whatever the others do"),))
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
    company = lab.probe("company").map(OWN).fill()
    if lab.arm == WAKING:
        with lab.quiet():
            lab.record("before", before := told(wake(company, WAKES)))
            storm(lab, company, lambda: wakes_in_the_storm(lab, company, late=TIMES * percentile(before[EVEN])))
        if company.probe.alive:
            lab.record("stopped", stop_and_go(lab, company.fill()))     # what was swapped out comes back before
        return
    work = company.probe.begin.spin(10 * STORM) if lab.arm == COMPUTING else None      # it is killed before
    within = lab.probe("within").map(RAM // 4)
    room = write_on(within)
    lab.record("pressure within", watch_pressure(lab, SYSTEM))
    within.probe.kill_now()
    room.wait()
    with lab.quiet():
        storm(lab, company, lambda: pressure_in_the_storm(lab, "full" if lab.arm == ALONE else "some"))
    if work:
        company.probe.kill_now()
        work.wait()
    # A group without swap whose only task grows far past its high mark is held back for nearly all of its time.
    box = lab.sandbox(memory_high=4 * MIB, memory_swap_max=0)
    held = lab.probe("held back", box).map(OWN)
    growth = held.probe.begin.touch(held.address, held.length, stride=lab.page_size, write=True)
    lab.record("pressure in the group", watch_pressure(lab, f"{box.path}/memory.pressure", works=False))
    held.probe.kill_now()
    growth.wait()


def storm(lab: Lab, company: Region, watch: Callable[[], None]) -> None:
    """Has the demand made while it is watched."""
    lab.sample("quiet")
    eater = lab.probe("eater").map(RAM * 3 // 2)
    demand = write_on(eater)
    watch()
    lab.sample("storm")
    lab.record(LIVES, int(eater.probe.alive and company.probe.alive))
    eater.probe.kill_now()
    demand.wait()


def pressure_in_the_storm(lab: Lab, which: str) -> None:
    """Reads the pressure once a second, until it is much and the demand has gone to swap, or the 30 seconds are over."""
    found, before = list[str](), moved_so_far(lab)
    while len(found) < STORM // SECOND - 1:
        lab.hand.sleep(SECOND)
        found.append(lab.read(SYSTEM))
        if share(found[-1], which) > MUCH and is_storm(lab, before):
            break
    lab.record("pressure in the storm", found)


def wakes_in_the_storm(lab: Lab, task: Region, late: int) -> None:
    """Has the task wake, slice after slice, until its percentile is known to be so late (ns) and the demand has gone to swap, or
    the 30 seconds are over; and tells how many wakes more there could have been."""
    found, at, gone, before = list[int](), 0, 0, moved_so_far(lab)
    while gone < STORM and task.probe.alive:
        reply = wake(task.part(at, OWN - at), (OWN - at) // SLICE, min(PART, STORM - gone)).wait()
        some = numbers(reply.text)
        found += some
        at, gone = (at + len(some) * SLICE) % OWN, gone + reply.nanoseconds
        if percentile([*found, *[0] * left_of(gone)]) >= late and is_storm(lab, before):
            break
    lab.record("storm", found)
    lab.record("wakes left", left_of(gone))


def moved_so_far(lab: Lab) -> int:
    """Bytes that went to swap or came back since the machine's boot."""
    return lab.counter("vmstat:pswpin") + lab.counter("vmstat:pswpout")


def is_storm(lab: Lab, before: int) -> bool:
    """Whether as much went to swap or came back as the guard asks for."""
    return moved_so_far(lab) - before >= RAM // 2


def left_of(gone: int) -> int:
    """How many wakes there are at most in what is left of the 30 seconds."""
    return max(0, STORM - gone) // TICK


def write_on(memory: Region) -> Pending:
    """A process writes a byte of each page, again and again, until it is killed."""
    page = memory.probe.page_size
    return memory.probe.begin.touch(memory.address, memory.length, stride=page, write=True, rounds=NO_REQUEST)


def stop_and_go(lab: Lab, task: Region) -> list[int]:
    stopped = wake(task, STOPS * 4 * STOP // TICK, STOPS * 2 * STOP)
    for sent in (signal.SIGSTOP, signal.SIGCONT) * STOPS:
        task.probe.signal(sent)
        lab.hand.sleep(STOP)
    return told(stopped)


def watch_pressure(lab: Lab, path: str, *, works: bool = True) -> list[str]:
    """What a file of pressures says, once a second (kernel/sched/psi.c averages every 2 s). works: the processor has to do
    meanwhile."""
    found = []
    for _ in range(HELD // SECOND):
        lab.hand.sleep(SECOND) if works else lab.sleep(SECOND)
        found.append(lab.read(path))
    return found


def share(text: str, which: str) -> int:
    """A pressure's avg10, in 0.01 %. which: "some" or "full"."""
    return counters.pressure(text.encode())[f"{which}.avg10"]


def most_pressure(arm: str, which: str, record: str, what: str) -> Quantity:
    def read(recording: Recording) -> int | None:
        return max((share(text, which) for text in recording.records.get(record) or ()), default=None)
    return Derived(f"highest {which} avg10 {what} ({arm})", read, "0.01 %", arm)


def percentile(latencies: Sequence[int]) -> int:
    """The 99th percentile, in ns."""
    return sorted(latencies)[-(-len(latencies) * 99 // 100) - 1]


def high(recording: Recording, name: str, which: slice = slice(None), left: str = "") -> int | None:
    """The 99th percentile of the latencies (of those that `which` picks) that were recorded under that name, and of so many
    more, all in time, as are recorded under the name `left`: it is no less, whatever these would have been."""
    found = (recording.records.get(name) or [])[which]
    rest = recording.records.get(left, None if left else 0)
    return percentile([*found, *[0] * rest]) if found and rest is not None else None


def moved(recording: Recording) -> int | None:
    """At the device's rate, until the task's last wake, which may be seconds late; and what waits for the device, which is
    counted when it is handed over (mm/page_io.c, v6.12) and still in memory: RAM at most."""
    quiet, storm = (recording.samples.get(name) for name in ("quiet", "storm"))
    if quiet is None or storm is None:
        return None
    return int((RATE * (storm["ended"] - quiet["began"]) // SECOND + RAM) // recording.page_size)


def before(which: slice) -> Quantity:
    return Derived("99th percentile before", lambda recording: high(recording, "before", which), "ns", WAKING)


def times(found: Quantity, what: str) -> Quantity:
    return (found / before(EVEN)).called(f"99th percentile {what}, as a multiple of that before", "")


def during(name: str, left: str = "") -> Quantity:
    return Derived(name, lambda recording: high(recording, name, left=left), "ns", WAKING)


def pressure(claim: Claim, arm: str, which: str) -> Expect:
    return Expect(claim, most_pressure(arm, which, "pressure in the storm", "during the demand"),
                  if_true=AtLeast(MUCH + 1, "more than 20 %"), if_false=AtMost(MUCH, "20 % or less"),
                  reads_true=most_pressure(arm, which, "pressure in the group", "of a group whose only task is held back"),
                  reads_false=most_pressure(arm, which, "pressure within", "during a demand of a quarter of RAM"),
                  says=f"During a demand of up to 30 s {which} avg10 rose to {{value:hundredths}} % beside {arm}.")


def swapped(arm: str) -> Quantity:
    return (Change("vmstat:pswpin", "quiet", "storm", arm) + Change("vmstat:pswpout", "quiet", "storm", arm)).called(
        f"pages swapped in and out ({arm})")


def room(arm: str) -> Quantity:
    return Derived(f"pages that the device can be given from “quiet” to “storm” ({arm})", moved, "pages", arm)


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, disks=(DISK, SLOW), changes=("swap",), throwaway=True),
    settings=Settings(overcommit=1),
    arms=(ALONE, COMPUTING, WAKING),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    guards=(*(guard for arm in (ALONE, COMPUTING, WAKING) for guard in (
        Guard(swapped(arm), Within(pages(RAM // 2), room(arm), "half of what is over; 20 MB/s for all of that time, and what "
                                                               "waits for the device"),
              "the demand must go to swap, and no faster than the claim's device"),
        Guard(Recorded(LIVES, "", arm), Exactly(1), "a demand that the kernel ends is none of 30 seconds"))),
            Guard(before(EVEN), AtMost(TICK, "the task's own period"), "a host that is as late as that says nothing")),
    expects=(
        pressure(PRESSURE, ALONE, "full"),
        pressure(SOME, COMPUTING, "some"),
        Expect(STALLS, times(during("storm", "wakes left"), "during the demand"),
               if_true=AtLeast(TIMES, "the claim's number"), if_false=AtMost(9.999999, "less than 10 times"),
               reads_true=times(during("stopped"), "of the same task, stopped from time to time"),
               reads_false=times(before(ODD), "before, a second time"),
               says="The other task's 99th percentile latency was at least {value} times that before.",
               reference_why="the same percentile of the same task's latencies, of a stretch of time that is known"),
    ),
    version=10,
)
