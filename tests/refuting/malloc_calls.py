"""The calls of malloc: a first block outside what brk gave, a large one in the heap; every later one mapped."""

from harness.false_evidence.made import Made

BRK, MMAP = 12, 9
HEAP, SIZE, MAPPED = 1 << 20, 132 << 10, 1 << 40
GROWN = [[BRK, 0, HEAP], [BRK, 0, HEAP + SIZE]]


def heap(size: int) -> dict[str, object]:
    """A block at the beginning of a heap that brk made."""
    return {"block": HEAP + 16, "size": size, "calls": GROWN}


def mapped(size: int, beside: int = 0) -> dict[str, object]:
    """A block in a mapping made for it, with a page for the header and so many bytes more; no heap."""
    return {"block": MAPPED + 16, "size": size, "calls": [[BRK, 0, HEAP], [MMAP, size + 4096 + beside, MAPPED]]}


GOOD = Made(records={"small": heap(100), "large": mapped(1 << 20), "later": heap(512 << 10), "sbrk": heap(SIZE),
                     "mapping": mapped(1 << 20)})

CONFIRMS = {"malloc-first-brk": GOOD, "malloc-large-mmap": GOOD,
            "malloc-large-always-mmap": Made(records={**GOOD.records, "later": mapped(512 << 10)})}
REFUTES = {"malloc-first-brk": Made(records={**GOOD.records, "small": mapped(100)}),
           "malloc-large-mmap": Made(records={**GOOD.records, "large": mapped(1 << 20, beside=4096)}),
           "malloc-large-always-mmap": Made(records={**GOOD.records, "later": mapped(512 << 10, beside=4096)})}
