"""MemAvailable: a page below MemFree, and a page past the tenths of 128 MiB that the ranges leave."""

from harness.false_evidence.made import Made, cases

SIZE, KIB_A_PAGE, BEFORE = 32_768, 4, 900_000
NEARLY, HARDLY = SIZE * 9 // 10 + 1, SIZE // 10
AT_LEAST, SWAP, TMPFS, MIN_FREE = (
    "available-at-least-free", "available-includes-swap", "available-counts-tmpfs", "min-free-lowers-available")


def over(asked: int) -> Made:
    return Made(counters={f"{case} after": {"meminfo:MemFree": BEFORE, "meminfo:MemAvailable": BEFORE + KIB_A_PAGE * pages}
                          for case, pages in cases(AT_LEAST, asked, 30_000, 30_000).items()})


def grown(claim: str, asked: int, true: int, false: int) -> Made:
    found = cases(claim, asked, true, false).items()
    return Made(counters={**{f"{case} before": {"meminfo:MemAvailable": BEFORE} for case, _ in found},
                          **{f"{case} after": {"meminfo:MemAvailable": BEFORE + KIB_A_PAGE * pages} for case, pages in found}})


CONFIRMS = {AT_LEAST: over(0), SWAP: grown(SWAP, NEARLY, SIZE, 0), TMPFS: grown(TMPFS, -HARDLY, -1400, -SIZE),
            MIN_FREE: grown(MIN_FREE, -NEARLY, -SIZE, 0)}
REFUTES = {AT_LEAST: over(-1), SWAP: grown(SWAP, HARDLY, SIZE, 0), TMPFS: grown(TMPFS, -NEARLY, -1400, -SIZE),
           MIN_FREE: grown(MIN_FREE, -HARDLY, -SIZE, 0)}
