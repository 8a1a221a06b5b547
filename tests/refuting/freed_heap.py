"""Freed below a live block: one page that goes back at once, one less than half that do later."""

from harness.false_evidence.made import Made, States

PAGE, BASE, BLOCK = 4096, 1 << 30, 102_400
SIZES = {"below a live one": 1600, "kept": 8192, "shrunk": 8192}
HEAP = "40000000-41000000 rw-p 00000000 00:00 0                      [heap]\n"


def some(label: str, resident: int) -> States:
    return {"anonymous": resident, "absent": SIZES[label] - resident}


def made(freed: int = 1600, later: int = 1600) -> Made:
    """Evidence in which so many pages of the blocks are resident once they are freed, and later."""
    left = {"below a live one": freed, "kept": 8192, "shrunk": 0}
    after = {**left, "below a live one": later}
    return Made(
        records={"below a live one": {"size": BLOCK, "start": BASE, "blocks": [BASE + n * BLOCK for n in range(64)]},
                 **{name: {"size": 8192 * PAGE, "start": BASE, "blocks": [BASE]} for name in ("kept", "shrunk")},
                 "handed out again": 64,
                 "below a live one: end moved": 0, "kept: end moved": 0, "shrunk: end moved": -8192 * PAGE},
        texts={"filled": {"below a live one/maps": HEAP}},
        pages={"filled": {name: some(name, total) for name, total in SIZES.items()},
               "freed": {name: some(name, pages) for name, pages in left.items()},
               "later": {name: some(name, pages) for name, pages in after.items()}})


CONFIRMS = {"free-heap-retained": made(), "free-heap-returned-later": made(later=800),
            "malloc-fragment-keeps-all": made()}
REFUTES = {"free-heap-retained": made(freed=1599), "free-heap-returned-later": made(later=801),
           "malloc-fragment-keeps-all": made(later=1599)}
