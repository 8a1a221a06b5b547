"""One measuring session: all rows in order, and the files that it leaves."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

from harness import errors, paths
from harness.bench import growth, guests, programs, report, restores, sampling, whole_system
from harness.bench.comparison import Row
from harness.bench.schema import BenchFile, BenchHost, BenchRow, GrowthRow, RawRow
from harness.errors import Unavailable
from harness.evidence import json_file, run_directory
from harness.machine.guest import accelerator, qemu
from harness.machine.kernels import find
from harness.machine.kernels.kernel import Kernel
from harness.machine.processes import fleet

SCHEMA = 1
PEER = "6.1"  # the series that virtme-ng boots beside ours
MAIN = "6.12"  # where one kernel is enough


def chosen(names: Sequence[str]) -> list[Kernel]:
    """Gives the fetched kernels of these series, or, for none, of each series that is fetched, oldest first."""
    if names:
        return [find.by_name(name) for name in names]
    newest = {kernel.series: kernel for kernel in reversed(find.fetched()) if kernel.label == kernel.series}
    return list(newest.values()) or [find.by_name()]


def host(kernel: Kernel) -> BenchHost:
    """Describes this host, for bench.json."""
    accelerated, why = accelerator.choose(kernel)
    return {
        "started": datetime.now(timezone.utc).isoformat(timespec="minutes"),
        "cpus": os.cpu_count(),
        "release": platform.release(),
        "python": platform.python_version(),
        "qemu": qemu.version(kernel.architecture.board.qemu),
        "accelerator": "with KVM" if accelerated == "kvm" else f"without hardware virtualisation ({why})",
        "load": round(os.getloadavg()[0], 2),
    }


def measured(found: Sequence[Kernel], turns: int, long: bool, directory: Path) -> Iterator[Row]:
    """Measures every row. What needs guests runs one at a time: nothing else of ours is on the machine meanwhile."""
    main = next((kernel for kernel in found if kernel.series == MAIN), found[-1])
    yield programs.listing(turns)
    yield from sampling.on_host(turns)
    for kernel in found:
        yield from guests.opened(kernel, turns, directory, peer=kernel.series == PEER)
        yield from guests.channel(kernel, turns, directory)
        yield sampling.in_guest(kernel, turns, directory)
    yield from restores.rows(main, turns, restores.MANY if long else restores.FEW, directory)
    yield programs.trial(main, turns, directory / "trial")
    yield from programs.answer(main, turns, directory / "answer")
    if long:
        yield from programs.everything(main, directory)
    yield from whole_system.rows(turns, directory)


def earlier(path: Path, rows: Sequence[BenchRow]) -> list[BenchRow]:
    """Gives the rows of the session before that this one did not measure (without --long, or of fewer kernels), each with
    when it was."""
    if not path.exists():
        return []
    before: BenchFile = json.loads(path.read_text())
    measured = {(row["row"], row["kernel"]) for row in rows}
    return [
        {**row, "measured": row.get("measured", before["host"]["started"])}
        for row in before["rows"]
        if (row["row"], row["kernel"]) not in measured
    ]


def run(names: Sequence[str], turns: int, long: bool, into: Path) -> int:
    """Measures, prints each row as it comes, writes bench.json and README.md; every single value goes into turns.json of a
    run's directory."""
    found = chosen(names)
    about = host(found[-1])
    rows: list[BenchRow] = []
    raw: list[RawRow] = []
    skipped: list[str] = []
    with tempfile.TemporaryDirectory(prefix="folklab-bench-") as directory, fleet.running():
        try:
            for row in measured(found, turns, long, Path(directory)):
                rows.append(row.as_json())
                raw.append(row.raw())
                print(report.line(rows[-1]), flush=True)
        except Unavailable as why:  # only the last rows ask for more than guests
            skipped.append(str(why))
            print(f"skipped: {why}", flush=True)
        main = next((kernel for kernel in found if kernel.series == MAIN), found[-1])
        grown: list[GrowthRow] = []
        for one in growth.measure(main, Path(directory) / "growth"):
            grown.append(one.as_json())
            print(f"growth with {one.of}: {' | '.join(report.line_of(grown[-1])[1:])}", flush=True)
    turns_of = run_directory.create(paths.RUNS, "-".join(kernel.series for kernel in found), "bench") / "turns.json"
    json_file.write(turns_of, {"schema": SCHEMA, "host": about, "rows": raw})
    into.mkdir(parents=True, exist_ok=True)
    rows += earlier(into / "bench.json", rows)
    json_file.write(into / "bench.json", {"schema": SCHEMA, "host": about, "rows": rows, "skipped": skipped, "growth": grown})
    print(f"Report: {report.write(into)}; every single value: {turns_of}", flush=True)
    return errors.AS_KNOWN
