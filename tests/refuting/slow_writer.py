"""Writers to a slow disk in a group: the last one killed, or none."""

from harness.false_evidence.made import Made

NONE, ALL, LAST = [[0, 9]] * 8, [[1, 9]] * 8, [*([[0, 9]] * 7), [1, 9]]
UNSEEN, SEEN = "memcg-slow-write-ooms", "memcg-slow-write-ooms-watched"
SPARED = Made(records={"64 MiB of a file": NONE, "64 MiB of a file, watched": NONE, "64 MiB of memory": ALL,
                       "4 MiB of a file": [[0, 0]] * 8})

CONFIRMS = {UNSEEN: SPARED.but(records={"64 MiB of a file": LAST}), SEEN: SPARED.but(records={"64 MiB of a file, watched": LAST})}
REFUTES = {UNSEEN: SPARED, SEEN: SPARED}
