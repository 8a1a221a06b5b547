"""What a part of the test bed shows, and runs of the guest's local machine beside those of guests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.testbed import beside
from harness.testbed.beside import Beside
from harness.testbed.guest import Guest

COLLECT = "python3 -m harness.testbed.collect {run} {names} --trials {trials} {flags}"
SECONDS = 3000


@dataclass(frozen=True)
class Shown:
    """One thing that was to be shown: whether it holds, and the numbers."""

    what: str
    holds: bool
    said: str


def collected(guest: Guest, user: str, names: str, trials: int, flags: str, into: Path, within: str = "{}") -> Beside | str:
    """Tells what came of experiments on the guest's local machine; what was said, if they could not be run. within: shell's
    words around those that run them."""
    run = f"/var/tmp/run-{into.name}"
    said = guest.type(within.format(COLLECT.format(run=run, names=names, trials=trials, flags=flags)), user, SECONDS)
    if said.status:
        return said.text[-600:]
    guest.fetch(run, into)
    return beside.judged(into)
