"""swap-takes-cold-pages: 89.9 % of the pages in swap are cold."""

from tests.refuting.made import Made

TOTAL = 4096


def in_swap(cold: int, hot: int) -> Made:
    return Made(pages={"3 s later": {"cold": {"swapped": cold, "resident": TOTAL - cold},
                                     "hot": {"swapped": hot, "resident": TOTAL - hot}}})


def made(cold: int, hot: int) -> Made:
    return Made(arms={"nothing locked": in_swap(cold, hot), "hot locked": in_swap(2600, 0),
                      "cold locked": in_swap(0, 2600)})


CONFIRMS = {"swap-takes-cold-pages": made(1800, 200)}
REFUTES = {"swap-takes-cold-pages": made(1798, 202)}
