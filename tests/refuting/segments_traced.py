"""strace-shows-segment-mmaps: an mmap for each of four segments, and for three."""

from harness.false_evidence.made import Made

PLACES = {"the program's segments": 0x1000, "the C library": 0x2000, "the loader": 0x3000}
GOOD = Made(records={"mapped": [[0x1000, 0x1000], [0x2000, 0x1000]],
                     **{what: [start, start + 0x100, start + 0x200, start + 0x300] for what, start in PLACES.items()}})

CONFIRMS = {"strace-shows-segment-mmaps": GOOD}
REFUTES = {"strace-shows-segment-mmaps": GOOD.but(records={"the program's segments": [0x1000, 0x1100, 0x1200, 0x4000]})}
