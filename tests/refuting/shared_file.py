"""shared-file-write-through: one page of 2,048 that msync did not bring to the disk."""

from harness.false_evidence.made import Made

ALL = 2048
SEEN = {"mapped": ALL, "idle": ALL, "private": 0, "written": ALL}

GOOD = Made(
    counters={"written": {"vmstat:pswpout": 0}},
    pages={"written": {"mapped": {"file": ALL}, "written": {"file": ALL}, "private": {"anonymous": ALL}}},
    records={"new on the disk before": 0,
             **{f"{name}: {where}": count for name, count in SEEN.items()
                for where in ("by other mappers", "by read()")},
             **{f"{name}: on the disk": count for name, count in {**SEEN, "idle": 0}.items()}})

CONFIRMS = {"shared-file-write-through": GOOD}
REFUTES = {"shared-file-write-through": GOOD.but(records={"mapped: on the disk": ALL - 1})}
