"""The noise floor of a kernel: what every counter does while nothing happens.

The empty procedure does what experiments do, a sandbox with a probe in it, and then nothing: named samples follow one
another at once and after a pause, without and with the time series running. It runs on restored guests, of the same
boots in turn as trials are.
"""

from __future__ import annotations

import itertools
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path

from harness import errors
from harness.claims.claim import Experiment
from harness.claims.settings import Settings
from harness.evidence import json_file
from harness.evidence.floor import role
from harness.evidence.recording import Recorder, Recording, name_of, read
from harness.evidence.schema import MovingRow, NoiseFile
from harness.lab.lab import Lab
from harness.linux import counters, releases
from harness.machine.guest import accelerator
from harness.machine.kernels import find
from harness.machine.kernels.kernel import Kernel
from harness.machine.processes import fleet
from harness.run.cell import Cell
from harness.run.trial import open_machine, with_machine
from harness.verdicts import noise

BOOTS = 3  # as many as an experiment has trials
PAUSE = 100_000_000  # ns: ten samples of a series
# ns, once for each boot: longer than the 1 s between two rounds of vmstat's worker (sysctl vm.stat_interval) and the
# 2 s between two of memory.stat's (mm/memcontrol.c, FLUSH_TIME).
LONG_PAUSE = 2_500_000_000
RATE = 100  # samples a second, as experiments take them
WAYS = ("without a series", "with a series")
MOMENTS = ("first", "at once", "after a pause")
# What the sampler must not move by a single page.
UNDISTURBED = ("meminfo:AnonPages", "meminfo:Cached", "meminfo:Shmem", "sandbox/memory.current")


def procedure(lab: Lab, pause: int) -> None:
    """Does nothing."""
    lab.probe(sandbox=lab.sandbox())
    for way in WAYS:
        if way == WAYS[1]:
            lab.sampler.start_series(RATE)
            lab.sampler.dry()  # as every recording begins (Lab.sample_idle)
        for moment in MOMENTS:
            if moment == MOMENTS[2]:
                lab.hand.sleep(pause if way == WAYS[0] else PAUSE)
            lab.sample(f"{way}: {moment}")
    lab.sampler.stop_series()


def empty(pause: int) -> Experiment:
    """Makes the experiment of the empty procedure, with so long a pause (ns) without a series."""
    return Experiment(
        partial(procedure, pause=pause), expects=(), rate=0, trials=BOOTS, name="empty", question="What moves by itself?"
    )


def values(files: Mapping[str, str | None]) -> dict[str, int]:
    """Gives every counter of a sample, under its role's name."""
    return {
        role(f"{source}:{key}" if key else source): value
        for source, text in files.items()
        if text is not None
        for key, value in counters.parse(source, text).items()
    }


def changes(recording: Recording) -> Iterator[dict[str, int]]:
    """Maps counter → growth, between each sample and the next one."""
    for way in WAYS:
        samples = [values(recording.samples[f"{way}: {moment}"]["files"]) for moment in MOMENTS]
        for before, after in itertools.pairwise(samples):
            yield {name: after[name] - before[name] for name in before.keys() & after.keys()}


def recordings(kernel: Kernel, runs: int, accelerated: str) -> Iterator[Recording]:
    """Yields the empty procedure's evidence, run for run."""
    with tempfile.TemporaryDirectory() as directory:
        for run in range(runs):
            cell = Cell(empty(LONG_PAUSE if run < BOOTS else PAUSE), kernel, Settings(), (), runs, accelerated)
            path = Path(directory) / name_of(run + 1, "")
            recorder = Recorder(path)
            try:
                with open_machine(cell, run % BOOTS + 1, Path(directory) / "console.log") as machine:
                    with_machine(machine, cell, run + 1, "", recorder)
            finally:
                recorder.close()
            yield read(path)
            path.unlink()


