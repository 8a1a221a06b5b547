"""free-heap-readable: one byte of 102,408 that is another; a signal is the other way to refute it."""

from tests.refuting.made import Made

SIZES = ("88 bytes", "100 KiB", "100 KiB and 8 bytes")
GOOD = Made(records={
    **{f"{prefix}{size}: {what}": 0 for prefix in ("", "live, ") for size in SIZES for what in ("changed", "signals")},
    "dropped: changed": 102_376, "dropped: signals": 0, "unmapped: signals": 1})

CONFIRMS = {"free-heap-readable": GOOD}
REFUTES = {"free-heap-readable": GOOD.but(records={"100 KiB: changed": 1})}
