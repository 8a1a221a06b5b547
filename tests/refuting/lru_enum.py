"""lru-five-lists: two lists have changed places."""

from experiments.reclaim.lru_enum import FIVE, ZONES
from harness.false_evidence.made import Made


def enum(names: list[str]) -> list[list[object]]:
    return [[name, value] for value, name in enumerate(names)]


GOOD = Made(records={"lru_list": enum([*FIVE, "NR_LRU_LISTS"]), "zone_type": enum([*ZONES, "__MAX_NR_ZONES"]),
                     "zone_watermarks": enum(["WMARK_MIN", "WMARK_LOW", "WMARK_HIGH", "NR_WMARK"])},
            counters={"before": {}})
SWAPPED = [FIVE[1], FIVE[0], *FIVE[2:], "NR_LRU_LISTS"]

CONFIRMS = {"lru-five-lists": GOOD}
REFUTES = {"lru-five-lists": GOOD.but(records={"lru_list": enum(SWAPPED)})}
