"""What the instruction counts are of: python -m tests.bench.work LIBRARY WHAT, under callgrind.

LIBRARY: measured.c, built. WHAT: `yardstick` (plain Python that reads no evidence: how many instructions this
interpreter takes for what it takes), `decoder` or `judge`.
"""

from __future__ import annotations

import ctypes
import gc
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from experiments.shared_memory import tmpfs_dropped
from harness import counters, verdicts
from harness.evidence import read_trials
from tests.refuting import tmpfs_dropped as made
from tests.refuting.made import write_recording

TRIALS = 3
# As long as a kernel's own vmstat and meminfo (6.12: 190 and 56 lines), with numbers of all lengths.
VMSTAT = "".join(f"nr_counter_{number} {number ** 4}\n" for number in range(190)).encode()
MEMINFO = "".join(f"Counter{number}:{number ** 3:>12} kB\n" for number in range(56)).encode()


def yardstick() -> None:
    rows = [{"name": f"row {number}", "values": list(range(number % 7)), "size": number * 4096} for number in range(400)]
    again = json.loads(json.dumps(rows))
    assert sum(row["size"] for row in sorted(again, key=lambda row: (len(row["values"]), row["name"]))) == 326860800


def decoder() -> None:
    assert len(counters.keyed(VMSTAT)) == 190
    assert len(counters.keyed(MEMINFO)) == 56


def judge(directory: Path) -> None:
    found = verdicts.judge(tmpfs_dropped.EXPERIMENT, read_trials(directory))
    assert [one.verdict for one in found] == ["confirmed"] * 2


def evidence(directory: Path) -> None:
    """What three trials of the README's experiment record, each with two samples as long as a real one's."""
    confirmed = next(iter(made.CONFIRMS.values()))
    texts = {moment: {"vmstat": VMSTAT.decode() + "pswpout 0\n", "meminfo": MEMINFO.decode()}
             for moment in ("written", "dropped")}
    for number in range(1, TRIALS + 1):
        write_recording(directory / f"trial-{number}.jsonl.zst", confirmed.but(texts=texts), f"boot-{number}", {})


def main(library: str, what: str) -> None:
    frame = ctypes.CFUNCTYPE(None)
    with tempfile.TemporaryDirectory() as name:
        evidence(Path(name))
        work: dict[str, Callable[[], None]] = {
            "yardstick": yardstick, "decoder": decoder, "judge": lambda: judge(Path(name))}
        work[what]()            # what the first time does beside it (imports, caches) is not counted
        gc.disable()
        ctypes.PyDLL(library).measured(frame(work[what]))


if __name__ == "__main__":
    main(*sys.argv[1:])
