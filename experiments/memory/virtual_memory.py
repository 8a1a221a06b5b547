"""Is there virtual memory beyond RAM where no swap is?

In a guest without swap one process maps three times the size of RAM, in pieces that are granted one by one, and
touches none of it. Its VmSize is compared with MemTotal. A process that maps half of RAM shows how too little reads,
one that maps more than RAM once swap is on shows how enough does.
"""

from experiments.sections import MEMORY
from harness.claims import (
    MIB, REFUTED, AtLeast, AtMost, Claim, Counter, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity, Recorded,
    Settings,
)
from harness.lab import Lab, Probe

IS_SWAP = Claim(
    "vm-is-swap", "Virtual memory is the swap area: without swap there is no virtual memory beyond RAM.", MEMORY,
    known=(Known(REFUTED, "proc_pid_status(5), VmSize: the size of the mappings, whatever stands behind them; "
                          "mm/util.c, __vm_enough_memory; mm/memory.c, do_anonymous_page: what is read has the page of "
                          "zeros behind it (v6.12)"),),
    instead="Read VmSize as address space, and VmRSS plus VmSwap as what a process takes: swap is one of the places where "
            "pages can lie, not the address space.")


def procedure(lab: Lab) -> None:
    small, large, swapping = (lab.probe(name) for name in ("small", "large", "swapping"))
    share = lab.memory // 2 // lab.page_size * lab.page_size

    def use(probe: Probe, shares: int) -> None:
        """Maps so many halves of RAM and reads every page of them: what can be read is memory, not a mere number."""
        regions = [probe.map(share).read() for _ in range(shares)]
        lab.record(f"{probe.name}: read", sum(region.length for region in regions) // lab.page_size)

    use(small, 1)
    use(large, 6)
    lab.sample("without swap")
    lab.swapon()
    use(swapping, 3)
    lab.sample("with swap")


def size(probe: str, moment: str) -> Quantity:
    return Counter(f"{probe}/status:VmSize", moment).called(f"VmSize of “{probe}” {moment}")


def used(probe: str) -> Quantity:
    return Recorded(f"{probe}: read", "pages", title=f"pages that “{probe}” read")


RAM = Counter("meminfo:MemTotal", "without swap")
EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=2,
    settings=Settings(overcommit=0),
    needs=Needs(memory=256 * MIB, changes=("swap",), throwaway=True),
    guards=(Guard(Counter("swaps:areas", "without swap"), Exactly(0), "the question is about no swap at all"),),
    expects=(
        Expect(IS_SWAP, size("large", "without swap"),
               if_true=AtMost(RAM, "not beyond RAM"), if_false=AtLeast(RAM + 1, "a page beyond it is enough"),
               reads_true=size("small", "without swap"), reads_false=size("swapping", "with swap"),
               says="Without swap a process had {value} pages of virtual memory (RAM: {bound} pages)."),
        Expect(IS_SWAP, used("large"),
               if_true=AtMost(RAM, "not beyond RAM"), if_false=AtLeast(RAM + 1, "a page beyond it is enough"),
               reads_true=used("small"), reads_false=used("swapping"),
               says="It read {value} pages of them."),
    ),
)
