"""Which values do oom_adj and oom_score_adj take, and what does one say when the other is written?

Every value of each range is written to oom_adj and to oom_score_adj of a process, then values beyond the range and
words that are no numbers. After each, errno is kept and the same file is read back, or the other one, to see the
scaled value. A process that nobody writes to shows how unchanged values read, and a kernel thread's file the default.
"""

from collections.abc import Callable, Iterable

from experiments.sections import OUT_OF_MEMORY
from harness.claims import CONFIRMED, REFUTED, AtLeast, Claim, Exactly, Expect, Experiment, Known, Not
from harness.needs import MIB, Needs
from harness.oom_killer import number
from harness.procedure import Lab, Probe
from harness.quantities import Derived, Quantity, Recorded

OLD, NEW, BATCH = "oom_adj", "oom_score_adj", 40
OLD_RANGE, NEW_RANGE = range(-17, 16), range(-1000, 1001)
FAR = (-(1 << 63), -(1 << 31) - 1, -(1 << 31), (1 << 31) - 1, 1 << 31, (1 << 63) - 1)
BEYOND_OLD = (*range(-1000, -17, 37), -19, -18, 16, 17, 18, *range(19, 1001, 37), *FAR)
BEYOND_NEW = (-10000, -1002, -1001, 1001, 1002, 10000, *FAR)
WORDS = ("none", "5x", "--5", "0.5")
FILES = "fs/proc/base.c, oom_adj_write and oom_adj_read (v5.10 to v7.2)"
DOCUMENT = "Documentation/filesystems/proc.rst, 3.1"


def claim(name: str, text: str, verdict: str, source: str) -> Claim:
    return Claim(name, text, OUT_OF_MEMORY, known=(Known(verdict, source),))


RANGE = claim("oom-adj-range", "oom_adj takes -17 to 15, default 0, and nothing beyond.", CONFIRMED, FILES)
NEW_TAKES = claim("oom-score-adj-range", "oom_score_adj takes -1000 to 1000 and nothing beyond.", CONFIRMED, DOCUMENT)
MIRRORED = claim("oom-adj-mirrored", "Writing one of oom_adj and oom_score_adj changes the other to its scaled value "
                 "(1000/17, truncated; the ends match: -17 is -1000, 15 is 1000).", CONFIRMED,
                 FILES + ": what would be 16 reads 15, oom_adj's end")
ROUNDTRIP = claim("oom-adj-roundtrip", "A value written to oom_adj reads back as the same value.", REFUTED,
                  FILES + ": truncated both ways, 1 is kept as 58 and reads 0")
STILL = claim("oom-adj-scripts-still-work", "The old oom_adj file still exists beside oom_score_adj.", CONFIRMED, DOCUMENT)


def write(lab: Lab, name: str, values: Iterable[int | str], written: Probe, file: str, read: Probe, other: str) -> None:
    """Writes each value to one file and reads another: a list of value, errno, number read."""
    found, values = [], list(values)
    for first in range(0, len(values), BATCH):
        batch = [(value, lab.hand.begin.put(f"/proc/{written.pid}/{file}", str(value)),
                  lab.hand.begin.slurp(f"/proc/{read.pid}/{other}")) for value in values[first:first + BATCH]]
        found += [[value, put.wait().error, int(got.wait().text)] for value, put, got in batch]
    lab.record(name, found)


def procedure(lab: Lab) -> None:
    one, untouched = lab.probe("one"), lab.probe("untouched")
    lab.record("default", int(lab.read(f"/proc/2/{OLD}")))      # kthreadd: nobody ever wrote to it
    for file in (OLD, NEW, "oom_score", "oom_nothing"):
        lab.record(f"{file} exists", int(lab.find(f"/proc/{one.pid}/{file}") is not None))
    for name, values, file, read, other in (
            ("old", OLD_RANGE, OLD, one, OLD), ("old beyond", BEYOND_OLD, OLD, one, OLD),
            ("new", NEW_RANGE, NEW, one, NEW), ("new beyond", BEYOND_NEW, NEW, one, NEW),
            ("old to new", OLD_RANGE, OLD, one, NEW), ("new to old", NEW_RANGE, NEW, one, OLD),
            ("words to old", WORDS, OLD, one, OLD), ("words to new", WORDS, NEW, one, NEW),
            ("old, another's old", OLD_RANGE, OLD, untouched, OLD), ("old, another's new", OLD_RANGE, OLD, untouched, NEW),
            ("new, another's old", NEW_RANGE[::20], NEW, untouched, OLD),
            ("far to new", BEYOND_OLD[:-len(FAR)], NEW, one, NEW), ("beyond to new", range(1001, 1034), NEW, one, NEW)):
        write(lab, name, values, one, file, read, other)
    for value in (0, 5):
        write(lab, f"wrote {value}", [value], one, NEW, one, NEW)
        lab.record(f"after {value}", number(lab, one, NEW))


