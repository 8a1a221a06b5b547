"""Bss, heap, stack: one mapping of another kind."""

from harness.false_evidence.made import Made

ALL = 16
MAPS = """50000-60000 rw-s 00000000 fe:00 13 /mnt/disk/file
70000-80000 rw-p 00000000 00:00 0
90000-b0000 rw-{own} 00000000 00:00 0 [heap]
"""
GOOD = Made(
    pages={"filled": {"own memory": {"anonymous": 2 * ALL}, "anonymous": {"anonymous": ALL}, "shared file": {"file": ALL}}},
    records={"own memory": [[0x90000, 0x20000]], "anonymous": [[0x70000, 0x10000]], "shared file": [[0x50000, 0x10000]],
             "mappings": 3},
    texts={"filled": {"probe/maps": MAPS.format(own="p")}})

CONFIRMS = {"bss-heap-stack-anonymous": GOOD}
REFUTES = {"bss-heap-stack-anonymous": GOOD.but(texts={"filled": {"probe/maps": MAPS.format(own="s")}})}
