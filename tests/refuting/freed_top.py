"""free-heap-top-trimmed: a page more than M_TOP_PAD is still there (a pad that begins in the middle of one: 33)."""

from harness.false_evidence.made import Made

PAGE, BASE, BLOCK = 4096, 1 << 30, 102_400
SIZES = {"at the top": 1600, "kept": 2048, "shrunk": 2048}
HEAP = "40000000-41000000 rw-p 00000000 00:00 0                      [heap]\n"


def made(left: int) -> Made:
    freed = {"at the top": left, "kept": 2048, "shrunk": 0}
    return Made(
        records={"at the top": {"size": BLOCK, "start": BASE, "blocks": [BASE + n * BLOCK for n in range(64)]},
                 **{name: {"size": 2048 * PAGE, "start": BASE, "blocks": [BASE]} for name in ("kept", "shrunk")}},
        texts={"filled": {"at the top/maps": HEAP}},
        pages={"filled": {name: {"anonymous": total} for name, total in SIZES.items()},
               "freed": {name: {"anonymous": freed[name], "absent": total - freed[name]}
                         for name, total in SIZES.items()}})


CONFIRMS = {"free-heap-top-trimmed": made(33)}
REFUTES = {"free-heap-top-trimmed": made(34)}
