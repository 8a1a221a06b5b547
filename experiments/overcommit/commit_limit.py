"""Where is the commit limit of overcommit mode 2: what does the kernel name, and what does it grant?

In mode 2 the limit is looked at three times: at first, with swap and huge pages and another ratio, and with
overcommit_kbytes set. Each time CommitLimit is read and compared with the formula, and what the kernel really grants
is found by asking for the largest mapping that is not refused. A formula that fits and one that does not are tried on
the first look as references.
"""

from __future__ import annotations

from experiments.sections import OVERCOMMIT
from harness.claims import (
    CONFIRMED,
    REFUTED,
    AtLeast,
    Claim,
    Exactly,
    Expect,
    Experiment,
    Guard,
    Known,
    Not,
    Outside,
    Within,
)
from harness.needs import KIB, MIB, Needs
from harness.procedure import Lab, Probe
from harness.quantities import Counter, Quantity, Recorded, pages
from harness.settings import Settings

RATIO, HUGE_PAGES, KBYTES = 40, 32, 300 * MIB
SOURCE = "mm/util.c, vm_commit_limit: (totalram_pages - hugetlb_total_pages) * ratio / 100 + total_swap_pages (v6.12)"

PROSE = Claim("oc2-formula-prose", "Mode 2: the limit is swap + RAM × ratio, whatever is set aside for huge pages.",
              OVERCOMMIT, known=(Known(REFUTED, SOURCE),))
MANUAL = Claim("oc2-formula-manual", "Mode 2: the limit is (RAM − huge pages) × ratio / 100 + swap.", OVERCOMMIT,
               known=(Known(CONFIRMED, SOURCE),))
ABSOLUTE = Claim(
    "overcommit-kbytes-absolute", "With overcommit_kbytes set, the commit limit is that amount plus swap.", OVERCOMMIT,
    known=(Known(CONFIRMED, "mm/util.c, vm_commit_limit: overcommit_kbytes instead of the share of RAM (v6.12)"),))


def procedure(lab: Lab) -> None:
    probe = lab.probe("probe")
    lab.sysctl("vm.user_reserve_kbytes", 0)      # kept back from one process, no part of the limit
    lab.sysctl("vm.overcommit_memory", 2)
    look(lab, probe, "plain")
    lab.swapon()
    lab.sysctl("vm.nr_hugepages", HUGE_PAGES)
    lab.sysctl("vm.overcommit_ratio", RATIO)
    look(lab, probe, "huge pages")
    lab.sysctl("vm.overcommit_kbytes", KBYTES // KIB)
    look(lab, probe, "kbytes")


def look(lab: Lab, probe: Probe, moment: str) -> None:
    """The limit as the kernel names it, and what is committed once it grants no page more (to root)."""
    lab.sample(moment)
    committed, limit = lab.counter("meminfo:Committed_AS"), lab.counter("meminfo:CommitLimit")
    lab.record(f"{moment}: granted", (committed + probe.largest_map(2 * limit)) // lab.page_size)


def named(moment: str) -> Quantity:
    return Counter("meminfo:CommitLimit", moment)


def granted(moment: str) -> Quantity:
    return Recorded(f"{moment}: granted", "pages", title=f"pages committed at most at “{moment}”")


def formula(moment: str, ratio: int, *, but_huge: bool) -> Quantity:
    ram: Quantity = Counter("meminfo:MemTotal", moment)
    ram = ram - Counter("meminfo:Hugetlb", moment) if but_huge else ram
    return ram * ratio // 100 + Counter("meminfo:SwapTotal", moment)


def absolute(moment: str) -> Quantity:
    return pages(KBYTES) + Counter("meminfo:SwapTotal", moment)


BATCH = Counter("meminfo:MemTotal", "plain") // 256


def both(claim: Claim, what: str, value: Quantity, moment: str, reads_true: Quantity,
         reads_false: Quantity) -> tuple[Expect, ...]:
    """The limit as named is the formula to the page; as granted, to a batch. References at the moment “plain”."""
    return (
        Expect(claim, (named(moment) - value).called(f"CommitLimit less {what}"),
               if_true=Exactly(0, "whole pages, divided as the kernel divides"), if_false=Not(0, "another formula"),
               reads_true=(named("plain") - reads_true).called("at first, less RAM × 50 %"),
               reads_false=(named("plain") - reads_false).called("at first, less another amount"),
               says=f"CommitLimit was {{value}} pages off {what}."),
        Expect(claim, (granted(moment) - value).called(f"what is granted less {what}"),
               if_true=Within(BATCH * -1, BATCH, "the sum that is compared lags by 1/256 of RAM at most (mm/mm_init.c, "
                                                 "mm_compute_batch)"),
               if_false=Outside(BATCH * -1, BATCH, "another limit is in force"),
               reads_true=(granted("plain") - reads_true).called("at first, less RAM × 50 %"),
               reads_false=(granted("plain") - reads_false).called("at first, less another amount"),
               says=f"The kernel granted up to {{value}} pages off {what}."))


PLAIN, OTHER = formula("plain", 50, but_huge=True), formula("plain", RATIO, but_huge=True)
EXPERIMENT = Experiment(
    procedure,
    rate=0,
    settings=Settings(overcommit=0),
    needs=Needs(changes=("sysctl", "swap"), throwaway=True),
    guards=(Guard(Counter("meminfo:Hugetlb", "huge pages") * RATIO // 100, AtLeast(BATCH * 2),
                  "with fewer huge pages the two formulas can't be told apart"),),
    expects=(
        *both(PROSE, f"RAM × {RATIO} % + swap", formula("huge pages", RATIO, but_huge=False), "huge pages",
              PLAIN, OTHER),
        *both(MANUAL, f"(RAM − huge pages) × {RATIO} % + swap", formula("huge pages", RATIO, but_huge=True),
              "huge pages", PLAIN, OTHER),
        *both(ABSOLUTE, "overcommit_kbytes + swap", absolute("kbytes"), "kbytes", PLAIN, absolute("plain")),
    ),
)
