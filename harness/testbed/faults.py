"""The fault test: runs that change the host are killed at random moments, and the host must be as it was.

Harness and agent are killed in turn, by SIGKILL; a harness whose agent is gone goes on, or is killed while it undoes
what it has changed. Each round runs other experiments, so that in 100 rounds everything that any of them changes is
changed: settings, swap, loop devices, mounts, caches, trace instances and the kernel's probes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from harness import catalogue
from harness.testbed import state
from harness.testbed.guest import Guest

# Values that no experiment asks for, so that each of them changes all.
UNUSUAL = ("sysctl -q vm.swappiness=37 vm.overcommit_ratio=61 vm.overcommit_memory=1 vm.page-cluster=2 "
           "kernel.randomize_va_space=1")
# These trace the kernel, the second by probes of its own.
TRACERS = ("isolation-batch", "kswapd-watermarks")
VICTIM = "python3 -m harness.testbed.collect /var/tmp/killed {names} --trials 1 --throwaway"
JOURNALS = "/root/.local/state/folklab/journals"
# Before that nothing is changed: Python takes a second to start under emulation.
BEGUN = f"until ls {JOURNALS} 2>/dev/null | grep -q . || ! kill -0 $harness 2>/dev/null; do sleep 0.02; done"
LONGEST = 3.0       # seconds from the first journal to the kill: one or two trials (measured: 1 to 3 s each)
UNDOING = 1.0       # seconds that a harness lives on at most after its agent, in every second of these rounds
KILL_HARNESS = "kill -KILL $harness 2>/dev/null"
# The oldest of that name: its own child, the hand, and the probes must go by themselves.
KILL_AGENT = "kill -KILL $(pgrep -o -x init) 2>/dev/null"


def victims(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Names for each round: all experiments that change something and kill nobody, in random order, two at a time."""
    found = [one.name for one in catalogue.load().values() if one.needs.changes and not one.needs.throwaway]
    while True:
        order = chance.sample([*found, *TRACERS], len(found) + len(TRACERS))
        yield from zip(order[::2], order[1::2], strict=False)


@dataclass(frozen=True)
class Round:
    """One kill. whom: "harness", "agent" or "agent, then harness"; ran: the experiments; undone: the kinds of the
    changes that `invoke restore` has undone; wrong: what is not as it was before the first round."""

    number: int
    whom: str
    ran: tuple[str, str]
    undone: tuple[str, ...]
    wrong: tuple[str, ...]


def kill(number: int, chance: random.Random) -> tuple[str, str]:
    """Whom round `number` kills, and the shell's words for it."""
    if number % 2:
        return "harness", KILL_HARNESS
    if number % 4:
        return "agent", KILL_AGENT
    return "agent, then harness", f"{KILL_AGENT}; sleep {chance.uniform(0, UNDOING):.2f}; {KILL_HARNESS}"


def faults(guest: Guest, rounds: int, seed: int = 1) -> Iterator[Round]:
    """Rounds as they end. The same seed chooses the same experiments and moments."""
    chance = random.Random(seed)
    chosen = victims(chance)
    # A first run makes what stays: the directory of journals, systemd's own for transient units.
    guest.must(f"systemctl is-system-running --wait; {UNUSUAL} && {VICTIM.format(names='swap-file')} && rm -rf /var/tmp/killed")
    before = state.read(guest)
    for number in range(1, rounds + 1):
        ran = next(chosen)
        whom, killing = kill(number, chance)
        guest.type(f"{VICTIM.format(names=' '.join(ran))} >/dev/null 2>&1 & harness=$!; {BEGUN}; "
                   f"sleep {chance.uniform(0, LONGEST):.2f}; {killing}; wait")
        said = guest.must("cd /opt/lab && python3 -m invoke restore && rm -rf /var/tmp/killed")
        undone = tuple(line.split()[1] for line in said.splitlines() if line.startswith("undone: "))
        yield Round(number, whom, ran, undone, tuple(state.since(guest, before).lines()))
