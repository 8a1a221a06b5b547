"""drop-nondestructive: one page of 1,024 that no longer holds what was written."""

from harness.false_evidence.made import Made

N = 1024

GOOD = Made(
    counters={"dirty": {"meminfo:Dirty": 2 * N * 4}},
    records={"no drop": N, "punched": N - 1,
             **{f"{name} {moment}": N for name in ("clean", "dirty", "mapped", "tmpfs", "memory")
                for moment in ("dropped", "synced")}})

CONFIRMS = {"drop-nondestructive": GOOD}
REFUTES = {"drop-nondestructive": GOOD.but(records={"dirty synced": N - 1})}
