"""What memory.min and memory.low keep: a page of 1,024 taken, or none; an event or none; a page more than what is left."""

from harness.false_evidence.made import Made, cases

FILE, HALF = 1024, 2048
MIN, POPULATED, ALONE, BROKEN, INHERITS, RESERVES = (
    "memcg-min-never-reclaimed", "memcg-min-needs-processes", "memcg-low-alone-in-child", "memcg-low-broken-when-nothing-else",
    "memcg-low-inherits-recursiveprot", "memcg-low-reserves")


def left(name: str, asked: int, true: int, false: int) -> Made:
    return Made(pages={at: {at: pages} for at, pages in cases(name, asked, true, false).items()})


def both(name: str, pages: Made, low: int) -> Made:
    return Made(pages=pages.pages, counters={at: {f"{at}/memory.events:low": value}
                                             for at, value in cases(f"{name}.events", low, 1, 0).items()})


def got(low: int) -> Made:
    return Made(records={**cases(f"{RESERVES}.memory.low", low, HALF, 2 * HALF),
                         **cases(f"{RESERVES}.memory.min", HALF, HALF, 2 * HALF)})


CONFIRMS = {
    MIN: left(MIN, FILE, FILE, 0),
    POPULATED: left(POPULATED, FILE - 1, 0, FILE),
    ALONE: left(ALONE, FILE, FILE, FILE - 1),
    BROKEN: both(BROKEN, left(f"{BROKEN}.pages", FILE - 1, 0, FILE), 1),
    INHERITS: both(INHERITS, left(f"{INHERITS}.pages", FILE, FILE, FILE - 1), 1),
    RESERVES: got(HALF),
}
REFUTES = {
    MIN: left(MIN, FILE - 1, FILE, 0),
    POPULATED: left(POPULATED, FILE, 0, FILE),
    ALONE: left(ALONE, FILE - 1, FILE, FILE - 1),
    BROKEN: both(BROKEN, left(f"{BROKEN}.pages", FILE - 1, 0, FILE), 0),
    INHERITS: both(INHERITS, left(f"{INHERITS}.pages", FILE, FILE, FILE - 1), 0),
    RESERVES: got(HALF + 1),
}
