"""free-heap-readable: a signal; free-heap-content-kept: one byte of 102,408 that is another."""

from harness.false_evidence.made import Made

SIZES = ("88 bytes", "100 KiB", "100 KiB and 8 bytes")
GOOD = Made(records={
    **{f"{prefix}{size}: {what}": 0 for prefix in ("", "live, ") for size in SIZES for what in ("changed", "signals")},
    "dropped: changed": 102_376, "dropped: signals": 0, "unmapped: signals": 1})

CONFIRMS = {"free-heap-readable": GOOD, "free-heap-content-kept": GOOD}
REFUTES = {"free-heap-readable": GOOD.but(records={"100 KiB: signals": 1}),
           "free-heap-content-kept": GOOD.but(records={"100 KiB: changed": 1})}
