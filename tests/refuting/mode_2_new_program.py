"""oc2-nothing-starts: a program that one of two ways still starts."""

from harness.false_evidence.made import Made

GOOD = Made(
    counters={"used up": {"meminfo:CommitLimit": 495_152, "meminfo:Committed_AS": 490_680}},
    records={"before the limit": 2, "with no process to spare": 0, "at the limit": 0, "left for a fresh process": 0,
             "kept for root": 2048})

CONFIRMS = {"oc2-nothing-starts": GOOD}
REFUTES = {"oc2-nothing-starts": GOOD.but(records={"at the limit": 1})}
