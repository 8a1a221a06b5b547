"""mmap-file-loads-at-once: the whole file, and all but a page."""

from harness.false_evidence.made import Made, cases

ID, SIZE, SECTORS = "mmap-file-loads-at-once", 5120, 40_960


def loaded(pages: int) -> Made:
    return Made(pages={name: {"file": number} for name, number in cases(f"{ID}.pages", pages, SIZE, 0).items()},
                records={f"{name}: sectors": number for name, number in cases(f"{ID}.sectors", 8 * pages, SECTORS, 0).items()})


CONFIRMS = {ID: loaded(SIZE)}
REFUTES = {ID: loaded(SIZE - 1)}
