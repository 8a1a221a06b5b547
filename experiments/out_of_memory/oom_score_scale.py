"""What do the numbers in oom_score mean: shares of memory, plain sums, shifted bits?

The number in oom_score is read for an idle process and for ones that hold half and 60 % of the machine's memory and
swap. For the idle one oom_score_adj is raised by 300 and oom_adj lowered by 1, 2 and 3, and the change of the number
is compared with a plain sum and with a bit shift. References are scores that were brought to the claimed number by
searching for the value that yields it.
"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import CONFIRMED, REFUTED, AtLeast, AtMost, Claim, Expect, Experiment, Known, Outside, Within
from harness.needs import KIB, MIB, Needs
from harness.oom_killer import adjust, number
from harness.procedure import Lab, Probe
from harness.quantities import Quantity, Recorded

MOST, RAISED = 60, 300      # percent of memory that the large process holds; what is added to oom_score_adj
SHIFTS = (-1, -2, -3)
SCALE = ("fs/proc/base.c, proc_oom_score: (1000 + badness * 1000 / totalpages) * 2 / 3 since 9066e5cfb73c (v5.9), "
         "oom_score_adj being part of the badness")
BADNESS = "mm/oom_kill.c, oom_badness: oom_score_adj is added; the shift went with a63d83f427fb (v2.6.36)"

HALF = Claim("oom-score-half-is-500", "A process that uses half of the allowed memory has an oom_score of 500.",
             OUT_OF_MEMORY, known=(Known(REFUTED, SCALE, since="5.9"), Known(CONFIRMED, SCALE, since="4.17", until="5.9")))
ALL = Claim("oom-score-all-is-1000", "oom_score runs from 0 (no memory used) to 1000 (all of it).", OUT_OF_MEMORY,
            known=(Known(REFUTED, SCALE, since="5.9"), Known(CONFIRMED, SCALE, since="4.17", until="5.9")))
SUM = Claim("oom-score-adj-plain-sum", "Raising oom_score_adj by X raises the number in oom_score by X.", OUT_OF_MEMORY,
            known=(Known(REFUTED, SCALE, since="5.9"), Known(CONFIRMED, SCALE, since="2.6.36", until="5.9")))
SHIFT = Claim("oom-adj-bitshift", "oom_adj is used as a bit shift of the score.", OUT_OF_MEMORY,
              known=(Known(REFUTED, BADNESS, since="2.6.36"),))


def reach(lab: Lab, probe: Probe, score: int) -> int:
    """Writes the oom_score_adj with which a process's oom_score comes nearest to a number: the score it has then."""
    low, high = -999, 1000
    while low < high:
        middle = (low + high) // 2
        adjust(lab, probe, middle)
        low, high = (middle + 1, high) if number(lab, probe) < score else (low, middle)
    adjust(lab, probe, low)
    return number(lab, probe)


def hold(lab: Lab, name: str, percent: int) -> Probe:
    """A process that holds this share of the machine's memory and swap, with what it has anyway."""
    probe = lab.probe(name)
    total = lab.memory + lab.counter("meminfo:SwapTotal")
    size = (total * percent // 100 - used(lab, probe)) // lab.page_size * lab.page_size
    probe.map(size).fill()
    lab.record(f"{name}: thousandths", round(used(lab, probe) * 1000 / total))
    return probe


def used(lab: Lab, probe: Probe) -> int:
    """What oom_badness counts: resident memory, swap and page tables, bytes (/proc/PID/status)."""
    rows = dict(line.split(":", 1) for line in lab.read(f"/proc/{probe.pid}/status").splitlines())
    return sum(int(rows[key].split()[0]) * KIB for key in ("VmRSS", "VmSwap", "VmPTE"))


def procedure(lab: Lab) -> None:
    idle = lab.probe("idle")
    lab.record("idle", number(lab, idle))
    lab.record("brought to 500", reach(lab, idle, 500))
    adjust(lab, idle, -1000)
    lab.record("exempt", number(lab, idle))
    adjust(lab, idle, 0)
    before = number(lab, idle)
    adjust(lab, idle, RAISED)
    lab.record("raised", number(lab, idle) - before)
    lab.record("brought up", reach(lab, idle, before + RAISED) - before)
    adjust(lab, idle, 0)
    lab.record("left alone", number(lab, idle) - before)
    for shift in SHIFTS:
        adjust(lab, idle, shift, "oom_adj")
        lab.record(f"shifted {shift}", number(lab, idle) / before)
        lab.record(f"brought down {shift}", reach(lab, idle, before >> -shift) / before)
        adjust(lab, idle, 0)
    lab.record("unshifted", number(lab, idle) / before)
    half = hold(lab, "half", 50)
    lab.record("half", number(lab, half))
    half.kill_now()
    most = hold(lab, "most", MOST)
    lab.record("most", number(lab, most))
    most.kill_now()
    lab.record("brought to most", reach(lab, idle, MOST * 10))


def score(name: str, title: str) -> Quantity:
    return Recorded(name, "points", title=f"oom_score of a process {title}")


WHY = "5 points are the rounding of the score and the pages that the process has besides"
EXPERIMENT = Experiment(
    procedure,
    rate=0,
    needs=Needs(memory=256 * MIB),
    expects=(
        Expect(HALF, score("half", "that holds half of RAM and swap"),
               if_true=Within(495, 505, WHY), if_false=Outside(495, 505, "another number"),
               reads_true=score("brought to 500", "brought to 500 by oom_score_adj"),
               reads_false=score("idle", "that holds nearly nothing"),
               says="With half of RAM and swap the oom_score was {value}."),
        Expect(ALL, score("idle", "that holds nearly nothing"),
               if_true=AtMost(20, "its libraries and stack are less than 2 % of 220 MiB"),
               if_false=AtLeast(21, "more than it uses"), reads_true=score("exempt", "at oom_score_adj -1000"),
               reads_false=score("half", "that holds half of RAM and swap"),
               says="A process that holds nearly nothing had an oom_score of {value};"),
        Expect(ALL, score("most", f"that holds {MOST} % of RAM and swap"),
               if_true=Within(MOST * 10 - 5, MOST * 10 + 5, WHY),
               if_false=Outside(MOST * 10 - 5, MOST * 10 + 5, "not its share in thousandths"),
               reads_true=score("brought to most", f"brought to {MOST * 10} by oom_score_adj"),
               reads_false=score("brought to 500", "brought to 500 by oom_score_adj"),
               says=f"with {MOST} % of RAM and swap it was {{value}}."),
        Expect(SUM, score("raised", f"after +{RAISED}, less that before"),
               if_true=Within(RAISED - 2, RAISED + 2, "two roundings to whole points"),
               if_false=Outside(RAISED - 2, RAISED + 2, "not the sum"),
               reads_true=score("brought up", f"brought up by {RAISED} points, less that before"),
               reads_false=score("left alone", "left alone, less that before"),
               says=f"oom_score_adj +{RAISED} raised oom_score by {{value}}."),
        *(Expect(SHIFT, Recorded(f"shifted {shift}", "", title=f"oom_score with oom_adj {shift}, of that with 0"),
                 if_true=Within(2 ** shift - 0.01, 2 ** shift + 0.01, "whole points of a score above 600"),
                 if_false=Outside(2 ** shift - 0.01, 2 ** shift + 0.01, "not shifted by that"),
                 reads_true=Recorded(f"brought down {shift}", "", title="that of a score brought there by oom_score_adj"),
                 reads_false=Recorded("unshifted", "", title="that of a score left alone"),
                 says=f"With oom_adj {shift} oom_score was {{value}} of that with 0.") for shift in SHIFTS),
    ),
)
