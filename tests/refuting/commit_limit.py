"""The commit limit: a page off the formula."""

from harness.false_evidence.made import Made

KIB_A_PAGE, RAM, SWAP, HUGE = 4, 990_308, 1_048_572, 65_536
PAGES = RAM // KIB_A_PAGE


def limit(pages_of_ram: int, ratio: int, swap: int = SWAP) -> int:
    """In KiB."""
    return (pages_of_ram * ratio // 100) * KIB_A_PAGE + swap


def look(moment: str, kib: int) -> tuple[dict[str, int], dict[str, int]]:
    swap = 0 if moment == "at first" else SWAP
    counters = {"meminfo:MemTotal": RAM, "meminfo:SwapTotal": swap, "meminfo:CommitLimit": kib,
                "meminfo:Hugetlb": 0 if moment == "at first" else HUGE}
    return counters, {f"{moment}: granted": kib // KIB_A_PAGE - 1}


def made(huge_pages: int, kbytes: int = 300 * 1024 + SWAP) -> Made:
    looks = {"at first": look("at first", limit(PAGES, 50, 0)), "huge pages": look("huge pages", huge_pages),
             "kbytes": look("kbytes", kbytes)}
    return Made(counters={moment: counters for moment, (counters, _) in looks.items()},
                records={name: value for _, records in looks.values() for name, value in records.items()})


MANUAL = made(limit(PAGES - HUGE // KIB_A_PAGE, 40))
PROSE = made(limit(PAGES, 40))

CONFIRMS = {"oc2-formula-prose": PROSE, "oc2-formula-manual": MANUAL, "overcommit-kbytes-absolute": MANUAL}
A_PAGE_MORE = {"meminfo:CommitLimit": limit(PAGES - HUGE // KIB_A_PAGE, 40) + KIB_A_PAGE}
REFUTES = {"oc2-formula-prose": MANUAL, "oc2-formula-manual": MANUAL.but(counters={"huge pages": A_PAGE_MORE}),
           "overcommit-kbytes-absolute": made(limit(PAGES - HUGE // KIB_A_PAGE, 40), 300 * 1024 + SWAP + KIB_A_PAGE)}
