from harness.false_evidence.made import Made

N = 2048
STILL = {"vmstat:pswpout": 0}
GOOD = Made(
    counters={"before": STILL, "after": STILL},
    pages={"after": {"advised": {"anonymous": N}, "kept": {"anonymous": N}, "untouched": {"absent": N}}},
)

CONFIRMS = {"example-dontneed-keeps": GOOD}
REFUTES = {"example-dontneed-keeps": GOOD.but(pages={"after": {"advised": {"anonymous": N - 1, "absent": 1}}})}
