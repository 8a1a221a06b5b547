"""malloc-first-brk and malloc-large-mmap: no brk at all; a large block that lies in the heap."""

from tests.refuting.made import Made

GOOD = Made(records={
    "small: brk": 2, "small: mmap": 0, "small: in the heap": 1, "large: brk": 2, "large: mmap": 1,
    "large: in the heap": 0, "sbrk: brk": 2, "sbrk: mmap": 0, "sbrk: in the heap": 1,
    "mapping: brk": 0, "mapping: mmap": 1, "mapping: in the heap": 0})

CONFIRMS = {"malloc-first-brk": GOOD, "malloc-large-mmap": GOOD}
REFUTES = {"malloc-first-brk": GOOD.but(records={"small: brk": 0, "small: mmap": 1}),
           "malloc-large-mmap": GOOD.but(records={"large: mmap": 0, "large: in the heap": 1})}
