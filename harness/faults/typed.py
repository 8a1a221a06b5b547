"""Wrong command lines: each gets one line that names the thing, the reason and the remedy, and the status of wrong usage."""

from __future__ import annotations

import os
import random
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from harness import errors
from harness.faults.shown import Asked, Shown
from harness.paths import ROOT

# What may stand in the place of a word; a shell splits each line.
LINES = """
run-experiment
run-experiment ''
run-experiment ,
run-experiment no-such-claim
run-experiment tmpfs-unreclaimabel
run-experiment tmpfs-unreclaimable,no-such-claim
run-experiment ../tmpfs-dropped
run-experiment '\x1b[31mred'
run-experiment tmpfs-dropped --trials 0
run-experiment tmpfs-dropped --trials -1
run-experiment tmpfs-dropped --trials 3.5
run-experiment tmpfs-dropped --trials ١
run-experiment tmpfs-dropped --trials three
run-experiment tmpfs-dropped --trials 100000000
run-experiment tmpfs-dropped --trials ''
run-experiment tmpfs-dropped --trials
run-experiment tmpfs-dropped --jobs 0
run-experiment tmpfs-dropped --jobs -2
run-experiment tmpfs-dropped --jobs 99999
run-experiment tmpfs-dropped --jobs two
run-experiment tmpfs-dropped --kernel 9.99
run-experiment tmpfs-dropped --kernel ''
run-experiment tmpfs-dropped --kernel ,
run-experiment tmpfs-dropped --kernel /nowhere/vmlinuz
run-experiment tmpfs-dropped --kernel /etc/hostname
run-experiment tmpfs-dropped --kernel /etc
run-experiment tmpfs-dropped --kernel /dev/null
run-experiment tmpfs-dropped --kernel '6.12;reboot'
run-experiment tmpfs-dropped --kernel 6.12 --modules /nowhere
run-experiment tmpfs-dropped --set
run-experiment tmpfs-dropped --set lru
run-experiment tmpfs-dropped --set lru=
run-experiment tmpfs-dropped --set =mglru
run-experiment tmpfs-dropped --set lru=fifo
run-experiment tmpfs-dropped --set lru=mglru,,
run-experiment tmpfs-dropped --set colour=red
run-experiment tmpfs-dropped --set memory=1
run-experiment tmpfs-dropped --set memory=999999999
run-experiment tmpfs-dropped --set memory=-512
run-experiment tmpfs-dropped --set cpus=9999
run-experiment tmpfs-dropped --set cpus=0
run-experiment tmpfs-dropped --set swappiness=99999
run-experiment tmpfs-dropped --set overcommit=3
run-experiment tmpfs-dropped --set overcommit=9223372036854775808
run-experiment tmpfs-dropped --machine cloud
run-experiment tmpfs-dropped --machine ''
run-experiment tmpfs-dropped --machine vm --allow-host-changes
run-experiment tmpfs-dropped --machine vm --throwaway-host
run-experiment tmpfs-dropped --machine local --kernel 6.12
run-experiment tmpfs-dropped --machine vm --directory /tmp
run-experiment tmpfs-dropped --directory /nowhere
run-experiment tmpfs-dropped --gdb 0
run-experiment tmpfs-dropped --gdb 65536
run-experiment tmpfs-dropped --gdb 12,34
run-experiment tmpfs-dropped --results ''
run-experiment tmpfs-dropped --results /etc/hostname
run-experiment tmpfs-dropped --experiments /nowhere
run-experiment tmpfs-dropped --experiments /etc/hostname
run-experiment tmpfs-dropped --no-such-option
run-experiment tmpfs-dropped --kernle 6.12
run-experiment tmpfs-dropped tmpfs-is-cache
run-experiments tmpfs-dropped
run-experiment --name
no-such-command
run-all --section no-such-section
run-all --section ''
run-all --trials 0
run-all --jobs none
run-all --scheduler nonsense
run-all extra
matrix --kernels 6.12,9.99
matrix --kernels ''
matrix --undecided --again
matrix --undecided --kernels 6.12 --results /tmp/no-such-folklab-results
matrix --section nothing-has-this
matrix --trials 1e3
list --search
list --experiments /nowhere
explain
explain no-such-claim
explain oc2-hard-limt
explain oc2-hard-limit --results /etc/hostname
compare
compare latest
compare nothing-a nothing-b
compare ../../etc /etc
compare latest latest@9.99 --results /tmp/no-such-folklab-results
history
history no-such-claim
judge
judge no-such-run
judge /etc
judge latest --results /tmp/no-such-folklab-results
report
report no-such-run
report /etc/hostname
publish --runs no-such-run
publish --runs latest --results /tmp/no-such-folklab-results
publish --runs ,
kernels --try 9.99
kernels --try /etc/hostname
kernels.add
kernels.add label
kernels.add label /nowhere/vmlinuz
kernels.add '../label' /etc/hostname
kernels.fetch
kernels.fetch ''
kernels.fetch 9.99
kernels.forget
kernels.forget no-such-label
bench --turns 0
bench --turns many
bench --mutants --sample 0
bench --mutants --only no-such-experiment
bench --noise --runs 0
faults --part no-such-part
faults --count 0
faults --count ten
faults --part soak --seed x
false-evidence no-such-experiment
new
new name
new 'Not A Name' --claim 'It is so.'
new ../up --claim 'It is so.'
new tmpfs-dropped --claim 'It is so.'
new no-sentence --claim ''
try
try /nowhere.py
try /etc
oom
oom /nowhere.log
oom /etc
sources --kernel nothing
sources --kernel ''
testbed --system sid
testbed --only nothing
testbed --trials 0
testbed --rounds x
restore extra
doctor extra
""".strip().splitlines()
SECONDS = 120


