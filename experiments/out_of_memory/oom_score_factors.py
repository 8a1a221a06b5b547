"""What raises a process's oom_score: its memory, its age, its priority, its owner, its children?

Processes that differ in one thing alone are compared by the number in /proc/PID/oom_score: memory held, time waited
or spent computing, priority, owner, number of children, memory of the children. One that was favoured by
oom_score_adj shows how a higher score reads, one that is equal in everything how the same one does.
"""

from collections.abc import Callable

from experiments.sections import OUT_OF_MEMORY
from harness.claims import CONFIRMED, REFUTED, AtLeast, AtMost, Claim, Expect, Experiment, Known
from harness.needs import MIB, Needs
from harness.oom_killer import adjust, number
from harness.procedure import Lab, Probe
from harness.quantities import Derived, Quantity, Recorded

HELD, MORE, LARGE = 8 * MIB, 32 * MIB, 48 * MIB
CHILDREN, FILLED, EACH = 30, 2, 32 * MIB
SECONDS = 3
BADNESS = "mm/oom_kill.c, oom_badness (v5.10 to v7.2): resident pages, swap entries and page tables of the process alone"
# One point of oom_score is 1.5 thousandths of the machine's memory, 84 pages here; two equal processes differ by some
# ten pages of libraries, which may cross a border between two points, not two borders.
HIGHER = AtLeast(2, "more than the one point by which two equal processes may differ")
NOT = AtMost(1, "equal processes may differ by one point, where a border lies between them")


def claim(name: str, text: str, verdict: str, source: str = BADNESS, since: str | None = None) -> Claim:
    return Claim(name, text, OUT_OF_MEMORY, known=(Known(verdict, source, since=since),))


MEMORY = claim("oom-factor-memory", "A process that uses more memory gets a higher oom_score.", CONFIRMED)
RUNTIME = claim("oom-factor-runtime", "How long a process has run, or how much CPU it used, changes its oom_score.",
                REFUTED, BADNESS + "; time was a factor until a63d83f427fb (v2.6.36)", since="2.6.36")
NICE = claim("oom-factor-nice", "A niced (low priority) process gets a higher oom_score.", REFUTED,
             BADNESS + "; nice was a factor until a63d83f427fb (v2.6.36)", since="2.6.36")
ROOT = claim("oom-factor-root", "A root process gets a lower oom_score than the same process of an ordinary user (3 % of "
             "memory for free).", REFUTED, "d46078b28889 (v4.17): the bonus for root processes was removed", since="4.17")
CHILD = claim("oom-factor-children", "A process with many children gets a higher oom_score.", REFUTED)
CHILD_MEMORY = claim("oom-factor-children-memory", "The memory of its children raises a process's oom_score.", REFUTED,
                     BADNESS + "; half of the children's was added until a63d83f427fb (v2.6.36)", since="2.6.36")


def score(lab: Lab, name: str, prepare: Callable[[Probe], object], held: int = HELD, uid: int = 0) -> None:
    """The oom_score of a process of its own that holds some memory and was prepared."""
    probe = lab.probe(name, uid=uid)
    probe.map(held).fill()
    prepare(probe)
    lab.record(name, number(lab, probe))
    probe.kill_now()


def map_file(lab: Lab, probe: Probe) -> None:
    probe.map(MORE, shared=True, fd=probe.create_file(f"{lab.mount_disk()}/file", MORE)).read()


def over_time(lab: Lab, name: str, between: Callable[[Probe], object]) -> None:
    probe = lab.probe(name)
    probe.map(HELD).fill()
    first = number(lab, probe)
    between(probe)
    lab.record(name, abs(number(lab, probe) - first))
    probe.kill_now()


def procedure(lab: Lab) -> None:
    waiting = lab.probe("waiting")
    waiting.map(HELD).fill()
    young = number(lab, waiting)
    score(lab, "plain", lambda probe: None)
    score(lab, "equal", lambda probe: None)
    score(lab, "favoured", lambda probe: adjust(lab, probe, 100))
    score(lab, "reserved", lambda probe: probe.map(MORE))
    score(lab, "anonymous", lambda probe: probe.map(MORE).fill())
    score(lab, "shared", lambda probe: probe.map(MORE, shared=True).fill())
    score(lab, "file", lambda probe: map_file(lab, probe))
    score(lab, "nice", lambda probe: probe.nice(19))
    score(lab, "root", lambda probe: None, LARGE)
    score(lab, "user", lambda probe: None, LARGE, uid=1000)
    score(lab, "parent", lambda probe: probe.fork_idle(CHILDREN))
    score(lab, "parent of large ones", lambda probe: probe.fork_idle(FILLED, EACH))
    over_time(lab, "at once", lambda probe: None)
    over_time(lab, "grown", lambda probe: probe.map(MORE).fill())
    over_time(lab, "busy", lambda probe: probe.spin(SECONDS * 1_000_000_000))
    lab.record("waiting", abs(number(lab, waiting) - young))


def over(name: str, base: str = "plain") -> Quantity:
    return (Recorded(name) - Recorded(base)).called(f"oom_score of “{name}” less that of “{base}”", "points")


def raises(claim: Claim, what: Quantity, says: str) -> Expect:
    return Expect(claim, what, if_true=HIGHER, if_false=NOT, reads_true=over("favoured"), reads_false=over("equal"),
                  says=says)


def changed(name: str, title: str) -> Quantity:
    return Recorded(name, "points", title=f"change of oom_score of a process {title}")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    needs=Needs(memory=256 * MIB, changes=("mount",)),
    expects=(
        *(Expect(MEMORY, over(kind), if_true=HIGHER, if_false=NOT, reads_true=over("favoured"),
                 reads_false=over("reserved"), says=f"32 MiB more of {words} memory raised oom_score by {{value}} points.")
          for kind, words in (("anonymous", "anonymous"), ("shared", "shared anonymous"), ("file", "mapped file"))),
        Expect(RUNTIME, Derived("change of oom_score over time, of a waiting and a busy process",
                                lambda recording: max(recording.records["waiting"], recording.records["busy"])
                                if {"waiting", "busy"} <= set(recording.records) else None, "points"),
               if_true=HIGHER, if_false=NOT, reads_true=changed("grown", "that grew by 32 MiB"),
               reads_false=changed("at once", "that was read twice at once"),
               says=f"{SECONDS} seconds of CPU, and the trial's whole length of waiting, changed oom_score by {{value}} "
                    "points."),
        raises(NICE, over("nice"), "At nice 19 oom_score was {value} points higher."),
        raises(ROOT, over("user", "root"), "The ordinary user's process had {value} points more than root's."),
        raises(CHILD, over("parent"), f"{CHILDREN} children raised oom_score by {{value}} points."),
        raises(CHILD_MEMORY, over("parent of large ones"),
               f"{FILLED} children of 32 MiB each raised their parent's oom_score by {{value}} points."),
    ),
)
