"""Faults injected into runs of small experiments: what came of each is broken or undecided, and never a wrong verdict."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from harness.agent import wire
from harness.agent.agent import Agent
from harness.agent.channel import Channel
from harness.claims.claim import UNDECIDED
from harness.errors import LabError
from harness.faults import table
from harness.faults.shim import Shim, pass_answer, pass_request
from harness.faults.shown import Asked, Shown
from harness.faults.table import Fault
from harness.faults.tape import Player, Tape
from harness.faults.trials import cell_of, run
from harness.machine.guest.vm import VM
from harness.machine.machine import Machine
from harness.run.cell import Cell
from harness.run.trial import Limit, open_machine
from harness.verdicts.judged import Judged

PATIENCE = 20.0  # seconds for any answer, where a fault may be that none comes; an undisturbed one takes some ms
PLAYED = 3.0  # of an agent that a tape plays


class Disturbed:
    """Opens machines whose agent a shim stands before: guests, or, of faults of what an agent sends, tapes of one.

    requests: those of the last trial, as (operation, target). tape: what its agent answered, if a guest's.
    """

    def __init__(self, fault: Fault | None, tape: Tape | None = None) -> None:
        self.fault, self.tape = fault, tape
        self.requests: list[tuple[str, int]] = []

    @contextmanager
    def open(self, cell: Cell, number: int, console: Path, limit: Limit) -> Iterator[Machine]:
        played = self.tape if self.fault and self.fault.sent else None
        with _playing(cell, played, console) if played else open_machine(cell, number, console, limit) as machine:
            if not isinstance(machine, VM):
                raise LabError("faults", "they are injected into guests", "leave --machine out")
            if self.fault:
                shim = Shim(machine.qemu.socket, *self.fault.make(machine))
            else:
                self.tape = Tape(machine.info)
                shim = Shim(machine.qemu.socket, answering=self.tape.hear)
            machine.agent.channel.socket = shim.socket
            machine.agent.seconds = PLAYED if played else PATIENCE
            try:
                yield machine
            finally:
                shim.close()
                self.requests = shim.requests


@contextmanager
def _playing(cell: Cell, tape: Tape, console: Path) -> Iterator[Machine]:
    """Gives a guest whose agent is a tape."""
    player = Player(tape, console)
    try:
        agent = Agent(Channel(player.socket, player.lost), PLAYED)
        yield VM(cell.kernel, cell.shape, cell.accelerator, cast(Any, player), agent, tape.info)
    finally:
        player.close()


def outcome(fault: Fault, judged: Judged) -> tuple[bool, str]:
    """Tells what came of a fault: whether it may, and in words."""
    if judged.failures:
        return not judged.rows, f"broken: {judged.failures[0]['what']}"
    wrong = [row for row in judged.rows if row["verdict"] not in {UNDECIDED, row["known"]}]
    if wrong:
        return False, f"a wrong verdict: {wrong[0]['claim']} {wrong[0]['verdict']}: {wrong[0]['why']}"
    open_ones = [row for row in judged.rows if row["verdict"] == UNDECIDED]
    if open_ones:
        return True, f"undecided: {open_ones[0]['why']}"
    if not judged.rows:
        return False, f"neither a verdict nor an error: {judged.outcome.absent}"
    return fault.harmless, f"{judged.rows[0]['verdict']}, as without it"


def undisturbed(name: str, asked: Asked) -> Disturbed:
    """Runs an experiment on a guest behind a shim that changes nothing, and takes down what its agent answers; then on that
    tape. Raises LabError where an answer is not as known, since then no fault shows anything."""
    opener = Disturbed(None)
    replayed = Disturbed(Fault("agent", "none", lambda vm: (pass_request, pass_answer)))
    for where, disturbed in {"guest": opener, "tape": replayed}.items():
        replayed.tape = opener.tape
        judged = run(cell_of(name, asked.kernel), asked.into / f"undisturbed-{name}-{where}", disturbed.open)
        if judged.failures or any(row["verdict"] != row["known"] for row in judged.rows):
            what = judged.failures[0]["what"] if judged.failures else judged.rows[0]["why"]
            raise LabError(f"experiment {name}", f"without a fault it is not as known ({where}): {what}", "run it by itself")
    return opener


def show(asked: Asked) -> Iterator[Shown]:
    """Injects every fault, one after the other; probes are killed before each request that is made of one."""
    first = {name: undisturbed(name, asked) for name in (table.COUNTED, table.PAGED)}
    steps = sum(target >= wire.FIRST_PROBE for _, target in first[table.COUNTED].requests)
    for fault in [*table.all_but_steps(), *table.steps(steps)]:
        yield shown(fault, asked, first[fault.experiment].tape)


def shown(fault: Fault, asked: Asked, tape: Tape | None) -> Shown:
    """Injects a fault as often as was asked. tape: of its experiment's run on a guest."""
    found = []
    for number in range(1, asked.count + 1):
        directory = asked.into / re.sub(r"\W+", "-", f"{fault.kind} {fault.name} {number}")
        found.append(outcome(fault, run(cell_of(fault.experiment, asked.kernel), directory, Disturbed(fault, tape).open)))
    said = "; ".join(dict.fromkeys(said for _, said in found))
    return Shown(f"{fault.kind}: {fault.name}", all(holds for holds, _ in found), said)
