"""Does oom_score depend on a process's age, CPU time, priority or owner?

One process waits for the whole trial, another computes for a second; their oom_score is read before and after.
Processes alike in everything else are compared at nice 19 and at 0, and under root and an ordinary user. One that
grows, one that is favoured by oom_score_adj and one that is equal show how both answers read.
"""

from collections.abc import Callable

from experiments.out_of_memory.oom_score_counts import HIGHER, NOT
from experiments.out_of_memory.oom_score_memory import BADNESS, HELD, MORE
from experiments.sections import OUT_OF_MEMORY
from harness.claims import (
    MIB, REFUTED, AtLeast, Claim, Derived, Exactly, Expect, Experiment, Guard, Known, Needs, Number, Quantity, Recorded,
    Recording,
)
from harness.lab import Lab, Probe
from harness.lab.helpers.oom import adjust, number, score_of

LARGE = 112 * MIB           # 3 % of it would be 10 points of a machine of 256 MiB
BUSY = 1_000_000_000        # ns of CPU time
TICKS = 50                  # half of that, of 100 in a second (USER_HZ): a guest's clock of CPU time runs in such steps
UTIME, STIME, NICENESS = 14, 15, 19
GONE = BADNESS + "; {} until a63d83f427fb (v2.6.36)"

RUNTIME = Claim("oom-factor-runtime", "How long a process has run, or how much CPU it used, changes its oom_score.",
                OUT_OF_MEMORY, known=(Known(REFUTED, GONE.format("the roots of both divided it"), since="2.6.36"),),
    instead="Memory counts (resident, swapped, page tables) and oom_score_adj, not age: protect a service with "
            "oom_score_adj, in a systemd unit with OOMScoreAdjust=.")
NICE = Claim("oom-factor-nice", "A niced (low priority) process gets a higher oom_score.", OUT_OF_MEMORY,
             known=(Known(REFUTED, GONE.format("nice above 0 doubled it"), since="2.6.36"),),
    instead="Niceness means nothing to the OOM killer: raise oom_score_adj of what may go first.")
ROOT = Claim("oom-factor-root", "A root process gets a lower oom_score than the same process of an ordinary user (3 % of "
             "memory for free).", OUT_OF_MEMORY,
             known=(Known(REFUTED, "d46078b28889 (v4.17): the bonus for root processes was removed", since="4.17"),),
    instead="Being root has been no help since 4.17: lower oom_score_adj of what must survive, in a systemd unit with "
            "OOMScoreAdjust=.")


def over_time(lab: Lab, name: str, between: Callable[[Probe], object]) -> None:
    """Records by how many points a process's oom_score differs before and after something that takes time."""
    probe = lab.probe(name)
    probe.map(HELD).fill()
    first = number(lab, probe)
    between(probe)
    lab.record(name, abs(number(lab, probe) - first))
    lab.record(f"{name}: ticks", stat(lab, probe, UTIME) + stat(lab, probe, STIME))
    probe.kill_now()


def stat(lab: Lab, probe: Probe, field: int) -> int:
    """Reads a field of /proc/PID/stat by its number in proc(5); the second one, in brackets, may hold anything."""
    return int(lab.read(f"/proc/{probe.pid}/stat").rpartition(")")[2].split()[field - 3])


def be_nice(lab: Lab, probe: Probe) -> None:
    probe.nice(19)
    lab.record("nice: nice", stat(lab, probe, NICENESS))


def others(lab: Lab) -> None:
    """All that happens while one process waits."""
    over_time(lab, "at once", lambda probe: None)
    over_time(lab, "grown", lambda probe: probe.map(MORE).fill())
    over_time(lab, "busy", lambda probe: probe.spin(BUSY))
    for name in ("plain", "equal"):
        score_of(lab, name, HELD)
    score_of(lab, "favoured", HELD, lambda probe: adjust(lab, probe, 100))
    score_of(lab, "nice", HELD, lambda probe: be_nice(lab, probe))
    score_of(lab, "root", LARGE)
    score_of(lab, "user", LARGE, uid=1000)


def procedure(lab: Lab) -> None:
    over_time(lab, "waiting", lambda probe: others(lab))


def over(name: str, base: str = "plain") -> Quantity:
    return (Recorded(name) - Recorded(base)).called(f"oom_score of “{name}” less that of “{base}”", "points")


def raises(claim: Claim, what: Quantity, says: str) -> Expect:
    return Expect(claim, what, if_true=HIGHER, if_false=NOT, reads_true=over("favoured"), reads_false=over("equal"),
                  says=says)


def changed(title: str, *names: str) -> Quantity:
    """By how many points the oom_score of these processes differed before and after, the larger difference."""
    def largest(recording: Recording) -> Number | None:
        found = [recording.records[name] for name in names if name in recording.records]
        return max(found) if len(found) == len(names) else None
    return Derived(f"change of oom_score {title}", largest, "points")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=4,
    needs=Needs(memory=256 * MIB),
    guards=(Guard(Recorded("busy: ticks"), AtLeast(TICKS), "it must have had the CPU time"),
            Guard(Recorded("nice: nice"), Exactly(19), "it must be nice")),
    expects=(
        Expect(RUNTIME, changed("over time, the larger one of a waiting and a busy process", "waiting", "busy"),
               if_true=HIGHER, if_false=NOT, reads_true=changed("of a process that grew by 32 MiB", "grown"),
               reads_false=changed("of a process that was read twice at once", "at once"),
               says="A second of CPU, and the trial's whole length of waiting, changed oom_score by {value} points."),
        raises(NICE, over("nice"), "At nice 19 oom_score was {value} points higher."),
        raises(ROOT, over("user", "root"), "The ordinary user's process had {value} points more than root's."),
    ),
)
