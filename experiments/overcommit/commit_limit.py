"""Where is the commit limit of overcommit mode 2: what does the kernel name, and what does it grant?

In mode 2 the limit is looked at three times: at first, with swap and huge pages and another ratio, and with
overcommit_kbytes set. Each time CommitLimit is read and compared with the formula, and what the kernel really grants
is found by asking for the largest mapping that is not refused. A formula that fits and one that does not are tried on
the first look as references.
"""

from __future__ import annotations

from experiments.sections import OVERCOMMIT
from harness.claims import (
    CONFIRMED, KIB, MIB, REFUTED, AtLeast, Claim, Counter, Experiment, Guard, Known, Needs, Quantity, Settings, pages,
)
from harness.lab import Lab
from harness.lab.helpers.overcommit import EDGE, FIRST, limit_is, look, share_of_ram

RATIO, HUGE_PAGES, KBYTES = 40, 32, 300 * MIB
SOURCE = "mm/util.c, vm_commit_limit: (totalram_pages - hugetlb_total_pages) * ratio / 100 + total_swap_pages (v6.12)"

PROSE = Claim("oc2-formula-prose", "Mode 2: the limit is swap + RAM × ratio, whatever is set aside for huge pages.",
              OVERCOMMIT, known=(Known(REFUTED, SOURCE),),
    instead="Take huge pages off first: (RAM − huge pages) × overcommit_ratio / 100 + swap; or read CommitLimit in "
            "/proc/meminfo.")
MANUAL = Claim("oc2-formula-manual", "Mode 2: the limit is (RAM − huge pages) × ratio / 100 + swap.", OVERCOMMIT,
               known=(Known(CONFIRMED, SOURCE),))
ABSOLUTE = Claim(
    "overcommit-kbytes-absolute", "With overcommit_kbytes set, the commit limit is that amount plus swap.", OVERCOMMIT,
    known=(Known(CONFIRMED, "mm/util.c, vm_commit_limit: sysctl_overcommit_kbytes instead of the share of RAM (v5.10 to v7.2)"),))


def procedure(lab: Lab) -> None:
    probe = lab.probe("probe")
    lab.sysctl("vm.user_reserve_kbytes", 0)      # kept back from one process, no part of the limit
    lab.sysctl("vm.overcommit_memory", 2)
    look(lab, probe, FIRST)
    lab.swapon()
    lab.sysctl("vm.nr_hugepages", HUGE_PAGES)
    lab.sysctl("vm.overcommit_ratio", RATIO)
    look(lab, probe, "huge pages")
    lab.sysctl("vm.overcommit_kbytes", KBYTES // KIB)
    look(lab, probe, "kbytes")


def absolute(moment: str) -> Quantity:
    return pages(KBYTES) + Counter("meminfo:SwapTotal", moment)


AT_FIRST, OTHER = share_of_ram(FIRST, 50, but_huge=True), share_of_ram(FIRST, RATIO, but_huge=True)
EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=3,
    settings=Settings(overcommit=0),
    writes=("overcommit", "overcommit_ratio", "user_reserve_kbytes"),
    needs=Needs(changes=("sysctl", "swap"), throwaway=True),
    guards=(Guard(Counter("meminfo:Hugetlb", "huge pages") * RATIO // 100, AtLeast(EDGE * 3),
                  "with fewer huge pages the two formulas can't be told apart"),),
    expects=(
        *limit_is(PROSE, f"RAM × {RATIO} % + swap", share_of_ram("huge pages", RATIO, but_huge=False), "huge pages",
                  AT_FIRST, OTHER),
        *limit_is(MANUAL, f"(RAM − huge pages) × {RATIO} % + swap", share_of_ram("huge pages", RATIO, but_huge=True),
                  "huge pages", AT_FIRST, OTHER),
        *limit_is(ABSOLUTE, "overcommit_kbytes + swap", absolute("kbytes"), "kbytes", AT_FIRST, absolute(FIRST)),
    ),
)
