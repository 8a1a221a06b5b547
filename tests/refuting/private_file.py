"""private-file-read-cached and private-file-cow: one page of 2,048 in a frame of its own, or new on the disk."""

from harness.false_evidence.made import Made

ALL = 2048
FILE, ANON = {"file": ALL}, {"anonymous elsewhere": ALL}
OLD = {"after a byte": {"written": ALL, "shared": ALL, "anonymous": 0},
       "in cache": {"written": ALL, "shared": 0, "read": ALL},
       "on disk": {"written": ALL, "shared": 0, "read": ALL}}

GOOD = Made(
    pages={"read": {"read": FILE, "written": {"file": ALL // 2, "absent": ALL // 2}, "shared": FILE, "anonymous": ANON,
                    "cache of read": FILE, "cache of shared": FILE},
           "written": {"written": ANON, "shared": FILE, "anonymous": ANON}},
    records={f"{name}: old {where}": count for where, counts in OLD.items() for name, count in counts.items()})

CONFIRMS = {"private-file-read-cached": GOOD, "private-file-cow": GOOD}
REFUTES = {
    "private-file-read-cached": GOOD.but(pages={"read": {"read": {"file": ALL - 1, "anonymous elsewhere": 1}}}),
    "private-file-cow": GOOD.but(records={"written: old on disk": ALL - 1})}
