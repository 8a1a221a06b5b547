"""shared-anon-common and fork-shares-until-write: one page of 4,096 that the other does not see, or that was copied."""

from harness.false_evidence.made import Made, States

ALL, HALF = 2048, 1024


def both(kind: str, states: States) -> dict[str, States]:
    return {f"{kind} of {name}": states for name in ("parent", "child")}


GOOD = Made(
    counters={"forked": {"parent/statm:size": 5 * ALL, "child/statm:size": 5 * ALL, "stranger/statm:size": 900}},
    pages={"forked": {**both("private", {"anonymous": ALL}), **both("shared", {"shmem": ALL}),
                      **both("own", {"anonymous elsewhere": ALL})},
           "written": {**both("written private", {"anonymous elsewhere": HALF}),
                       **both("unwritten private", {"anonymous": HALF}),
                       **both("written shared", {"shmem": HALF}), **both("unwritten shared", {"shmem": HALF}),
                       **both("written own", {"anonymous elsewhere": HALF}),
                       **both("unwritten own", {"anonymous elsewhere": HALF})}},
    records={"shared: seen": HALF, "private: seen": 0, "shared file: seen": HALF, "private file: seen": 0})

CONFIRMS = {"shared-anon-common": GOOD, "fork-shares-until-write": GOOD}
REFUTES = {
    "shared-anon-common": GOOD.but(records={"shared: seen": HALF - 1}),
    "fork-shares-until-write": GOOD.but(pages={"written": {
        "unwritten private of child": {"anonymous": HALF - 1, "anonymous elsewhere": 1}}})}
