"""How do oom_score_adj and oom_adj change the number in oom_score: by a sum, by shifted bits?

The number in oom_score of an idle process is read, then again with its oom_score_adj raised by 300, and with its
oom_adj lowered by 1, 2 and 3. The changes are compared with a plain sum and with a bit shift. Scores that were
brought to the claimed number by searching for the value that yields it, and scores left alone, show how both answers
read.
"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Outside, Quantity, Recorded,
    Within,
)
from harness.lab import Lab
from harness.lab.helpers.oom import adjust, number, reach

RAISED = 300                # what is added to oom_score_adj
SHIFTS = (-1, -2, -3)       # values of oom_adj; upwards there is no room in the score of a process to double it

SUM = Claim("oom-score-adj-plain-sum", "Raising oom_score_adj by X raises the number in oom_score by X.", OUT_OF_MEMORY,
            known=(Known(REFUTED, "fs/proc/base.c, proc_oom_score: two thirds of it since 9066e5cfb73c (v5.9)", since="5.9"),
                   Known(CONFIRMED, "fs/proc/base.c, proc_oom_score until 9066e5cfb73c (v5.9)", since="2.6.36", until="5.9")),
    instead="Since 5.9 oom_score moves by two thirds of what is added to oom_score_adj: compare scores with each other, not "
            "with a sum that you have worked out.")
SHIFT = Claim("oom-adj-bitshift", "oom_adj is used as a bit shift of the score.", OUT_OF_MEMORY,
              known=(Known(REFUTED, "mm/oom_kill.c, oom_badness: a summand; the shift went with a63d83f427fb (v2.6.36)",
                           since="2.6.36"),),
    instead="Use oom_score_adj, which adds thousandths of the allowed memory: since 2.6.36 a value of oom_adj is converted "
            "to it, and shifts nothing.")


def procedure(lab: Lab) -> None:
    probe = lab.probe()
    before = number(lab, probe)
    adjust(lab, probe, RAISED)
    lab.record("raised: oom_score_adj", number(lab, probe, "oom_score_adj"))
    lab.record("raised", number(lab, probe) - before)
    lab.record("brought up", reach(lab, probe, before + RAISED) - before)
    adjust(lab, probe, 0)
    lab.record("left alone", number(lab, probe) - before)
    lab.record("unshifted", number(lab, probe) / before)
    for shift in SHIFTS:
        adjust(lab, probe, shift, "oom_adj")
        lab.record(f"shifted {shift}: oom_score_adj", number(lab, probe, "oom_score_adj"))
        lab.record(f"shifted {shift}", number(lab, probe) / before)
        lab.record(f"brought down {shift}", reach(lab, probe, before >> -shift) / before)


def points(name: str, title: str) -> Quantity:
    return Recorded(name, "points", title=f"oom_score {title}, less that before")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=2,
    needs=Needs(memory=256 * MIB),
    guards=(Guard(Recorded("raised: oom_score_adj"), Exactly(RAISED), "a score that nothing raised is no sum either"),
            *(Guard(Recorded(f"shifted {shift}: oom_score_adj"), AtMost(-1), "nor was it shifted by what was not written")
              for shift in SHIFTS)),
    expects=(
        Expect(SUM, points("raised", f"after +{RAISED}"),
               if_true=Within(RAISED - 2, RAISED + 2, "two roundings to whole points"),
               if_false=Outside(RAISED - 2, RAISED + 2, "not the sum"),
               reads_true=points("brought up", f"brought up by {RAISED} points"),
               reads_false=points("left alone", "left alone"),
               says=f"oom_score_adj +{RAISED} raised oom_score by {{value}}."),
        *(Expect(SHIFT, Recorded(f"shifted {shift}", "", title=f"oom_score with oom_adj {shift}, of that with 0"),
                 if_true=Within(2 ** shift - 0.01, 2 ** shift + 0.01, "whole points of a score above 600"),
                 if_false=Outside(2 ** shift - 0.01, 2 ** shift + 0.01, "not shifted by that"),
                 reads_true=Recorded(f"brought down {shift}", "", title="that of a score brought there by oom_score_adj"),
                 reads_false=Recorded("unshifted", "", title="that of a score left alone"),
                 says=f"With oom_adj {shift} oom_score was {{value}} of that with 0.") for shift in SHIFTS),
    ),
)
