"""Allocators: a page, a frame, a byte that is otherwise; one refusal among three."""

import errno

from harness.false_evidence.made import Made, States, cases

NO, LARGE, BLOCK, ARENA, KIB_A_PAGE = errno.ENOMEM, 16_384, 4096, 16_384, 4
NEVER, REALLOC, STACK = "malloc-never-null", "realloc-copies", 2049


def missing(asked: int) -> Made:
    return Made(pages={case: {"block": {"anonymous": LARGE - absent, "absent": absent}}
                       for case, absent in cases("calloc-touches", asked, 0, LARGE).items()})


def frames(same: int) -> States:
    return {"anonymous": same, "anonymous elsewhere": BLOCK - same}


def kept(asked: int) -> Made:
    found = cases(REALLOC, asked, 0, BLOCK).items()
    return Made(pages={**{f"{case} before": {"block": frames(BLOCK)} for case, _ in found},
                       **{f"{case} after": {"block": frames(same)} for case, same in found}})


def grown(claim: str, counter: str, asked: int) -> Made:
    found = cases(claim, asked, ARENA, 2049).items()
    return Made(counters={**{f"{case} before": {f"{case}/{counter}": 4000} for case, _ in found},
                          **{f"{case} after": {f"{case}/{counter}": 4000 + KIB_A_PAGE * pages} for case, pages in found}})


def never(*answers: int) -> Made:
    found = zip(("mode 0", "limit", "mode 2"), answers, strict=True)
    return Made(outcomes={case: error for key, asked in found for case, error in cases(f"{NEVER}.{key}", asked, 0, NO).items()})


def zero(asked: int) -> Made:
    return Made(outcomes=cases("malloc-zero-null", asked, NO, 0))


def apart(asked: int) -> Made:
    return Made(records=cases("malloc-one-byte-32", asked, 32, 48))


def beyond_stack(asked: int) -> Made:
    """VmSize of a thread that calls malloc, beside that of one which only waits."""
    claim, counter = SIZE
    found = {case: {case: STACK + pages, f"{case}, waits": STACK} for case, pages in cases(claim, asked, ARENA, 0).items()}
    return Made(counters={f"{name} {moment}": {f"{name}/{counter}": 4000 + KIB_A_PAGE * pages * (moment == "after")}
                          for both in found.values() for name, pages in both.items() for moment in ("before", "after")})


SIZE, RESIDENT = ("malloc-arena-64m", "status:VmSize"), ("malloc-arena-resident", "smaps_rollup:Rss")
CONFIRMS = {"calloc-touches": missing(0), REALLOC: kept(0), SIZE[0]: beyond_stack(ARENA), RESIDENT[0]: grown(*RESIDENT, ARENA),
            NEVER: never(0, 0, 0), "malloc-zero-null": zero(NO), "malloc-one-byte-32": apart(32)}
REFUTES = {"calloc-touches": missing(1), REALLOC: kept(1), SIZE[0]: beyond_stack(ARENA - 1),
           RESIDENT[0]: grown(*RESIDENT, ARENA - 1),
           NEVER: never(0, NO, 0), "malloc-zero-null": zero(0), "malloc-one-byte-32": apart(24)}
