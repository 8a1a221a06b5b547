"""What a full sample costs on an installed system, beside psutil: asked in the test bed.

A guest that is the machine under test has no Python, and this host may have no memory controller; the test bed has both.

python -m harness.bench.whole_system TURNS prints there each row in JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from harness.bench import sampling
from harness.bench.comparison import Limit, Row, Timing
from harness.bench.schema import RawRow
from harness.machine.slots import Place
from harness.testbed.guest import booted
from harness.testbed.system import SYSTEMS

ROWS = ("sample on this host, 1 MiB", "sample to numbers", "sample to evidence")


def row(found: RawRow) -> Row:
    """Makes a row again of its JSON."""
    timings = (Timing(one["name"], tuple(map(tuple, one["turns"]))) for one in (found["ours"], *found["peers"]))
    limits = tuple(Limit(one["at most"], one["peer"]) for one in found["limits"])
    return Row(found["row"], found["what"], found["unit"], tuple(timings), found["kernel"], limits, found["missing"])


def rows(turns: int, directory: Path) -> Iterator[Row]:
    """Measures the rows in the first of the test bed's systems. Raises Unavailable where that can't be made."""
    tested = SYSTEMS[0]
    with Place(quiet=True), booted(tested, directory / "whole-system.log") as guest:
        said = guest.must(f"python3 -m {__name__} {turns}")
    for line in said.splitlines():
        if line.startswith("{"):
            found = row(json.loads(line))
            yield replace(found, name=f"{found.name.removesuffix(' on this host, 1 MiB')} in the test bed", kernel=tested.series)


if __name__ == "__main__":
    for one in sampling.on_host(int(sys.argv[1])):
        if one.name in ROWS:
            print(json.dumps(one.raw()), flush=True)
