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

from harness.claims.claim import AtMost, Claim, Exactly, Expect, Experiment, Guard
from harness.claims.quantities import Change, Pages
from harness.evidence import recording
from harness.false_evidence.made import Made, write_recording
from harness.linux import counters
from harness.verdicts import judge

TRIALS, PAGES = 3, 16384
# As long as a kernel's own vmstat and meminfo (6.12: 190 and 56 lines), with numbers of all lengths.
VMSTAT = "".join(f"nr_counter_{number} {number**4}\n" for number in range(190)).encode()
MEMINFO = "".join(f"Counter{number}:{number**3:>12} kB\n" for number in range(56)).encode()


def yardstick() -> None:
    rows = [{"name": f"row {number}", "values": list(range(number % 7)), "size": number * 4096} for number in range(400)]
    again = json.loads(json.dumps(rows))
    assert sum(row["size"] for row in sorted(again, key=lambda row: (len(row["values"]), row["name"]))) == 326860800


def decoder() -> None:
    assert len(counters.keyed(VMSTAT)) == 190
    assert len(counters.keyed(MEMINFO)) == 56


# Of its own, not one of the catalogue: whoever changes an experiment does not change what is counted.
EXPERIMENT = Experiment(
    procedure=lambda lab: None,
    name="counted",
    question="How many instructions?",
    trials=TRIALS,
    guards=(Guard(Change("vmstat:nr_counter_7", "before", "after"), Exactly(0), "nothing moves"),),
    expects=tuple(
        Expect(
            Claim(f"counted-{label}", "All stay.", "tests"),
            Pages("after", label, state),
            Exactly(PAGES, "all"),
            AtMost(PAGES - 1, "not all"),
            Pages("before", label, state),
            Pages("after", "none"),
        )
        for label, state in (("file", "resident"), ("memory", "anonymous"))
    ),
)


def judged(directory: Path) -> None:
    found = judge.judge(EXPERIMENT, recording.read_trials(directory))
    assert [one.verdict for one in found] == ["confirmed"] * 2


def write_evidence(directory: Path) -> None:
    """What three trials record: samples as long as a real one's, the pages of a file and of a range."""
    texts = {"vmstat": VMSTAT.decode(), "meminfo": MEMINFO.decode()}
    made = Made(
        texts=dict.fromkeys(("before", "after"), texts),
        pages={moment: {"file": PAGES, "none": 0, "memory": {"anonymous": PAGES}} for moment in ("before", "after")},
    )
    for number in range(1, TRIALS + 1):
        path = directory / recording.name_of(number, "")
        write_recording(path, EXPERIMENT, "", made, f"boot-{number}", {}, "6.12.0-made")


def main(library: str, what: str) -> None:
    frame = ctypes.CFUNCTYPE(None)
    with tempfile.TemporaryDirectory() as name:
        write_evidence(Path(name))
        work: dict[str, Callable[[], None]] = {"yardstick": yardstick, "decoder": decoder, "judge": lambda: judged(Path(name))}
        work[what]()  # what the first time does beside it (imports, caches) is not counted
        gc.disable()
        ctypes.PyDLL(library).measured(frame(work[what]))


if __name__ == "__main__":
    main(*sys.argv[1:])
