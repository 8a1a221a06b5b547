"""MAP_NORESERVE: refused in mode 0, or charged with one page; granted and not charged in mode 2."""

from harness.false_evidence.made import Made

SIZE = 64 * 1024


def mode(number: int, spared: bool) -> Made:
    counters, records = {}, {}
    for kind, charged in (("plain", True), ("no-reserve", not spared), ("read-only", False)):
        records[f"{number}: {kind}"] = 12 if charged else 0
        counters[f"{number}: before {kind}"] = {"meminfo:Committed_AS": 9000}
        counters[f"{number}: after {kind}"] = {"meminfo:Committed_AS": 9000 + SIZE * charged}
    return Made(counters=counters, records=records)


def both(spared_in_0: bool, spared_in_2: bool) -> Made:
    second = mode(2, spared_in_2)
    return mode(0, spared_in_0).but(counters=second.counters, records=second.records)


REAL = both(True, False)
CONFIRMS = {"oc0-noreserve": REAL, "oc2-noreserve": both(True, True)}
REFUTES = {"oc0-noreserve": REAL.but(counters={"0: after no-reserve": {"meminfo:Committed_AS": 9004}}),
           "oc2-noreserve": REAL}
