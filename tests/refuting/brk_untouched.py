"""brk-lazy: one page of 8,192 that is resident before it was touched."""

from harness.false_evidence.made import Made

PAGES = 8192
NONE, ALL = {"absent": PAGES}, {"anonymous": PAGES}

GOOD = Made(
    counters={"before": {"probe/statm:size": 1000}, "grown": {"probe/statm:size": 1000 + PAGES}},
    pages={"gained": {"brk": NONE, "mapping": NONE, "left alone": NONE, "populated": ALL},
           "touched": {"brk": ALL, "mapping": ALL, "left alone": NONE, "populated": ALL}})

CONFIRMS = {"brk-lazy": GOOD}
REFUTES = {"brk-lazy": Made(counters=GOOD.counters, pages={
    **GOOD.pages, "gained": {**GOOD.pages["gained"], "brk": {"anonymous": 1, "absent": PAGES - 1}}})}
