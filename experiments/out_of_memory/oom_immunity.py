"""Is a process with oom_adj -17 or oom_score_adj -1000 never killed, however large it is?"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import CONFIRMED, AtLeast, Claim, Exactly, Expect, Experiment, Known
from harness.counters import keyed
from harness.needs import MIB, Needs
from harness.oom import IsVictim
from harness.oom_killer import NEVER, Witness, exhaust_group, exhaust_machine, occupy
from harness.oom_score import adjust, number
from harness.procedure import Lab, Probe
from harness.quantities import Quantity, Recorded

LIMIT, LARGE, SMALL, HUGE = 64 * MIB, 40 * MIB, 8 * MIB, 72 * MIB
ALONE, ROOM, PATIENCE = 80 * MIB, 120 * MIB, 300_000_000         # bytes; ns
BADNESS = "mm/oom_kill.c, oom_badness: LONG_MIN at OOM_SCORE_ADJ_MIN (v5.10 to v7.2)"
# Claim's setting → file, value, the value beside it that does not protect.
WAYS = {"oom_adj -17": ("oom_adj", -17, -16), "oom_score_adj -1000": ("oom_score_adj", -1000, -999)}

OLD = Claim("oom-adj-minus17-immune", "A process with oom_adj -17 is never chosen, however large.", OUT_OF_MEMORY,
            known=(Known(CONFIRMED, BADNESS + "; fs/proc/base.c, oom_adj_write: -17 is -1000"),))
NEW = Claim("oom-score-adj-min-disables", "oom_score_adj -1000 makes the score 0 and the process immune.", OUT_OF_MEMORY,
            known=(Known(CONFIRMED, BADNESS),))


def in_group(lab: Lab, witness: Witness, name: str, file: str, value: int) -> None:
    """Of a group's two processes the large one has the setting."""
    with lab.sandbox(f"group of {name}".replace(" ", "-"), limit=LIMIT, swap=0) as box:
        large, small = occupy(lab, f"{name}: large", LARGE, box), occupy(lab, f"{name}: small", SMALL, box)
        adjust(lab, large, value, file)
        lab.record(f"{name}: score", number(lab, large))
        exhaust_group(lab, box, occupy(lab, f"{name}: asking", 0, box, adj=NEVER), LIMIT)
        witness.record(f"{name}: group", large, small)


def system_wide(lab: Lab, witness: Witness, name: str, large: Probe, file: str, value: int) -> None:
    """Of two processes outside of any group the large one has the setting."""
    adjust(lab, large, value, file)
    small, asking = occupy(lab, f"{name}: other", SMALL), occupy(lab, f"{name}: asking all", 0, adj=NEVER)
    exhaust_machine(lab, asking)
    witness.record(f"{name}: machine", large, small)
    asking.kill_now()


def alone(lab: Lab, name: str, file: str, value: int, limit: int = LIMIT) -> None:
    """A group's only process asks for more than the limit, which is raised when the process has waited for a while."""
    def events() -> dict[str, int]:
        return keyed((box.read("memory.events") or "").encode())

    with lab.sandbox(f"alone at {name}".replace(" ", "-"), limit=limit, swap=0) as box:
        probe = lab.probe(f"{name}: alone", box)
        adjust(lab, probe, value, file)
        memory = probe.map(ALONE)
        pending = probe.begin.fill(memory.address, memory.length)
        while not pending.done and not events()["oom"]:
            lab.hand.sleep(PATIENCE // 10)
        lab.hand.sleep(PATIENCE)
        lab.record(f"{name}: events", events())
        box.set("memory.max", str(ROOM))
        lab.record(f"{name}: alone", int(pending.wait().ended is not None))


def procedure(lab: Lab) -> None:
    witness = Witness(lab)
    lab.record("kernel thread: score", int(lab.read("/proc/2/oom_score")))
    alone(lab, "in its limit", "oom_score_adj", 0, ROOM)
    for name, (file, value, beside) in WAYS.items():
        for case, one in ((name, value), (f"{name} undone", 0)):
            in_group(lab, witness, case, file, one)
        large = occupy(lab, f"{name}: of all", HUGE)
        for case, one in ((name, value), (f"{name} undone", 0)):
            system_wide(lab, witness, case, large, file, one)
        alone(lab, name, file, value)
        alone(lab, f"{name} undone", file, beside)


def chosen(record: str, who: str, title: str) -> Quantity:
    return IsVictim(record, who).called(title)


NEVER_CHOSEN, CHOSEN = Exactly(0, "never means not once"), Exactly(1, "once is enough")


def spared(claim: Claim, name: str) -> tuple[Expect, ...]:
    undone = f"{name} undone"
    return (
        Expect(claim, chosen(f"{name}: group", f"{name}: large", f"the larger of a group is chosen at {name}"),
               if_true=NEVER_CHOSEN, if_false=CHOSEN,
               reads_true=chosen(f"{undone}: group", f"{undone}: small", "the smaller is chosen at 0"),
               reads_false=chosen(f"{undone}: group", f"{undone}: large", "the larger is chosen at 0"),
               says=f"At {name} the larger process of a group was killed first in {{value}} of 1 cases,"),
        Expect(claim, chosen(f"{name}: machine", f"{name}: of all", f"the largest of the machine is chosen at {name}"),
               if_true=NEVER_CHOSEN, if_false=CHOSEN,
               reads_true=chosen(f"{undone}: machine", f"{undone}: other", "the smaller is chosen at 0"),
               reads_false=chosen(f"{undone}: machine", f"{name}: of all", "the largest is chosen at 0"),
               says="the largest of the machine in {value},"),
        Expect(claim, Recorded(f"{name}: alone", title=f"a group's only process, over its limit, ended at {name}"),
               if_true=Exactly(0, "it waits until there is memory"), if_false=Exactly(1, "it was killed"),
               reads_true=Recorded("in its limit: alone", title="one that stays below its limit ended"),
               reads_false=Recorded(f"{undone}: alone", title="one at the value beside it ended"),
               says="a group's only process in {value}."))


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    needs=Needs(memory=256 * MIB, throwaway=True),
    expects=(
        *spared(OLD, "oom_adj -17"), *spared(NEW, "oom_score_adj -1000"),
        Expect(NEW, Recorded("oom_score_adj -1000: score", "points", title="oom_score of 40 MiB at -1000"),
               if_true=Exactly(0, "the claim's number"), if_false=AtLeast(1, "any other"),
               reads_true=Recorded("kernel thread: score", "points", title="that of a kernel thread, which has no memory"),
               reads_false=Recorded("oom_score_adj -1000 undone: score", "points", title="that of 40 MiB at 0"),
               says="The oom_score was {value}."),
    ),
)
