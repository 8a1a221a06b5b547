"""When memory is squeezed, is it the cold pages that are in swap afterwards?

Two processes in one group hold 16 MiB each. One touches its memory a hundred times a second, the other never again.
The group is squeezed by memory.high so that a quarter of all has to go, and 3 seconds later the page tables tell how
many hot and how many cold pages are in swap. In two more guests the hot or the cold memory is locked, so that only
the other can go.
"""

from experiments.sections import MEMORY
from harness.claims import CONFIRMED, AtLeast, AtMost, Claim, Expect, Experiment, Guard, Known
from harness.needs import MIB, Needs
from harness.operations import NO_REQUEST
from harness.procedure import Lab
from harness.quantities import Pages, Quantity, pages

COLD = Claim(
    "swap-takes-cold-pages", "After a squeeze, with as much hot memory as cold at hand, at least 90 % of the pages in "
    "swap 3 seconds later are cold (rarely used) ones.", MEMORY,
    known=(Known(CONFIRMED, "measured on 6.1 and 6.12, both lists: not one hot page was in swap"),))
SIZE = 16 * MIB
LIMIT = 2 * SIZE - SIZE // 2        # half of the cold memory has to go
SECOND = 1_000_000_000


def procedure(lab: Lab) -> None:
    lab.swapon()
    box = lab.sandbox("box")
    hot, cold = (lab.probe(name, box).map(SIZE).fill() for name in ("hot", "cold"))
    for name, region in (("hot locked", hot), ("cold locked", cold)):
        if lab.arm == name:
            region.lock()
    # 100 times a second at most; between rounds the other processes run. With the cold memory locked only the other can
    # go, and it must: it is left alone then.
    rounds = 1 if lab.arm == "cold locked" else NO_REQUEST
    touching = hot.probe.begin.touch(hot.address, hot.length, write=True, rounds=rounds, pause=SECOND // 100)
    lab.hand.sleep(SECOND)
    box.set("memory.high", str(LIMIT))      # reclaim down to it, whoever goes past it; memory.max may kill instead
    lab.hand.sleep(3 * SECOND)
    lab.sample("3 s later", pages={"hot": hot, "cold": cold})
    hot.probe.run("pid")
    touching.wait()


def swapped(label: str, arm: str) -> Quantity:
    return Pages("3 s later", label, "swapped", arm)


def share(arm: str) -> Quantity:
    cold, hot = swapped("cold", arm), swapped("hot", arm)
    return (cold * 100 / (cold + hot)).called(f"cold pages among those in swap, {arm}", "%")


EXPERIMENT = Experiment(
    procedure,
    arms=("nothing locked", "hot locked", "cold locked"),
    rate=10,
    timed=True,
    needs=Needs(changes=("swap",)),
    axes={"lru": ("classic", "mglru")},
    guards=(Guard(swapped("cold", "nothing locked") + swapped("hot", "nothing locked"), AtLeast(pages(SIZE // 4)),
                  "the squeeze must have put a good part of it into swap"),),
    expects=(Expect(
        COLD, share("nothing locked"),
        if_true=AtLeast(90, "the claim names it"), if_false=AtMost(89.99, "less than it names"),
        reads_true=share("hot locked"), reads_false=share("cold locked"),
        says="Of the pages in swap {value} % were cold."),),
)
