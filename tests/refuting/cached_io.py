"""file-io-cached and mmap-io-cached: one sector that was read, one page that is not in the cache."""

from harness.false_evidence.made import Made

N = 2048
CACHED = {"tmpfs": N, "read": N, "written": N, "mapped": N, "direct": 0}

GOOD = Made(records={"read of a tmpfs file": 0, "read for the first time": 8 * N, "read for the second time": 0,
                     "read of what was just written": 0, "read of what a mapping loaded": 0},
            pages={"read and written": CACHED, "mapped": CACHED})

CONFIRMS = {"file-io-cached": GOOD, "mmap-io-cached": GOOD}
REFUTES = {"file-io-cached": GOOD.but(pages={"read and written": {"written": N - 1}}),
           "mmap-io-cached": GOOD.but(records={"read of what a mapping loaded": 1})}
