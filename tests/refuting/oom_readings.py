"""A warning, factors of hardware, shares of RAM and swap, and what a kill frees: the least that turns each answer."""

from harness.false_evidence.made import Made, cases

WARNS, HARDWARE, SWAP, FREES = "oom-adj-write-warns", "oom-factor-hardware", "oom-allowed-global-swap", "oom-kill-frees-anon"
IN_SWAP, SWAPPED = "oom-score-counts-swap", Made(records={"oom-score-counts-swap.asked: swapped": 65_536})
WARNED, SILENT = (Made(records=cases(WARNS, value, 1, 0)) for value in (1, 0))


def scores(ways: dict[str, int]) -> Made:
    found = {}
    for way, less in ways.items():
        for case, points in cases(f"{HARDWARE}.{way}", less, 66, 0).items():
            found |= {f"{case}: without": 690, f"{case}: with": 690 - points}
    return Made(records=found)


def shares(after: int) -> Made:
    found = {}
    for case, added in cases(SWAP, after, 89, 178).items():
        found |= {f"{case}: large before": 846, f"{case}: empty before": 668, f"{case}: empty after": 667,
                  f"{case}: large after": 667 + added}
    return Made(records=found)


def in_swap(asked: int) -> Made:
    return Made(records=cases(IN_SWAP, asked, 0, 170))


def freed(asked: int) -> Made:
    counters = {}
    for case, pages in cases(FREES, asked, 12_288, 300).items():
        counters |= {f"{case}: full": {"meminfo:AnonPages": 80_000, "meminfo:Shmem": 60_000},
                     f"{case}: gone": {"meminfo:AnonPages": 80_000 - 4 * pages, "meminfo:Shmem": 60_000}}
    return Made(counters=counters)


CONFIRMS = {WARNS: WARNED, HARDWARE: scores({"iopl": 2, "CAP_SYS_RAWIO": 2}), SWAP: shares(93), FREES: freed(12_166),
            IN_SWAP: in_swap(4)}
REFUTES = {WARNS: SILENT, HARDWARE: scores({"iopl": 2, "CAP_SYS_RAWIO": 1}), SWAP: shares(94), FREES: freed(12_165),
           IN_SWAP: in_swap(5)}
CONFIRMS, REFUTES = ({claim: made.but(records=SWAPPED.records) for claim, made in found.items()} for found in (CONFIRMS, REFUTES))
