"""Who sets a process's oom_score_adj: its parent by birth, itself without privilege?

A parent with each of five values forks, and what the child has is read before and after the child's own value is
changed. Then a process of an ordinary user, without any capability, and one of root each try to raise and to lower
their own oom_score_adj and oom_adj. What counts is whether the value reads differently afterwards.
"""

from collections.abc import Callable

from experiments.sections import OUT_OF_MEMORY
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity, Recorded,
)
from harness.lab import Lab, Probe
from harness.lab.helpers.oom import adjust, number, rows

VALUES = (-1000, -500, 1, 300, 1000)
RAISED, LOWERED, USER = 300, -1, 1000

INHERITED = Claim("oom-adj-inherited", "A child inherits its parent's setting.", OUT_OF_MEMORY,
                  known=(Known(CONFIRMED, "kernel/fork.c, copy_signal: sig->oom_score_adj = current->signal->"
                                          "oom_score_adj (v6.12)"),))
PRIVILEGE = Claim("oom-adj-needs-privilege", "Without CAP_SYS_RESOURCE a process cannot change its own value at all.",
                  OUT_OF_MEMORY,
                  known=(Known(REFUTED, "fs/proc/base.c, __set_oom_adj: only below oom_score_adj_min (oom_adj: below "
                                        "the present value) is CAP_SYS_RESOURCE asked for (v6.12)"),),
    instead="Any process may raise its own oom_score_adj, and so offer itself as the victim; CAP_SYS_RESOURCE is asked for "
            "only to go below the last value that a privileged process has written there (by way of oom_adj: below the present "
            "one).")


def fork_with(lab: Lab, parent: Probe, value: int) -> list[int]:
    """A child of a parent with this value: what both files of either say, and the child's after two values of its own."""
    lab.require(adjust(lab, parent, value) == 0, f"oom_score_adj takes {value}")
    child = lab.fork(parent, f"child at {value}")
    found = [number(lab, probe, file) for file in ("oom_score_adj", "oom_adj") for probe in (parent, child)]
    for own in (7, value):
        adjust(lab, child, own)
        found.append(number(lab, child, "oom_score_adj"))
    child.kill_now()
    return found


def changes(lab: Lab, name: str, probe: Probe, file: str, value: int) -> None:
    """Whether a process can change its own value: 1 if it reads another one afterwards."""
    before = number(lab, probe, "oom_score_adj")
    error = probe.attempt.put(f"/proc/self/{file}", str(value)).error
    lab.record(name, int(number(lab, probe, "oom_score_adj") != before))
    lab.record(f"{name}: errno", error)


def procedure(lab: Lab) -> None:
    parent = lab.probe("parent")
    lab.record("children", [fork_with(lab, parent, value) for value in VALUES])
    for file in ("oom_score_adj", "oom_adj"):
        user, root = lab.probe(f"user of {file}", uid=USER), lab.probe(f"root of {file}")
        status = dict(line.split(":", 1) for line in lab.read(f"/proc/{user.pid}/status").splitlines())
        lab.record(f"{file}: capabilities", int(status["CapEff"], 16))
        changes(lab, f"{file}: user below", user, file, LOWERED)
        changes(lab, f"{file}: user above", user, file, RAISED if file == "oom_score_adj" else 5)
        changes(lab, f"{file}: root below", root, file, LOWERED if file == "oom_score_adj" else -5)


def unlike(which: Callable[..., bool], title: str) -> Quantity:
    return rows("children", which, title, "children")


def changed(file: str, who: str, title: str) -> Quantity:
    return Recorded(f"{file}: {who}", title=title)


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=2,
    needs=Needs(memory=256 * MIB),
    guards=tuple(Guard(Recorded(f"{file}: capabilities", title="effective capabilities of the user's process"), Exactly(0),
                       "it must not have CAP_SYS_RESOURCE") for file in ("oom_score_adj", "oom_adj")),
    expects=(
        Expect(INHERITED, unlike(lambda parent, child, old, childs_old, *own: (parent, old) != (child, childs_old),
                                 "children unlike their parent"),
               if_true=Exactly(0, "every child"), if_false=AtLeast(1, "one is enough"),
               reads_true=unlike(lambda parent, *others: parent != others[-1],
                                 "children unlike it after its value was written to them"),
               reads_false=unlike(lambda parent, *others: parent != others[-2],
                                  "children unlike it after another value was written"),
               says=f"Of {len(VALUES)} children {{value}} had another value than their parent."),
        *(Expect(PRIVILEGE, changed(file, "user above", f"an ordinary user's process changed its {file} by raising it"),
                 if_true=Exactly(0, "not at all"), if_false=Exactly(1, "it has another value now"),
                 reads_true=changed(file, "user below", "it changed it by lowering it below what it was born with"),
                 reads_false=changed(file, "root below", "root's process changed it by lowering it"),
                 says=f"An ordinary user's process {{value:could|could not}} raise its own {file}.")
          for file in ("oom_score_adj", "oom_adj")),
    ),
)
