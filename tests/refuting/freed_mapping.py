"""free-mmap-unmaps: one page of a freed block is still there."""

from harness.false_evidence.made import Made

PAGE, BASE = 4096, 1 << 30
SIZES = {"1 MiB": 256, "32 MiB": 8192, "kept": 8192, "shrunk": 8192}
HEAP = "00001000-00002000 rw-p 00000000 00:00 0                      [heap]\n"


def made(left: int) -> Made:
    freed = {"1 MiB": left, "32 MiB": 0, "kept": 8192, "shrunk": 0}
    return Made(
        records={name: {"size": total * PAGE, "start": BASE, "blocks": [BASE]} for name, total in SIZES.items()},
        texts={"filled": {f"{name}/maps": HEAP for name in ("1 MiB", "32 MiB")}},
        pages={"filled": {name: {"anonymous": total} for name, total in SIZES.items()},
               "freed": {name: {"anonymous": freed[name], "absent": total - freed[name]}
                         for name, total in SIZES.items()}})


CONFIRMS = {"free-mmap-unmaps": made(0)}
REFUTES = {"free-mmap-unmaps": made(1)}
