"""What KSM merges: a page that is not merged, or is, of a file too; a fall just past what VmRSS may be off; a scan too many."""

from harness.false_evidence.made import Made, States

ALL, OFF, KIB_A_PAGE, FULL = 512, 192, 4, 1000
ALONE = {"exclusive": ALL}


def with_parts(name: str, first: str, others: str) -> dict[str, States]:
    """The states of a region, of its first page, and of the others."""
    return {name: {others: ALL}, f"{name}, first": {first: 1}, f"{name}, others": {others: ALL - 1}}


FALLS = {"advised": 0, "given back": ALL, "plain": 0}


def fallen(advised: int) -> dict[str, dict[str, int]]:
    return {moment: {f"{name}/status:VmRSS": KIB_A_PAGE * (FULL - (moment == "merged") * pages)
                     for name, pages in {**FALLS, "advised": advised}.items()} for moment in ("before", "merged")}


GOOD = Made(
    counters=fallen(0),
    pages={"merged": {"unlike": ALONE, "file": ALONE, **with_parts("advised", "shared", "shared"),
                      **with_parts("plain", "exclusive", "exclusive")},
           "written": with_parts("advised", "exclusive", "shared"), "unmerged": {"advised": ALONE}},
    records={"scans while it runs": 3, "scans once it is stopped": 0, "scans while it runs again": 3, "scans after 2": 0})


def merged(name: str, shared: int) -> Made:
    return GOOD.but(pages={"merged": {name: {"shared": shared, "exclusive": ALL - shared}}})


CONFIRMS = {"ksm-automatic": merged("plain", ALL), "ksm-lowers-rss": GOOD.but(counters=fallen(ALL // 2)),
            "ksm-file-pages": merged("file", 1), "ksm-write-unmerges": GOOD, "ksm-run-2-unmerges": GOOD}
REFUTES = {"ksm-automatic": merged("plain", ALL - 1), "ksm-lowers-rss": GOOD.but(counters=fallen(OFF)),
           "ksm-file-pages": merged("file", 0),
           "ksm-write-unmerges": GOOD.but(pages={"written": {"advised, others": {"shared": ALL - 2, "exclusive": 1}}}),
           "ksm-run-2-unmerges": GOOD.but(records={"scans after 2": 1})}
