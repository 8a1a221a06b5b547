"""What commits: a page that does not count, a page past the limit, another answer."""

import errno

from harness.false_evidence.made import Made, cases

ALL, KIB_A_PAGE, BEFORE = 32_768, 4, 1_000_000
OVER, WRITABLE = "oc-as-over-limit-mode0", "oc-mprotect-commits"
GROWS = ("oc-prot-none-counts", "oc-file-shared-counts", "oc-readonly-private-counts", "oc-touch-raises-as",
         "oc-stack-thread-commits")


def grown(name: str, asked: int) -> Made:
    found: dict[str, dict[str, int]] = {}
    for case, pages in cases(name, asked, ALL, 0).items():
        found[f"{case} before"] = {"meminfo:Committed_AS": BEFORE}
        found[f"{case} after"] = {"meminfo:Committed_AS": BEFORE + KIB_A_PAGE * pages}
    return Made(counters=found)


def over(asked: int) -> Made:
    return Made(counters={case: {"meminfo:Committed_AS": BEFORE + KIB_A_PAGE * pages, "meminfo:CommitLimit": BEFORE}
                          for case, pages in cases(OVER, asked, -20, 200_000).items()})


def writable(pages: int, error: int) -> Made:
    return grown(f"{WRITABLE}.growth", pages).but(outcomes=cases(f"{WRITABLE}.refused", error, errno.ENOMEM, 0))


CONFIRMS = {**{claim: grown(claim, ALL) for claim in GROWS}, OVER: over(0), WRITABLE: writable(ALL, errno.ENOMEM)}
REFUTES = {**{claim: grown(claim, ALL - 1) for claim in GROWS}, OVER: over(1), WRITABLE: writable(ALL, 0)}
