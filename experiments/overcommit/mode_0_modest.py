"""Does overcommit mode 0 grant many requests that are each below RAM and swap, whatever their sum?

A process asks for several mappings of one size and keeps all of them until the last: 0.9 times RAM and swap each,
then a page less than both. How many were granted is counted. Small requests and requests of twice RAM and swap show
how both answers read.
"""

from experiments.sections import OVERCOMMIT
from harness.claims import (
    CONFIRMED, MIB, AtMost, Claim, Exactly, Expect, Experiment, Known, Needs, Quantity, Recorded, Settings,
)
from harness.lab import Lab

MODEST = Claim(
    "oc0-modest-allowed", "Mode 0: requests that are each below RAM plus swap are all granted, even if their sum is "
    "several times that.", OVERCOMMIT,
    known=(Known(CONFIRMED, "mm/util.c, __vm_enough_memory: OVERCOMMIT_GUESS looks at each request by itself, refuses "
                            "what is larger than RAM and swap together, and nothing else (v6.12; since v5.2, commit "
                            "8c7829b04c52)", since="5.2"),))
COUNT = 8


def procedure(lab: Lab) -> None:
    lab.sample("before")
    lab.swapon()
    probe = lab.probe("probe")
    total = (lab.memory + lab.counter("meminfo:SwapTotal")) // lab.page_size
    sizes = {"small": MIB // lab.page_size, "0.9 times both": int(0.9 * total), "a page less than both": total - 1,
             "twice both": 2 * total}
    for name, size in sizes.items():
        replies = [probe.attempt.mmap(size * lab.page_size) for _ in range(COUNT)]      # all are kept until the last
        granted = [reply.value for reply in replies if not reply.error]
        lab.record(name, len(granted))
        for address in granted:
            probe.munmap(address, size * lab.page_size)
    lab.sample("after")


def granted(name: str) -> Quantity:
    return Recorded(name, "requests", title=f"granted of {COUNT} requests, each {name}")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    settings=Settings(overcommit=0),
    needs=Needs(changes=("swap",), throwaway=True),
    expects=tuple(
        Expect(MODEST, granted(name),
               if_true=Exactly(COUNT, "all are granted"), if_false=AtMost(COUNT - 1, "one that is refused is enough"),
               reads_true=granted("small"), reads_false=granted("twice both"),
               says=f"{COUNT} requests held together, each {name}: {{value}} of {COUNT} were granted.")
        for name in ("0.9 times both", "a page less than both")),
)
