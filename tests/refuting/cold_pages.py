"""swap-takes-cold-pages: 89.9 % of the pages in swap are cold."""

from harness.false_evidence.made import Made, States

TOTAL = 4096


def some(swapped: int) -> States:
    return {"swapped": swapped, "resident": TOTAL - swapped}


def made(cold: int, hot: int) -> Made:
    return Made(pages={"3 s later": {
        "cold, nothing locked": some(cold), "hot, nothing locked": some(hot), "cold, hot locked": some(2600),
        "hot, hot locked": some(0), "cold, cold locked": some(0), "hot, cold locked": some(2600)}})


CONFIRMS = {"swap-takes-cold-pages": made(1800, 200)}
REFUTES = {"swap-takes-cold-pages": made(1798, 202)}
