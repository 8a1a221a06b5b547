"""The calls of malloc: a first block outside what brk gave, a large one in the heap; every later one mapped."""

from tests.refuting.made import Made

GOOD = Made(records={
    f"{name}: {what}": value for name, values in {
        "small": (1, 1, 0), "large": (0, 0, 1), "later": (1, 1, 0), "sbrk": (1, 1, 0), "mapping": (0, 0, 1)}.items()
    for what, value in zip(("in the heap", "growths", "own mappings"), values, strict=True)})

CONFIRMS = {"malloc-first-brk": GOOD, "malloc-large-mmap": GOOD,
            "malloc-large-always-mmap": GOOD.but(records={"later: own mappings": 1})}
REFUTES = {"malloc-first-brk": GOOD.but(records={"small: in the heap": 0}),
           "malloc-large-mmap": GOOD.but(records={"large: in the heap": 1}),
           "malloc-large-always-mmap": GOOD}
