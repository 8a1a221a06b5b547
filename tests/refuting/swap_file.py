"""swap-needs-partition: one page that went to a file."""

from harness.false_evidence.made import Made

TOTAL = 4096


def swapped(count: int) -> dict[str, dict[str, int]]:
    return {"memory": {"swapped": count, "resident": TOTAL - count}}


GOOD = Made(pages={"left alone": swapped(0), "with the file": swapped(0), "with the device": swapped(TOTAL)},
            records={"kept in the file": TOTAL})

CONFIRMS = {"swap-needs-partition": GOOD}
REFUTES = {"swap-needs-partition": GOOD.but(pages={"with the file": {"memory": {"swapped": 1, "resident": TOTAL - 1}}})}
