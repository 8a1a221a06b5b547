"""Rounds of the fault test, in a guest of the test bed: each line that it prints is a Round in JSON.

python -m harness.testbed.killing FIRST LAST SEED

A victim is a fork of this process, which has everything loaded: under emulation Python takes longer to start than a
trial takes.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from harness import catalogue
from harness.machine.host import journal, journals
from harness.machine.host.permissions import Permissions
from harness.machine.kernels import running
from harness.machine.processes import fleet
from harness.run import matrix
from harness.run.options import RunOptions
from harness.testbed import state
from harness.testbed.collect import collect

RUN = Path("/var/tmp/killed")
LONGEST = 3.0  # seconds from the first journal to the kill: one or two trials (measured: 1 to 3 s each)
UNDOING = 1.0  # seconds that a harness lives on at most after its agent, in every second of these rounds
TYPED = 10  # every so many rounds `invoke restore` is typed; otherwise it is what that calls


@dataclass(frozen=True)
class Round:
    """One kill. whom: "harness", "agent" or "agent, then harness"; ran: the experiments; undone: the kinds of the
    changes that restoring has undone; wrong: what is not as it was before the first round of this process."""

    number: int
    whom: str
    ran: tuple[str, ...]
    undone: tuple[str, ...]
    wrong: tuple[str, ...]


def changing() -> list[str]:
    """Lists experiments that change something and kill nobody."""
    return [one.name for one in catalogue.load().values() if one.needs.changes and not one.needs.throwaway]


def victims(chance: random.Random) -> Iterator[tuple[str, str]]:
    """Names for each round: all in random order, two at a time."""
    while True:
        order = chance.sample(changing(), len(changing()))
        yield from zip(order[::2], order[1::2], strict=False)


def victim(names: tuple[str, ...]) -> NoReturn:
    """Runs these experiments as `invoke run-experiment` does, in a process of its own, to its end."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)
        options = RunOptions(trials=1, permissions=Permissions(True, True))
        with fleet.running():
            for cell in matrix.plan([catalogue.experiment(name) for name in names], [running.kernel()], options):
                collect(RUN, cell)
    finally:
        os._exit(0)


def ended(process: int) -> bool:
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def begun(process: int) -> None:
    """Waits for the first journal: before that nothing is changed."""
    while not list(journals.directory().glob(f"*{journal.SUFFIX}")) and not ended(process):
        time.sleep(0.01)


def kill_agent() -> None:
    """Kills the oldest process of that name: its own child, the hand, and the probes must go by themselves."""
    for pid in subprocess.run(["pgrep", "-o", "-x", "init"], capture_output=True, text=True).stdout.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


def kill(number: int, chance: random.Random, harness: int) -> str:
    """Kills, and says whom. A harness whose agent is gone goes on with its next experiment, or is killed while it
    undoes what was changed."""
    if number % 2 == 0:
        kill_agent()
        if number % 4:
            return "agent"
        time.sleep(chance.uniform(0, UNDOING))
    os.kill(harness, signal.SIGKILL)
    return "harness" if number % 2 else "agent, then harness"


def restore(number: int) -> tuple[str, ...]:
    """Restores what was left and gives the kinds of what was undone."""
    if number % TYPED:
        return tuple(change.kind for change in journal.restore_left())
    said = subprocess.run(
        [sys.executable, "-m", "invoke", "restore"], cwd="/opt/lab", capture_output=True, text=True, check=True
    ).stdout
    return tuple(line.split()[1] for line in said.splitlines() if line.startswith("undone: "))


def here(script: str) -> str:
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout


def rounds(first: int, last: int, seed: int) -> Iterator[Round]:
    chance = random.Random(f"{seed} {first}")  # noqa: S311  the seed is to bring the same kills again
    chosen = victims(chance)
    before = state.read(here)
    for number in range(first, last + 1):
        ran = next(chosen)
        harness = os.fork()
        if not harness:
            victim(ran)
        begun(harness)
        time.sleep(chance.uniform(0, LONGEST))
        whom = kill(number, chance, harness)
        os.waitpid(harness, 0)
        undone = restore(number)
        subprocess.run(["rm", "-rf", str(RUN)], check=True)
        yield Round(number, whom, ran, undone, tuple(state.since(here, before).lines()))


def main() -> None:
    first, last, seed = map(int, sys.argv[1:])
    for one in rounds(first, last, seed):
        print(json.dumps(asdict(one)), flush=True)


if __name__ == "__main__":
    main()