def count(name: str, wrong: Callable[[int, int, int], bool], title: str) -> Quantity:
    """How many of the written values went wrong."""
    return Derived(title, lambda recording: sum(wrong(*row) for row in recording.records[name])
                   if name in recording.records else None, "values")


def refused(name: str, title: str) -> Quantity:
    return count(name, lambda value, error, read: error != 0, title)


def taken(name: str, title: str) -> Quantity:
    return count(name, lambda value, error, read: error == 0, title)


def differing(name: str, title: str, scaled: Callable[[int], int] = lambda value: value) -> Quantity:
    return count(name, lambda value, error, read: error != 0 or read != scaled(value), title)


def to_new(old: int) -> int:
    return 1000 if old == 15 else int(old * 1000 / 17)


def to_old(new: int) -> int:
    return min(int(new * 17 / 1000), 15)        # 942 to 999 would be 16, which oom_adj does not have


NONE, SOME = Exactly(0, "every value of the range"), AtLeast(1, "one value is enough")
EXPERIMENT = Experiment(
    procedure,
    rate=0,
    needs=Needs(memory=256 * MIB),
    expects=(
        Expect(RANGE, refused("old", "values from -17 to 15 that oom_adj refuses"), if_true=NONE, if_false=SOME,
               reads_true=refused("new", "values from -1000 to 1000 that oom_score_adj refuses"),
               reads_false=refused("beyond to new", "values from 1001 to 1033 that oom_score_adj refuses"),
               says="oom_adj refused {value} of the 33 values from -17 to 15,"),
        Expect(RANGE, taken("old beyond", "values beyond -17 to 15 that oom_adj takes"),
               if_true=Exactly(0, "nothing beyond"), if_false=SOME,
               reads_true=taken("words to old", "words that are no number and that oom_adj takes"),
               reads_false=taken("far to new", "the same values that oom_score_adj takes"),
               says=f"took {{value}} of {len(BEYOND_OLD)} beyond,"),
        Expect(RANGE, Recorded("default", title="oom_adj of a task that nobody wrote to"),
               if_true=Exactly(0, "the default of the claim"), if_false=Not(0, "another default"),
               reads_true=Recorded("after 0", title="the value of a process after 0 was written"),
               reads_false=Recorded("after 5", title="the value of a process after 5 was written"),
               says="and was {value} where nobody had written."),
        Expect(NEW_TAKES, refused("new", "values from -1000 to 1000 that oom_score_adj refuses"), if_true=NONE, if_false=SOME,
               reads_true=refused("old", "values from -17 to 15 that oom_adj refuses"),
               reads_false=refused("old beyond", "values beyond -17 to 15 that oom_adj refuses"),
               says="oom_score_adj refused {value} of the 2,001 values from -1000 to 1000"),
        Expect(NEW_TAKES, taken("new beyond", "values beyond -1000 to 1000 that oom_score_adj takes"),
               if_true=Exactly(0, "nothing beyond"), if_false=SOME,
               reads_true=taken("words to new", "words that are no number and that oom_score_adj takes"),
               reads_false=taken("far to new", "values within -1000 to 1000 that oom_score_adj takes"),
               says=f"and took {{value}} of {len(BEYOND_NEW)} beyond."),
        Expect(MIRRORED, differing("old to new", "values of oom_adj with another oom_score_adj than the scaled one", to_new),
               if_true=NONE, if_false=SOME,
               reads_true=differing("new", "values of oom_score_adj with another oom_score_adj than the written one"),
               reads_false=differing("old, another's new", "the same in a process that is not written to", to_new),
               says="For {value} of 33 values of oom_adj oom_score_adj was not the scaled one, and"),
        Expect(MIRRORED, differing("new to old", "values of oom_score_adj with another oom_adj than the scaled one", to_old),
               if_true=NONE, if_false=SOME,
               reads_true=differing("new", "values of oom_score_adj with another oom_score_adj than the written one"),
               reads_false=differing("new, another's old", "of every 20th value, the same in another process", to_old),
               says="for {value} of 2,001 the other way (942 to 999 read 15, the end of oom_adj)."),
        Expect(ROUNDTRIP, differing("old", "values of oom_adj that read back as another"), if_true=NONE, if_false=SOME,
               reads_true=differing("new", "values of oom_score_adj that read back as another"),
               reads_false=differing("old, another's old", "the same read from another process"),
               says="{value} of the 33 values of oom_adj read back as another."),
        *(Expect(STILL, Recorded(f"{file} exists", title=f"/proc/PID/{file} exists"),
                 if_true=Exactly(1, "it can be read"), if_false=Exactly(0, "it can't"),
                 reads_true=Recorded("oom_score exists", title="/proc/PID/oom_score exists"),
                 reads_false=Recorded("oom_nothing exists", title="/proc/PID/oom_nothing exists"),
                 says=f"/proc/PID/{file} exists: {{value}}.") for file in (OLD, NEW)),
    ),
)
