"""Does khugepaged fill the holes of a range of which little is resident?

In a process one page of an aligned 2 MiB is touched while huge pages are forbidden there, or a huge page is filled and all but
its first page given back by MADV_DONTNEED. Then huge pages are allowed, and khugepaged, which scans every 10 ms, is given three
whole scans. pagemap tells how many pages are resident then. With max_ptes_none 0 it fills no holes; a huge page that was filled
has none.
"""

from experiments.sections import HUGE_PAGES
from harness.claims import (
    CONFIRMED, KIB, MIB, AtMost, Besides, Case, Claim, Document, Exactly, Known, Needs, Pages, Settings, Small, Smaps, pages,
    table,
)
from harness.lab import DONTNEED, HUGEPAGE, NOHUGEPAGE, Lab

HUGE, SCANS, TICK, TICKS = 2 * MIB, 3, 50_000_000, 600          # bytes; whole scans; ns, and how often it is looked
DIR = "/sys/kernel/mm/transparent_hugepage/khugepaged"
ID, MAX = "thp-khugepaged-fills-holes", 511
MANUAL = "Documentation/admin-guide/mm/transhuge.rst, max_ptes_none (v5.10 to v7.2)"

FILLS = Claim(
    ID, "khugepaged turns a range with a single resident page into a full huge page (max_ptes_none 511), also what MADV_DONTNEED "
    "had freed.", HUGE_PAGES,
    known=(Known(CONFIRMED, f"{MANUAL}: how many pages of a range may be missing when it is collapsed"),),
    document=Document(MANUAL))


def scanned(words: str, *, freed: bool = True, given: bool = True, most: int = MAX) -> Case:
    """Has khugepaged scan a range with a hole; `freed` by MADV_DONTNEED, else never filled; not `given` back, it has none."""
    def do(lab: Lab, at: str) -> None:
        lab.write(f"{DIR}/max_ptes_none", str(most))
        probe = lab.probe(at)
        address = -(-probe.map(2 * HUGE).address // HUGE) * HUGE
        memory, rest = probe.region(address, HUGE), probe.region(address + lab.page_size, HUGE - lab.page_size)
        if freed:
            memory.fill()
            lab.sample(f"{at}: filled", smaps={"memory": memory})
            if given:
                rest.advise(DONTNEED)
        else:
            memory.advise(NOHUGEPAGE)
            probe.poke(address, b"x")
            memory.advise(HUGEPAGE)
        lab.sample(f"{at}: before", pages={"memory": memory})
        begun = scans(lab)
        for _ in range(TICKS):
            if scans(lab) >= begun + SCANS:
                break
            lab.hand.sleep(TICK)
        lab.require(scans(lab) >= begun + SCANS, f"khugepaged ends {SCANS} scans within {TICKS * TICK // 10**9} s")
        lab.sample(at, pages={"memory": memory}, smaps={"memory": memory})
        lab.write(f"{DIR}/max_ptes_none", str(MAX))
    return Case(words, do)


def scans(lab: Lab) -> int:
    return int(lab.read(f"{DIR}/full_scans"))


WHOLE = scanned("of a huge page that is filled", given=False)
EXPERIMENT = table(
    *(Small(FILLS, "resident pages", scanned(f"of a range {words}", freed=freed), WHOLE,
            scanned(f"of a range {words}, with max_ptes_none 0", freed=freed, most=0), of=lambda at: Pages(at, "memory"), key=key,
            if_true=Exactly(pages(HUGE), "a full huge page"), if_false=AtMost(pages(HUGE) - 1, "a hole is left"), says=says)
      for key, words, freed, says in (
          ("single", "of which one page was touched", False, "Of a range with one page that was touched {value} were resident "
                                                             "after khugepaged's scans,"),
          ("freed", "given back but for a page", True, "of one that MADV_DONTNEED had freed but for a page {value}."))),
    settings=Settings(thp="always", khugepaged_scan_sleep_millisecs=10, khugepaged_max_ptes_none=MAX, khugepaged_defrag=1),
    writes=("khugepaged_max_ptes_none",),
    besides=(Besides(FILLS, Smaps(f"{ID}.freed.asked", "memory", "AnonHugePages"), Exactly(pages(HUGE)),
                     "smaps shows it as a huge page again."),),
    needs=Needs(disks=(), page_sizes=(4 * KIB,), changes=("thp",)),
)
