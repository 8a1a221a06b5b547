"""Does what waits in a pipe count in the memory of the group that wrote it?

A process in a group writes 1 MiB into a pipe that holds as much, and nobody reads it. memory.current is read before and after,
also around as much anonymous memory that it fills, and around a second in which it does nothing.
"""

from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Change, Claim, Expect, Experiment, Known, Needs, Quantity, pages,
)
from harness.lab import F_SETPIPE_SZ, Lab, numbers

SIZE = MIB
BATCH = 64      # pages that a processor charges ahead: memory.current grows in steps of as many (mm/memcontrol.c)

COUNTED = Claim(
    "own-memcg-pipe-counted", "Data waiting in a pipe counts in the writer's memory.current.", "Questions of our own",
    known=(Known(CONFIRMED, "fs/pipe.c, pipe_write: alloc_page(GFP_HIGHUSER | __GFP_ACCOUNT) (v5.10 to v7.2)"),))


def procedure(lab: Lab) -> None:
    probe = lab.probe("probe", lab.sandbox())
    ends = numbers(probe.pipe().text)
    probe.fcntl(ends[1], F_SETPIPE_SZ, SIZE)
    lab.sample("before")
    probe.sleep(1_000_000)
    lab.sample("idle")
    probe.map(SIZE).fill()
    lab.sample("filled")
    lab.require(probe.send(ends[1], SIZE).value == SIZE, "the pipe holds all of it")
    lab.sample("written")


def grown(since: str, until: str, words: str) -> Quantity:
    return Change("box/memory.current", since, until).called(f"growth of memory.current {words}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(disks=()),
    expects=(Expect(
        COUNTED, grown("filled", "written", "by 1 MiB in a pipe"),
        if_true=AtLeast(pages(SIZE) - BATCH, "all of it, but for what was charged ahead"),
        if_false=AtMost(BATCH, "no more than is charged ahead"),
        reads_true=grown("idle", "filled", "by 1 MiB that was filled"),
        reads_false=grown("before", "idle", "while nothing was done"),
        says="memory.current grew by {value} pages."),),
)
