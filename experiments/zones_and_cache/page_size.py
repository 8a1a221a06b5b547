"""How large is the base page?

A process touches fresh memory 256 times, every 2, 4 and 64 KiB, and the faults of each run are counted. Where one
touch in a page makes one fault, the step at which the count stops growing is the page.
"""

from experiments.sections import ZONES_AND_CACHE
from harness.claims import CONFIRMED, KIB, MIB, Claim, Exactly, Expect, Experiment, Known, Needs, Not, Quantity, Recorded
from harness.lab import Lab

STEPS, PAGE, FAR = 256, 4 * KIB, 64 * KIB

FOUR = Claim("page-is-4k", "The base page is 4 KiB on x86.", ZONES_AND_CACHE,
             known=(Known(CONFIRMED, "arch/x86/include/asm/page_types.h, PAGE_SHIFT: 12 (v5.10, v6.1), or CONFIG_PAGE_SHIFT "
                                     "(v6.12), which is 12 on x86"),))


def procedure(lab: Lab) -> None:
    """The first read of a page is one fault: steps of a page and more fault each time, smaller ones now and then."""
    probe = lab.probe()
    lab.sample("before")
    probe.map(MIB).read()
    for name, step in (("4 KiB", PAGE), ("64 KiB", FAR), ("2 KiB", PAGE // 2)):
        memory = probe.map(STEPS * step)
        lab.record(name, probe.touch(memory.address, memory.length, stride=step).minor_faults)
    lab.sample("after")


def faults(step: str) -> Quantity:
    return Recorded(step, "faults", title=f"page faults of {STEPS} touches, one every {step} of fresh memory")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(root=False, architectures=("x86_64", "i686")),
    rate=0,
    expects=(
        Expect(FOUR, faults("4 KiB"), if_true=Exactly(STEPS, "a page is no larger: every 4 KiB is a page of its own"),
               if_false=Not(STEPS, "a larger page serves several touches"),
               reads_true=faults("64 KiB"), reads_false=faults("2 KiB"),
               says=f"{STEPS} touches, one every 4 KiB, took {{value}} page faults."),
        Expect(FOUR, faults("2 KiB"), if_true=Exactly(STEPS // 2, "a page is no smaller: 4 KiB serve two touches"),
               if_false=Not(STEPS // 2, "a smaller or larger page"),
               reads_true=(faults("64 KiB") / 2).called("half the page faults of as many touches, one every 64 KiB"),
               reads_false=faults("64 KiB"), says=f"{STEPS} touches, one every 2 KiB, took {{value}} page faults."),
    ),
)