@dataclass(frozen=True)
class Said:
    """What a command line came to. left: files that it made where it was told to."""

    line: str
    status: int
    text: str
    left: tuple[str, ...]

    @property
    def wrong(self) -> str:
        """Says what is not as it should be; "" where all is."""
        lines = self.text.splitlines()
        if "Traceback" in self.text:
            return "a traceback"
        if self.status != errors.USAGE:
            return f"status {self.status}"
        if len(lines) != 1 or len(lines[0]) > 600:
            return f"{len(lines)} lines"
        if ";" not in lines[0] or not lines[0].isprintable():
            return "it names no remedy, or is not printable"
        return f"it left {', '.join(self.left)}" if self.left else ""


def typed(line: str, into: Path) -> Said:
    """Types a command line in a directory of its own. What it says where an answer would stand counts too."""
    into.mkdir()
    (into / "tasks.py").symlink_to(ROOT / "tasks.py")
    words = [sys.executable, "-m", "invoke", *shlex.split(line)]
    try:
        done = subprocess.run(
            words,
            cwd=into,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    except subprocess.TimeoutExpired:
        return Said(line, -1, f"it took more than {SECONDS} s", ())
    left = tuple(sorted(str(path.relative_to(into)) for path in into.rglob("*") if path.is_file() and path.name != "tasks.py"))
    return Said(line, done.returncode, (done.stdout + done.stderr).decode(errors="replace").strip(), left)


def chosen(count: int, seed: int) -> Sequence[str]:
    """Chooses so many lines: in their order, all of them where there are no more."""
    chance = random.Random(seed)  # noqa: S311 - a choice, no secret
    picked = set(chance.sample(range(len(LINES)), min(count, len(LINES))))
    return [line for number, line in enumerate(LINES) if number in picked]


def show(asked: Asked) -> Iterator[Shown]:
    """Types the lines, as many side by side as there are processors."""
    lines = chosen(asked.count, asked.seed)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        said = list(pool.map(typed, lines, [asked.into / str(number) for number in range(len(lines))]))
    wrong = [one for one in said if one.wrong]
    details = "".join(f"\n    {one.line}: {one.wrong}: {one.text[:300]!r}" for one in wrong)
    yield Shown(
        f"{len(said)} wrong command lines",
        not wrong,
        f"{sum('Traceback' in one.text for one in said)} tracebacks, "
        f"{sum(one.status != errors.USAGE for one in said)} with another status than {errors.USAGE}, {len(wrong)} wrong{details}",
    )
