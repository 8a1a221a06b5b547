"""Freed memory: one page too many that is kept, one that goes back, a heap's end that moves by a page."""

from tests.refuting.made import Made, States

PAGE, BASE, BLOCK = 4096, 1 << 30, 102_400
TOTAL, LARGE = 1600, 8192
STAYS_AT_END = 33       # M_TOP_PAD of 128 KiB, from the middle of a page
NAMES = {"1 MiB": 256, "32 MiB": LARGE, "below a live one": TOTAL, "at the top": TOTAL, "kept": LARGE, "shrunk": LARGE}


def some(label: str, resident: int) -> States:
    return {"anonymous": resident, "absent": NAMES[label] - resident}


def made(**freed: int) -> Made:
    """Evidence in which so many pages of a label are resident once its blocks are freed."""
    left = {"1 MiB": 0, "32 MiB": 0, "below a live one": TOTAL, "at the top": 31, "kept": LARGE, "shrunk": 0,
            **{name.replace("_", " "): pages for name, pages in freed.items()}}
    later = {**left, "below a live one": left.pop("later", TOTAL)}
    later.pop("later", None)
    return Made(
        records={**{name: {"size": BLOCK if total == TOTAL else total * PAGE, "start": BASE,
                           "blocks": [BASE + number * BLOCK for number in range(64)] if total == TOTAL else [BASE]}
                    for name, total in NAMES.items()},
                 "below a live one: end moved": 0, "kept: end moved": 0, "shrunk: end moved": -LARGE * PAGE},
        pages={"filled": {name: some(name, total) for name, total in NAMES.items()},
               "freed": {name: some(name, pages) for name, pages in left.items()},
               "later": {name: some(name, pages) for name, pages in later.items()}})


CONFIRMS = {"free-mmap-unmaps": made(), "free-heap-retained": made(), "free-heap-top-trimmed": made(),
            "free-heap-returned-later": made(later=TOTAL // 4)}
REFUTES = {"free-mmap-unmaps": made(**{"1 MiB": 1}), "free-heap-retained": made(below_a_live_one=TOTAL - 1),
           "free-heap-returned-later": made(), "free-heap-top-trimmed": made(at_the_top=STAYS_AT_END + 2)}
