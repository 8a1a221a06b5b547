from harness.false_evidence.made import Made

N = 2047
STILL = {"vmstat:pswpout": 0}
GOOD = Made(
    counters={"before": STILL, "after": STILL},
    pages={"after": {"calloc": {"anonymous": N}, "written": {"anonymous": N}, "untouched": {"absent": N}}},
)

CONFIRMS = {"example-calloc-touches": GOOD}
REFUTES = {"example-calloc-touches": GOOD.but(pages={"after": {"calloc": {"anonymous": N - 1, "absent": 1}}})}
