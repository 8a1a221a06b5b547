"""Each kind of memory at the number of points that turns its answer."""

from harness.false_evidence.made import Made

PLAIN = ("plain", "equal", "reserved", "parent", "parent of large ones")
GOOD = Made(records={**dict.fromkeys(PLAIN, 690), **dict.fromkeys(("favoured", "anonymous", "shared", "file"), 790),
                     "children": 30, "large children": 2})


def points(name: str, score: int) -> Made:
    return GOOD.but(records={name: score})


CONFIRMS = {"oom-factor-memory": points("file", 695), "oom-factor-children": points("parent", 695),
            "oom-factor-children-memory": points("parent of large ones", 695)}
REFUTES = {"oom-factor-memory": points("file", 694), "oom-factor-children": points("parent", 694),
           "oom-factor-children-memory": points("parent of large ones", 694)}
