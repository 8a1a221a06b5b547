"""Text: one page in a private mapping; one page of 300 in a frame of its own."""

from harness.false_evidence.made import Made

ALL = 300
CACHE, COPIES = {"file": ALL}, {"anonymous elsewhere": ALL}
MAPS = """10000-11000 r-x{kind} 00000000 fe:00 12 /lib/libc.so.6
20000-21000 r--s 00000000 fe:00 12 /mnt/disk/libc.so.6
30000-31000 rw-p 00000000 fe:00 12 /mnt/disk/libc.so.6
"""

GOOD = Made(
    pages={"running": {f"{how} {name}": COPIES if how == "a written copy of" else CACHE
                       for how in ("the text of", "a shared mapping of", "a written copy of")
                       for name in ("one", "two", "witness")}},
    records={"pages of text": ALL, "own": [[0x10000, 4096]], "shared": [[0x20000, 4096]], "private": [[0x30000, 4096]]},
    texts={"running": {"witness/maps": MAPS.format(kind="s")}})
ONE_APART = GOOD.but(pages={"running": {"the text of one": {"file": ALL - 1, "file elsewhere": 1}}})

CONFIRMS = {"text-is-shared-mapping": GOOD, "text-shares-pages": GOOD, "text-is-page-cache": GOOD}
REFUTES = {"text-is-shared-mapping": GOOD.but(texts={"running": {"witness/maps": MAPS.format(kind="p")}}),
           "text-shares-pages": ONE_APART, "text-is-page-cache": ONE_APART}
