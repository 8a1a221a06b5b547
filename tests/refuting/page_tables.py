"""fork: a page of tables that is missing, or is copied; a page in another frame."""

from harness.false_evidence.made import Made, States, cases

TABLES, ALL, KIB_A_PAGE = 64, 512, 4
ANON, FILE, VFORK = "fork-pagetables-anon", "fork-pagetables-file", "vfork-copies-nothing"
GONE, LAST, READ = "fork-child-exit-no-copy", "fork-last-sharer-copies", "fork-read-copies"


def vmpte(claim: str, asked: int) -> Made:
    return Made(counters={case: {f"{case}/status:VmPTE": KIB_A_PAGE * pages}
                          for case, pages in cases(claim, asked, TABLES + 10, 12).items()})


def grown(asked: int) -> Made:
    found = cases(VFORK, asked, 0, TABLES + 10).items()
    return Made(counters={**{f"{case} before": {"meminfo:PageTables": 2000} for case, _ in found},
                          **{f"{case} after": {"meminfo:PageTables": 2000 + KIB_A_PAGE * pages} for case, pages in found}})


def frames(same: int) -> States:
    return {"anonymous": same, "anonymous elsewhere": ALL - same}


def written(claim: str, asked: int, true: int, false: int) -> Made:
    """Evidence of pages that stay in their frames."""
    found = cases(claim, asked, true, false).items()
    return Made(pages={**{f"{case} before": {"memory": frames(ALL)} for case, _ in found},
                       **{f"{case} after": {"memory": frames(same)} for case, same in found}})


def read(same: int) -> Made:
    return Made(pages={case: {"memory": frames(ALL), "child": frames(number)}
                       for case, number in cases(READ, same, 0, ALL).items()})


CONFIRMS = {ANON: vmpte(ANON, TABLES), FILE: vmpte(FILE, TABLES), VFORK: grown(3), GONE: written(GONE, ALL, ALL, 0),
            LAST: written(LAST, 0, 0, ALL), READ: read(0)}
REFUTES = {ANON: vmpte(ANON, TABLES - 1), FILE: vmpte(FILE, TABLES - 1), VFORK: grown(TABLES),
           GONE: written(GONE, ALL - 1, ALL, 0),
           LAST: written(LAST, 1, 0, ALL), READ: read(1)}
