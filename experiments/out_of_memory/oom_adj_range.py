"""Which values do oom_adj and oom_score_adj take?

Every value of each range is written to oom_adj and to oom_score_adj of a process, then values beyond it and words
that are no numbers; the errno of each write is kept. The default is read from a kernel thread that nobody ever wrote
to. Which of the files exist is looked up beside a name that no kernel has.
"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import CONFIRMED, MIB, AtLeast, Claim, Exactly, Expect, Experiment, Known, Needs, Not, Quantity, Recorded
from harness.lab import Lab
from harness.lab.helpers.oom import adjust, number, rows, write_each

OLD, NEW = "oom_adj", "oom_score_adj"
OLD_RANGE, NEW_RANGE = range(-17, 16), range(-1000, 1001)
ENDS_OF_INTEGERS = (-(1 << 63), -(1 << 31) - 1, -(1 << 31), (1 << 31) - 1, 1 << 31, (1 << 63) - 1)
WITHIN_NEW = (*range(-1000, -17, 37), -19, -18, 16, 17, 18, *range(19, 1001, 37))
BEYOND_OLD = (*WITHIN_NEW, *ENDS_OF_INTEGERS)
BEYOND_NEW = (-10000, -1002, -1001, 1001, 1002, 10000, *ENDS_OF_INTEGERS)
WORDS = ("none", "5x", "--5", "0.5")
FILES = "fs/proc/base.c, {}: EINVAL beyond the ends that include/uapi/linux/oom.h names (v5.10 to v7.2)"

RANGE = Claim("oom-adj-range", "oom_adj takes -17 to 15, default 0, and nothing beyond.", OUT_OF_MEMORY,
              known=(Known(CONFIRMED, FILES.format("oom_adj_write")),))
NEW_TAKES = Claim("oom-score-adj-range", "oom_score_adj takes -1000 to 1000 and nothing beyond.", OUT_OF_MEMORY,
                  known=(Known(CONFIRMED, FILES.format("oom_score_adj_write")),))
STILL = Claim("oom-adj-scripts-still-work", "The old oom_adj file still exists beside oom_score_adj.", OUT_OF_MEMORY,
              known=(Known(CONFIRMED, "Documentation/filesystems/proc.rst, 3.1: kept for older programs (v5.10 to v7.2)"),))


def procedure(lab: Lab) -> None:
    probe = lab.probe()
    lab.record("default", int(lab.read(f"/proc/2/{OLD}")))      # kthreadd: nobody ever wrote to it
    for value in (0, 5):
        adjust(lab, probe, value, OLD)
        lab.record(f"after {value}", number(lab, probe, OLD))
    for file in (OLD, NEW, "oom_score", "oom_nothing"):
        lab.record(f"{file} exists", int(lab.find(f"/proc/{probe.pid}/{file}") is not None))
    for name, file, values in (("old", OLD, OLD_RANGE), ("beyond old", OLD, BEYOND_OLD), ("words to old", OLD, WORDS),
                               ("new", NEW, NEW_RANGE), ("beyond new", NEW, BEYOND_NEW), ("words to new", NEW, WORDS),
                               ("within new", NEW, WITHIN_NEW)):
        lab.record(name, write_each(lab, probe, file, values))


def refused(name: str, title: str) -> Quantity:
    return rows(name, lambda value, error: error != 0, title)


def taken(name: str, title: str) -> Quantity:
    return rows(name, lambda value, error: error == 0, title)


NONE, SOME = Exactly(0, "every value of the range"), AtLeast(1, "one value is enough")
NOTHING = Exactly(0, "nothing beyond")
EXPERIMENT = Experiment(
    procedure,
    rate=0,
    needs=Needs(memory=256 * MIB),
    expects=(
        Expect(RANGE, refused("old", "values from -17 to 15 that oom_adj refuses"), if_true=NONE, if_false=SOME,
               reads_true=refused("new", "values from -1000 to 1000 that oom_score_adj refuses"),
               reads_false=refused("words to old", "words that are no number and that oom_adj refuses"),
               says=f"oom_adj refused {{value}} of the {len(OLD_RANGE)} values from -17 to 15,"),
        Expect(RANGE, taken("beyond old", "values beyond -17 to 15 that oom_adj takes"), if_true=NOTHING, if_false=SOME,
               reads_true=taken("words to old", "words that are no number and that oom_adj takes"),
               reads_false=taken("within new", "the same values, as far as oom_score_adj takes them"),
               says=f"took {{value}} of {len(BEYOND_OLD)} beyond,"),
        Expect(RANGE, Recorded("default", title="oom_adj of a task that nobody wrote to"),
               if_true=Exactly(0, "the default of the claim"), if_false=Not(0, "another default"),
               reads_true=Recorded("after 0", title="oom_adj after 0 was written to it"),
               reads_false=Recorded("after 5", title="oom_adj after 5 was written to it"),
               says="and was {value} where nobody had written."),
        Expect(NEW_TAKES, refused("new", "values from -1000 to 1000 that oom_score_adj refuses"), if_true=NONE, if_false=SOME,
               reads_true=refused("old", "values from -17 to 15 that oom_adj refuses"),
               reads_false=refused("words to new", "words that are no number and that oom_score_adj refuses"),
               says=f"oom_score_adj refused {{value}} of the {len(NEW_RANGE):,} values from -1000 to 1000"),
        Expect(NEW_TAKES, taken("beyond new", "values beyond -1000 to 1000 that oom_score_adj takes"),
               if_true=NOTHING, if_false=SOME,
               reads_true=taken("words to new", "words that are no number and that oom_score_adj takes"),
               reads_false=taken("within new", "values within -1000 to 1000 that oom_score_adj takes"),
               says=f"and took {{value}} of {len(BEYOND_NEW)} beyond."),
        *(Expect(STILL, Recorded(f"{file} exists", title=f"/proc/PID/{file} exists"),
                 if_true=Exactly(1, "it can be read"), if_false=Exactly(0, "it can't"),
                 reads_true=Recorded("oom_score exists", title="/proc/PID/oom_score exists"),
                 reads_false=Recorded("oom_nothing exists", title="/proc/PID/oom_nothing exists"),
                 says=f"/proc/PID/{file} {{value:exists|is missing}}.") for file in (OLD, NEW)),
    ),
)
