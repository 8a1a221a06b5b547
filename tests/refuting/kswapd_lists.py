"""kswapd-scans-all-four: all four lists in both arms, and three of them without swap."""

from harness.false_evidence.made import Made

LISTS = ("inactive_anon", "active_anon", "inactive_file", "active_file")
LINE = "         kswapd0-40      [000] .....     {}.000000: mm_vmscan_lru_isolate: classzone=1 nr_scanned=32 nr_taken=32 lru={}\n"


def arm(shortage: int) -> Made:
    return Made(records={name: "".join(LINE.format(time, one) for time, one in enumerate(LISTS[-lists:], 1))
                         for name, lists in (("shortage", shortage), ("a file alone", 2), ("squeeze", 4))})


GOOD = Made(arms={"with swap": arm(4), "without swap": arm(4)})

CONFIRMS = {"kswapd-scans-all-four": GOOD}
REFUTES = {"kswapd-scans-all-four": Made(arms={"with swap": arm(4), "without swap": arm(3)})}
