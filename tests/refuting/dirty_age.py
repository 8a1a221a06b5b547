"""Dirty data that is old: written or not, but for what the file system writes of its own."""

from harness.false_evidence.made import Made, cases

ALL, OWN = 2048, 512
EXPIRES, STOPS = "dirty-expire-writes", "dirty-writeback-0-off"


def expired(older: int, younger: int) -> Made:
    return Made(records={**cases(f"{EXPIRES}.older", older, ALL, 100), **cases(f"{EXPIRES}.younger", younger, 100, ALL)})


def stopped(sectors: int) -> Made:
    return Made(records=cases(STOPS, sectors, 100, ALL))


CONFIRMS = {EXPIRES: expired(ALL, OWN), STOPS: stopped(OWN)}
REFUTES = {EXPIRES: expired(ALL, ALL), STOPS: stopped(ALL)}
