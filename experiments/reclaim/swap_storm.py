"""What does a demand beyond memory do to the rest of a machine whose swap is slow?"""

import signal
import time

from experiments.sections import RECLAIM
from harness.claims import CONFIRMED, AtLeast, AtMost, Claim, Expect, Experiment, Guard, Known
from harness.needs import DISK, GIB, KIB, MIB, Disk, Needs
from harness.operations import NO_REQUEST, numbers
from harness.procedure import Lab, Region
from harness.quantities import Change, Counter, Quantity, Recorded
from harness.settings import Settings

RAM, OWN, SLICE = 256 * MIB, 16 * MIB, 64 * KIB
SLOW = Disk("swap", "swap", 1 * GIB, rate=20_000_000)
SECONDS, TICK = 30, 10_000_000          # TICK in ns
NAP = 500_000_000

PRESSURE = Claim(
    "swap-storm-pressure", "With a swap device of 20 MB/s, a demand of 1.5 times RAM for 30 seconds makes memory pressure "
    "(full avg10) exceed 20 %.", RECLAIM,
    known=(Known(CONFIRMED, "measured on 6.12: 29 to 33 % on both LRUs, in a guest of 256 MiB"),))
STALLS = Claim(
    "swap-storm-stalls-others",
    "During such a demand (20 MB/s swap, 1.5 times RAM, 30 seconds), a task outside it that wakes every 10 ms and touches "
    "16 MiB of its own memory in turn has a 99th percentile latency at least 10 times that before.", RECLAIM)


def waits(region: Region, wakes: int) -> list[int]:
    """For each wake the ns from when it was due until its slice of the memory had been touched."""
    return list(numbers(region.probe.latency(region.address, region.length, SLICE, TICK, wakes).text))


def high(found: list[int]) -> int:
    """The 99th percentile."""
    return sorted(found)[len(found) * 99 // 100]


def procedure(lab: Lab) -> None:
    lab.swapon()
    other = lab.probe("other").map(OWN).fill()
    lab.sample("quiet")
    lab.record("before", high(waits(other, 500)))
    lab.record("before, again", high(waits(other, 500)))
    pulse = other.probe.begin.latency(other.address, other.length, SLICE, TICK, 200)
    lab.hand.sleep(NAP)
    other.probe.signal(signal.SIGSTOP)
    lab.hand.sleep(NAP)
    other.probe.signal(signal.SIGCONT)
    lab.record("stopped", high(list(numbers(pulse.wait().text))))
    eater = lab.probe("eater").map(RAM * 3 // 2)
    begun = time.monotonic()
    demand = eater.probe.begin.touch(eater.address, eater.length, stride=lab.page_size, write=True, rounds=NO_REQUEST)
    found: list[int] = []
    while time.monotonic() < begun + SECONDS:
        found += waits(other, 20)
    lab.record("storm", high(found))
    lab.record("wakes", len(found))
    lab.sample("storm")
    eater.probe.kill_now()
    demand.wait()
    # A group whose only task waits for its own pages all the time: nearly all of its time is stalled.
    box = lab.sandbox(high=OWN)         # over its high mark a task is held back, never killed
    alone = lab.probe("alone", box).map(4 * OWN)
    thrash = alone.probe.begin.touch(alone.address, alone.length, stride=lab.page_size, write=True, rounds=NO_REQUEST)
    lab.hand.sleep(10_000_000_000)
    lab.sample("thrashing")
    alone.probe.kill_now()
    thrash.wait()


def latency(name: str, what: str) -> Quantity:
    return (Recorded(name, "ns") / Recorded("before", "ns")).called(f"99th percentile {what}, as a multiple of before", "")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, disks=(DISK, SLOW), changes=("swap",), throwaway=True),
    settings=Settings(overcommit=1),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    timed=True,
    guards=(Guard(Change("vmstat:pswpout", "quiet", "storm"), AtLeast(1000), "the demand must have gone to swap"),
            Guard(Recorded("before", "ns"), AtMost(TICK // 4, "a quarter of the task's period"),
                  "a busy host delays the task as much as a storm would: run it on a quiet one")),
    expects=(
        Expect(PRESSURE, Counter("pressure.memory:full.avg10", "storm").called("full avg10 after 30 s of demand", "0.01 %"),
               if_true=AtLeast(2001, "more than 20 %"), if_false=AtMost(2000, "20 % or less"),
               reads_true=Counter("box/memory.pressure:full.avg10", "thrashing").called("the same of a thrashing group"),
               reads_false=Counter("pressure.memory:full.avg10", "quiet").called("the same before"),
               says="After 30 s of demand full avg10 stood at {value} hundredths of a percent."),
        Expect(STALLS, latency("storm", "during the demand"),
               if_true=AtLeast(10, "the claim's number"), if_false=AtMost(9.999, "less than 10 times"),
               reads_true=latency("stopped", "of a task that was stopped for half a second"),
               reads_false=latency("before, again", "before, a second time"),
               says="The other task's 99th percentile latency was {value} times that before."),
    ),
)
