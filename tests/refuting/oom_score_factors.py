"""Each factor at the number of points that turns its answer."""

from tests.refuting.made import Made

ALIKE = ("plain", "equal", "reserved", "nice", "root", "user", "parent", "parent of large ones")
EQUAL = Made(records={**dict.fromkeys(ALIKE, 690), "favoured": 756, "anonymous": 790, "shared": 790, "file": 790,
                      "at once": 0, "grown": 100, "busy": 0, "waiting": 0})


def points(name: str, more: int) -> Made:
    return EQUAL.but(records={name: EQUAL.records[name] + more})


CONFIRMS = {"oom-factor-memory": EQUAL, "oom-factor-runtime": points("waiting", 2), "oom-factor-nice": points("nice", 2),
            "oom-factor-root": points("user", 2), "oom-factor-children": points("parent", 2),
            "oom-factor-children-memory": points("parent of large ones", 2)}
REFUTES = {"oom-factor-memory": points("file", -99), "oom-factor-runtime": points("busy", 1),
           "oom-factor-nice": points("nice", 1), "oom-factor-root": points("user", 1),
           "oom-factor-children": points("parent", 1), "oom-factor-children-memory": points("parent of large ones", 1)}
