"""What do oom_adj and oom_score_adj say once a value was written to one of them?

Every value from -17 to 15 is written to oom_adj of a process, and every value from -1000 to 1000 to its
oom_score_adj. After each write both files are read back and compared with the scaled number, 1000/17 to one,
truncated and never above 15, and the ends as they are. Another process that nobody writes to shows how unchanged values read.
"""

from collections.abc import Callable

from experiments.out_of_memory.oom_adj_range import NEW, NEW_RANGE, OLD, OLD_RANGE
from experiments.sections import OUT_OF_MEMORY
from harness.claims import CONFIRMED, MIB, REFUTED, AtLeast, Claim, Exactly, Expect, Experiment, Known, Needs, Quantity
from harness.lab import Lab
from harness.lab.helpers.oom import rows, write_each

STEP = 20       # of oom_score_adj, where some values do
FILES = "fs/proc/base.c, oom_adj_write and oom_adj_read (v5.10 to v7.2)"

MIRRORED = Claim(
    "oom-adj-mirrored", "Writing one of oom_adj and oom_score_adj changes the other to its scaled value (1000/17, "
    "truncated, never above 15; the ends match: -17 is -1000, 15 is 1000).", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, FILES + ": of 942 to 999 the scaled value would be 16; 15 is read since 66606567dedf (v5.10)",
                 since="5.10"),
           Known(REFUTED, "fs/proc/base.c, oom_adj_read (v5.9): 16 is read of 942 to 999", until="5.10")),
    instead="Use oom_score_adj alone: before 5.10 oom_adj could read 16, a value that it does not take itself.")
ROUNDTRIP = Claim("oom-adj-roundtrip", "A value written to oom_adj reads back as the same value.", OUT_OF_MEMORY,
                  known=(Known(REFUTED, FILES + ": truncated both ways, 1 is kept as 58 and reads 0"),),
    instead="Write and read oom_score_adj: what is written to oom_adj is scaled and cut off both ways, so that most values "
            "read back as another.")


def to_new(old: int) -> int:
    return 1000 if old == OLD_RANGE[-1] else int(old * 1000 / 17)


def to_old(new: int) -> int:
    """Of 942 to 999 the scaled value would be 16, which oom_adj does not have."""
    return min(int(new * 17 / 1000), OLD_RANGE[-1])


def procedure(lab: Lab) -> None:
    one, other = lab.probe("one"), lab.probe("other")
    lab.record("old", write_each(lab, one, OLD, OLD_RANGE, (one, NEW), (one, OLD), (other, NEW), (other, OLD)))
    lab.record("new", write_each(lab, one, NEW, NEW_RANGE, (one, OLD)))
    lab.record("some new", write_each(lab, one, NEW, NEW_RANGE[::STEP], (one, NEW), (other, OLD)))


def same(value: int) -> int:
    return value


def differing(name: str, column: int, expected: Callable[[int], int], title: str) -> Quantity:
    """How many values were refused, or left another number in a column than the expected one."""
    return rows(name, lambda value, error, *read: error != 0 or read[column] != expected(value), title)


NONE, SOME = Exactly(0, "every value"), AtLeast(1, "one value is enough")
WRITTEN = differing("some new", 0, same, f"of every {STEP}th value, oom_score_adj with another than the written one")

EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=2,
    needs=Needs(memory=256 * MIB),
    expects=(
        Expect(MIRRORED, differing("old", 0, to_new, "values of oom_adj with another oom_score_adj than the scaled one"),
               if_true=NONE, if_false=SOME, reads_true=WRITTEN,
               reads_false=differing("old", 2, to_new, "the same in a process that is not written to"),
               says=f"For {{value}} of {len(OLD_RANGE)} values of oom_adj, oom_score_adj was another than the scaled one, and"),
        Expect(MIRRORED, differing("new", 0, to_old, "values of oom_score_adj with another oom_adj than the scaled one"),
               if_true=NONE, if_false=SOME, reads_true=WRITTEN,
               reads_false=differing("some new", 1, to_old, f"of every {STEP}th value, the same in another process"),
               says=f"for {{value}} of {len(NEW_RANGE):,} the other way."),
        Expect(ROUNDTRIP, differing("old", 1, same, "values of oom_adj that read back as another"),
               if_true=NONE, if_false=SOME, reads_true=WRITTEN,
               reads_false=differing("old", 3, same, "values of oom_adj that another process reads back as another"),
               says=f"{{value}} of the {len(OLD_RANGE)} values of oom_adj read back as another."),
    ),
)
