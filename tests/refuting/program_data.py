"""Data: one page in a mapping or a frame of another kind, one copy that both instances have."""

from harness.false_evidence.made import Made

ALL, HALF = 16, 8
ANON, FILE = {"anonymous elsewhere": ALL}, {"file": ALL}
MAPS = """10000-20000 rw-{data} 00000000 fe:00 12 /programs/probe
30000-40000 rw-p 00000000 fe:00 13 /mnt/disk/file
50000-60000 rw-s 00000000 fe:00 13 /mnt/disk/file
70000-80000 rw-p 00000000 00:00 0
"""
PLACES = {"data": 0x10000, "private file": 0x30000, "shared file": 0x50000, "anonymous": 0x70000}

GOOD = Made(
    pages={"read": {"cache of data": FILE, **{f"{kind} of {name}": ANON if kind == "anonymous" else FILE
                       for kind in ("data", "private file", "shared file", "anonymous")
                       for name in ("one", "two", "witness")}},
           "changed": {f"{kind} of {name}": {"file": HALF} if kind == "shared file" else {"anonymous elsewhere": HALF}
                       for kind in ("data", "private file", "shared file", "anonymous") for name in ("one", "two")}},
    records={**{kind: [[address, 0x10000]] for kind, address in PLACES.items()}, "data: own content": ALL,
             "private file: own content": ALL, "shared file: own content": HALF},
    texts={"read": {"witness/maps": MAPS.format(data="p")}})

CONFIRMS = {"data-private-file": GOOD, "data-copied-per-instance": GOOD}
REFUTES = {
    "data-private-file": GOOD.but(texts={"read": {"witness/maps": MAPS.format(data="s")}}),
    "data-copied-per-instance": GOOD.but(pages={"changed": {name: {"anonymous": 1, "anonymous elsewhere": HALF - 1}
                                                            for name in ("data of one", "data of two")}})}
