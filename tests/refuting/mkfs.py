"""mkfs-uses-buffers: one page that was written and is not in the buffers."""

from harness.false_evidence.made import Made

N = 512

GOOD = Made(counters={"start": {"meminfo:Buffers": 40}, "made": {"meminfo:Buffers": 40 + 4 * 1020},
                      "direct": {"meminfo:Buffers": 40 + 4 * 1020, "meminfo:Cached": 800},
                      "tmpfs": {"meminfo:Cached": 800 + 4 * N}},
            records={"written": 1000, "only read": 20, "reference": N})

CONFIRMS = {"mkfs-uses-buffers": GOOD}
REFUTES = {"mkfs-uses-buffers": GOOD.but(records={"written": 1001})}