def measure(kernel: Kernel, runs: int) -> NoiseFile:
    """Measures the floor of a kernel over so many runs, as it is published.

    moving: counter → unit, least and greatest growth between two samples in that unit, how many of the pairs it moved
    in, of how many. still: file → keys of the counters that never moved. Raises LabError when a guest is lost.
    """
    accelerated, _ = accelerator.choose(kernel)
    grown: dict[str, list[int]] = defaultdict(list)
    for recording in recordings(kernel, runs, accelerated):
        for pair in changes(recording):
            for name, change in pair.items():
                grown[name].append(change)
    moving: dict[str, MovingRow] = {
        name: {
            "unit": counters.unit_of(name),
            "min": min(found),
            "max": max(found),
            "nonzero": sum(map(bool, found)),
            "of": len(found),
        }
        for name, found in sorted(grown.items())
        if any(found)
    }
    still: dict[str, list[str]] = defaultdict(list)
    for name in sorted(grown.keys() - moving.keys()):
        source, key = counters.source_and_key(name)
        still[source].append(key)
    return {
        "schema": 1,
        "kernel": kernel.release,
        "series": kernel.series,
        "digest": kernel.digest,
        "accelerator": accelerated,
        "measured": date.today().isoformat(),
        "runs": runs,
        "boots": min(runs, BOOTS),
        "moving": moving,
        "still": still,
    }


def table(floors: Sequence[NoiseFile]) -> str:
    """Writes a Markdown table: a row for each counter that moves on one of the kernels."""
    names = sorted({name for floor in floors for name in floor["moving"]})
    rows = [["counter", "unit", *(floor["series"] for floor in floors)], ["---", "---", *("---:" for _ in floors)]]
    for name in names:
        found = [floor["moving"].get(name) for floor in floors]
        unit = next(row["unit"] for row in found if row)
        rows.append([f"`{name}`", unit or "count", *(cell(row) for row in found)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def cell(row: MovingRow | None) -> str:
    if row is None:
        return "0"
    reach = f"{row['min']:+,}" if row["min"] == row["max"] else f"{row['min']:+,} to {row['max']:+,}"
    return f"{reach} in {row['nonzero']} of {row['of']}"


def measured(results: Path) -> list[NoiseFile]:
    """Reads the floors in a directory, oldest kernel first."""
    found: list[NoiseFile] = [json.loads(path.read_text()) for path in results.glob("noise-*.json")]
    return sorted(found, key=lambda one: releases.order(one["series"]))


def write(floor: NoiseFile, results: Path) -> None:
    """Writes the floor of one kernel series, and the table of all that are in the directory."""
    results.mkdir(parents=True, exist_ok=True)
    json_file.write(noise.path_of(floor["series"], results), floor)
    found = measured(results)
    head = "".join(
        f"- {one['kernel']}: {one['runs']} runs on guests of {one['boots']} boots ({one['accelerator']})\n" for one in found
    )
    (results / "noise.md").write_text(
        "# What counters do while nothing happens\n\nGrowth between two samples with nothing in between, of every "
        f"counter that moved (`invoke bench --noise`).\n\n{head}\n{table(found)}"
    )


def run(kernels_: Sequence[str], runs: int, results: Path) -> int:
    """Measures the floor of each kernel series and writes it to `results`: the exit status, that of a broken lab where
    the sampler disturbs what it must not."""
    disturbed = False
    for series in kernels_:
        began = time.monotonic()
        with fleet.running():
            floor = measure(find.by_name(series), runs)
        write(floor, results)
        moved = [name for name in UNDISTURBED if name in floor["moving"]]
        disturbed = disturbed or bool(moved)
        print(
            f"{floor['kernel']}: {len(floor['moving'])} counters move by themselves, "
            f"{sum(map(len, floor['still'].values()))} never did in {runs} runs ({time.monotonic() - began:.0f} s)"
            + (f"; the sampler disturbs {', '.join(moved)}" if moved else ""),
            flush=True,
        )
    return errors.BROKEN if disturbed else errors.AS_KNOWN
