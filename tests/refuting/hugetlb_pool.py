"""The pool of huge pages: a fall just past its bound, a page that is not reserved, another answer, a page with content."""

import errno
import signal

from harness.false_evidence.made import Made, cases, changed, together

LARGE, POOL, HUGE, OFF, KIB_A_PAGE = 32768, 2048, 4, 256, 4
AT_ONCE, IN_RSS, RESERVED = "hugetlb-takes-at-once", "hugetlb-in-rss", "hugetlb-reserved-at-mmap"
SIGBUS, ZEROED, CACHED, ALL_OR_ERROR = (
    "hugetlb-noreserve-sigbus", "hugetlb-zeroed", "hugetlb-counts-cached", "hugetlb-nr-all-or-error")
KILLED = {"ended": int(signal.SIGBUS)}


def taken(free: int, available: int) -> Made:
    return together(changed(f"{AT_ONCE}.MemFree", "meminfo:MemFree", -free, -LARGE, 0),
                    changed(f"{AT_ONCE}.MemAvailable", "meminfo:MemAvailable", -available, -LARGE, 0))


def resident(asked: int) -> Made:
    return changed(IN_RSS, "/status:VmRSS", asked, POOL, 0).but(
        counters={f"{IN_RSS}.asked: after": {f"{IN_RSS}.asked/status:HugetlbPages": KIB_A_PAGE * POOL}})


def reserved(pages: int, refused: int, kept: object) -> Made:
    grown = cases(f"{RESERVED}.reserved", pages, HUGE, 0)
    return Made(counters={f"{case}: {moment}": {"meminfo:HugePages_Rsvd": number} for case, more in grown.items()
                          for moment, number in (("before", 0), ("after", more))},
                outcomes={**cases(f"{RESERVED}.refused", refused, errno.ENOMEM, 0), **cases(f"{RESERVED}.kept", kept, 0, KILLED)})


def beyond(mapped: int, touched: object) -> Made:
    return Made(outcomes={**cases(f"{SIGBUS}.mapped", mapped, 0, errno.ENOMEM), **cases(f"{SIGBUS}.touched", touched, KILLED, 0)})


def cached(asked: int) -> Made:
    return changed(CACHED, "meminfo:Cached", asked, POOL, 0)


CONFIRMS = {AT_ONCE: taken(LARGE * 3 // 4, LARGE * 3 // 4), IN_RSS: resident(POOL - OFF),
            RESERVED: reserved(HUGE, errno.ENOMEM, 0), SIGBUS: beyond(0, KILLED),
            ZEROED: Made(records=cases(ZEROED, POOL, POOL, 0)), CACHED: cached(POOL),
            ALL_OR_ERROR: Made(records=cases(ALL_OR_ERROR, 0, 0, 2))}
REFUTES = {AT_ONCE: taken(LARGE * 3 // 4, LARGE // 4), IN_RSS: resident(OFF), RESERVED: reserved(HUGE, errno.ENOMEM, KILLED),
           SIGBUS: beyond(0, {"ended": int(signal.SIGSEGV)}), ZEROED: Made(records=cases(ZEROED, POOL - 1, POOL, 0)),
           CACHED: cached(POOL - 1), ALL_OR_ERROR: Made(records=cases(ALL_OR_ERROR, 1, 0, 2))}
