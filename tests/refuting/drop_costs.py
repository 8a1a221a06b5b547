"""drop-costs-reads: all of it after the drop, and a block of it before."""

from harness.false_evidence.made import Made, cases

COSTS, ALL = "drop-costs-reads", 40_960
READ = Made(records={**cases(f"{COSTS}.after", ALL, ALL, 0), **cases(f"{COSTS}.before", 0, 0, ALL)})

CONFIRMS = {COSTS: READ}
REFUTES = {COSTS: READ.but(records={f"{COSTS}.before.asked": 8})}
