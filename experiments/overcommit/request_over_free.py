"""Does a request for more memory than is left end with the OOM killer?

A process fills 48 MiB more than MemAvailable says is left, in a guest with swap, and its content is checked. Then it
asks for more than MemAvailable and free swap together. OOM kills are counted after each step. A kill at a small group's
limit shows how a kill reads; huge pages that are set aside keep the figure from being trivial.
"""

from experiments.sections import OVERCOMMIT
from harness.claims import (
    MIB, REFUTED, AtLeast, Change, Claim, Counter, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity, Recorded,
    Settings,
)
from harness.lab import Lab
from harness.lab.helpers.oom import kills

OVER_FREE = Claim(
    "request-over-free-is-oom", "A request larger than the memory that is left leaves only the OOM killer.", OVERCOMMIT,
    known=(Known(REFUTED, "what is asked for is not yet used (mm/util.c, __vm_enough_memory), and what is used makes "
                          "room by reclaim and swap first (mm/page_alloc.c, __alloc_pages_slowpath: the OOM killer comes "
                          "last; v6.12)"),),
    instead="To ask takes nothing, and for what is used reclaim and swap make room first: watch MemAvailable and "
            "/proc/pressure/memory instead of MemFree.")
MODEST = 16 * MIB
MORE = 48 * MIB             # past MemAvailable, which leaves out what processors keep to themselves: 1/8 at most (v6.7)
SET_ASIDE = 48              # huge pages: so much less is to be filled


def procedure(lab: Lab) -> None:
    lab.sysctl("vm.nr_hugepages", SET_ASIDE)
    lab.sample("before")
    lab.kill_by_oom()
    lab.sample("after the reference's kill")
    lab.swapon()
    lab.probe("modest").map(MODEST).fill()
    lab.sample("modest filled")
    probe = lab.probe("probe")
    size = (lab.counter("meminfo:MemAvailable") + MORE) // lab.page_size * lab.page_size
    lab.record("filled", size // lab.page_size)
    memory = probe.map(size).fill()
    lab.sample("more than is left filled")
    lab.record("kept", memory.check())
    lab.sample("before the request")
    everything = lab.counter("meminfo:MemAvailable") + lab.counter("meminfo:SwapFree") + MORE
    lab.record("requested", everything // lab.page_size)
    probe.map(everything)
    lab.sample("requested")


def left(moment: str) -> Quantity:
    return Counter("meminfo:MemAvailable", moment)


EXPERIMENT = Experiment(
    procedure,
    rate=10,
    version=2,
    settings=Settings(overcommit=0),
    needs=Needs(memory=256 * MIB, changes=("sysctl", "swap"), throwaway=True),
    axes={"lru": ("classic", "mglru")},
    guards=(Guard(Recorded("filled", "pages") - left("modest filled"), AtLeast(1), "it must be more than is left"),
            Guard(Change("vmstat:pswpout", "modest filled", "more than is left filled"), AtLeast(1),
                  "what does not fit goes to swap"),
            Guard(Recorded("requested", "pages") - left("before the request")
                  - Counter("meminfo:SwapFree", "before the request"), AtLeast(1), "more than is left, swap too"),
            Guard(Recorded("kept", "pages"), Exactly(Recorded("filled", "pages")), "all of it must hold its data")),
    expects=tuple(
        Expect(OVER_FREE, kills(since, until), if_true=AtLeast(1, "the OOM killer came"),
               if_false=Exactly(0, "there was another way"),
               reads_true=kills("before", "after the reference's kill"),
               reads_false=kills("after the reference's kill", "modest filled"), says=says)
        for since, until, says in (
            ("modest filled", "more than is left filled",
             "A request larger than MemAvailable, filled with data, led to {value} kills: swap took what did not fit."),
            ("before the request", "requested",
             "A request larger than MemAvailable and free swap, not filled, led to {value} kills."))),
)
