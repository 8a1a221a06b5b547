"""The fault test: runs that change the host are killed at random moments, and the host must be as it was.

Harness and agent are killed in turn, by SIGKILL. Each round runs other experiments, so that in 100 rounds everything
that any of them changes is changed: settings, swap, loop devices, mounts, caches, trace instances.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from harness.testbed import state
from harness.testbed.guest import Guest

# Values that no experiment asks for, so that each of them changes all.
UNUSUAL = "sysctl -q vm.swappiness=37 vm.overcommit_ratio=61 vm.overcommit_memory=1 vm.page-cluster=2 kernel.randomize_va_space=1"
# What the first run of all makes and what stays: the directory of journals, systemd's own for transient units.
FIRST = "mkdir -p /root/.local/state/folklab/journals /run/systemd/transient"
ROUNDS = "python3 -m harness.testbed.killing {first} {last} {seed}"
AT_ONCE = 10  # rounds of one process in the guest


@dataclass(frozen=True)
class Faults:
    """Some rounds. journals: how many of them left one; undone: the kinds of the changes that were undone; wrong: what
    was not as before, and in which round."""

    rounds: int
    journals: int
    undone: tuple[str, ...]
    wrong: tuple[str, ...]


def faults(guest: Guest, rounds: int, seed: int = 1) -> Iterator[Faults]:
    """Kills runs in rounds of ten. The same seed chooses the same experiments and moments."""
    guest.type("systemctl is-system-running --wait")
    guest.must(f"{UNUSUAL} && {FIRST}")
    before = state.read(guest.must)
    for first in range(1, rounds + 1, AT_ONCE):
        last = min(rounds, first + AT_ONCE - 1)
        said = guest.must(ROUNDS.format(first=first, last=last, seed=seed))
        found = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        wrong = [
            f"round {one['number']} ({one['whom']}, {' '.join(one['ran'])}): {line}" for one in found for line in one["wrong"]
        ]
        wrong += [f"after round {last}: {line}" for line in state.since(guest.must, before).lines()]
        yield Faults(
            len(found),
            sum(bool(one["undone"]) for one in found),
            tuple(kind for one in found for kind in one["undone"]),
            tuple(wrong),
        )
