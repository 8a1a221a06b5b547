"""Do restored guests give what freshly booted ones give? The catalogue both ways: every verdict, every quantity, and at
every named moment the counters that the kernel keeps to the page."""

from __future__ import annotations

import json
import os
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import counters, errors, evidence, noise, results
from harness.bench.programs import ROOT, command, newest
from harness.errors import LabError
from harness.machine.kernels import Kernel
from harness.quantities import in_pages

Number = int | float
WAYS: Mapping[str, tuple[str, ...]] = {"restored": (), "booted": ("--fresh-boot",)}
# What the kernel counts to the page once a sample has refreshed it (vm-facts: equal to the KiB in ten guests), and how
# far one reading may still be from another: memory.current is charged in batches of 64 pages a processor (mm/memcontrol.c,
# MEMCG_CHARGE_BATCH, v6.12), the rest is exact. A published floor (`invoke bench --noise`) that is larger counts instead.
EXACT = {"meminfo:AnonPages": 0, "meminfo:Cached": 0, "meminfo:Shmem": 0, "meminfo:Unevictable": 0, "meminfo:Mlocked": 0,
         "memory.current": 64, "memory.stat:anon": 0, "memory.stat:file": 0, "memory.stat:shmem": 0}
# A clone's clock and caches are warm, a booted guest's are not (vm-facts: a read of 64 MiB 0.30 s against 0.43 s).
TIMES = {"s", "ms", "µs", "ns", "seconds", "milliseconds"}


@dataclass(frozen=True)
class Pair:
    """One number both ways, a value for each trial. floor: how far apart the two ranges may lie."""

    what: str
    restored: tuple[Number, ...]
    booted: tuple[Number, ...]
    floor: Number = 0
    unit: str = ""

    @property
    def gap(self) -> Number:
        """How far the two ranges lie apart; 0 where they meet."""
        return max(min(self.restored) - max(self.booted), min(self.booted) - max(self.restored), 0)

    @property
    def allowed(self) -> Number:
        """What the floor says, or how far trials of one way lie apart among themselves."""
        return max(self.floor, *(max(one) - min(one) for one in (self.restored, self.booted)))

    @property
    def agrees(self) -> bool:
        return self.gap <= self.allowed

    def as_json(self) -> dict[str, Any]:
        return {"what": self.what, "unit": self.unit, "restored": list(self.restored), "booted": list(self.booted),
                "gap": self.gap, "allowed": self.allowed}


def both_ways(kernel: str, section: str, trials: int | None, directory: Path, given: Mapping[str, Path]) -> dict[str, Path]:
    """Runs the catalogue, or a section, restored and then booted, as far as no run is given: way → run directory."""
    found = dict(given)
    for way, options in WAYS.items():
        if way in given:
            continue
        words = command("run-all", "--kernel", kernel, "--results", str(directory / way), *options)
        words += ["--section", section] if section else []
        words += ["--trials", str(trials)] if trials else []
        print(f"{way}: {' '.join(words[2:])}", flush=True)
        done = subprocess.run(words, cwd=ROOT)
        if done.returncode == errors.INTERRUPTED:
            raise KeyboardInterrupt
        if done.returncode not in {errors.AS_KNOWN, errors.SURPRISE, errors.BROKEN}:
            raise LabError("bench --clones", f"run-all ended with status {done.returncode}", "its lines are above")
        found[way] = newest(directory / way)
    return found


def _rows(run: Path, series: str) -> dict[tuple[str, str], dict[str, Any]]:
    """(claim, setting) → row of verdicts.json, of one kernel."""
    document = json.loads((run / "verdicts.json").read_text())
    return {(row["claim"], " ".join(f"{name}={row['settings'].get(name)}" for name in ("lru", "malloc"))): row
            for row in document["verdicts"] if row["series"] == series}


def _whole(values: Sequence[Any]) -> tuple[Number, ...]:
    return tuple(value for value in values if value is not None)


def quantities(restored: dict[tuple[str, str], Any], booted: dict[tuple[str, str], Any]) -> Iterator[Pair]:
    """What decides, and what the references read."""
    for key in restored.keys() & booted.keys():
        for kind in ("quantities", "references"):
            for one, other in zip(restored[key][kind], booted[key][kind], strict=True):
                values, others = _whole(one["values"]), _whole(other["values"])
                if values and others:
                    yield Pair(f"{' '.join(key)}: {one['name']}", values, others, 0, one.get("unit", ""))


def _readings(run: Path, series: str) -> dict[str, list[Number]]:
    """"cell moment counter" → its values in pages, a trial each, of one kernel."""
    found: dict[str, list[Number]] = defaultdict(list)
    for cell in sorted({path.parent for path in run.glob(f"**/trial-*{evidence.SUFFIX}")}):
        if results.read_cell(cell)["series"] != series:
            continue
        for trial in evidence.read_trials(cell):
            for arm, recording in trial.arms.items():
                for moment, sample in recording.samples.items():
                    for source in sample["files"]:
                        for counter in _exact(source):
                            value = recording.counter(moment, counter)
                            if value is not None:
                                pages = in_pages(value, counters.unit_of(counter), recording.page_size)
                                found[f"{cell.name} {arm} “{moment}” {counter}"].append(pages)
    return found


def _exact(source: str) -> Iterator[str]:
    """The exact counters of a watched file: "box/memory.stat" → "box/memory.stat:anon" …"""
    owner, slash, file = source.rpartition("/")
    for counter in EXACT:
        if counter.partition(":")[0] == file:
            yield f"{owner}{slash}{counter}"


def floors(series: str, directory: Path) -> dict[str, Number]:
    """Exact counter → how far it may be off, in pages: by its own nature, or by the published noise of the kernel."""
    published = noise.published(series, directory)
    moved = published["counters"] if published else {}
    page_size = os.sysconf("SC_PAGE_SIZE")
    return {counter: max(pages, in_pages(moved.get(noise.role(counter), 0), counters.unit_of(counter), page_size))
            for counter, pages in EXACT.items()}


def readings(restored: Path, booted: Path, series: str, floor: Mapping[str, Number]) -> Iterator[Pair]:
    one, other = _readings(restored, series), _readings(booted, series)
    for name in one.keys() & other.keys():
        counter = name.rsplit(" ", 1)[-1].rsplit("/", 1)[-1]
        yield Pair(name, tuple(one[name]), tuple(other[name]), floor[counter], "pages")


def compare(runs: Mapping[str, Path], series: str, floor: Mapping[str, Number]) -> dict[str, Any]:
    """What differs between a run on restored guests and one on booted ones, and how much was compared."""
    one, other = _rows(runs["restored"], series), _rows(runs["booted"], series)
    verdicts = [{"claim": " ".join(key), "restored": one[key]["verdict"], "booted": other[key]["verdict"],
                 "why": [one[key]["why"], other[key]["why"]]}
                for key in sorted(one.keys() & other.keys()) if one[key]["verdict"] != other[key]["verdict"]]
    found = {"quantities": [pair for pair in quantities(one, other) if pair.unit not in TIMES],
             "counters": list(readings(runs["restored"], runs["booted"], series, floor))}
    return {"claims": len(one.keys() & other.keys()), "in one only": sorted(" ".join(key) for key in one.keys() ^ other.keys()),
            "verdicts": verdicts,
            **{f"{name} compared": len(pairs) for name, pairs in found.items()},
            **{name: [pair.as_json() for pair in sorted(pairs, key=lambda pair: -pair.gap) if not pair.agrees]
               for name, pairs in found.items()}}


def run(kernel: Kernel, section: str, trials: int | None, into: Path, given: Mapping[str, Path]) -> int:
    """Runs what is not given, compares, writes clones-SERIES.json: SURPRISE where a verdict or an exact counter differs.
    The runs stay where runs are kept."""
    directory = results.RUNS if len(given) == len(WAYS) else results.create(results.RUNS, kernel.series, "clones")
    runs = both_ways(kernel.label, section, trials, directory, given)
    found = {"kernel": kernel.series, "section": section or "all",
             **compare(runs, kernel.series, floors(kernel.series, into))}
    into.mkdir(parents=True, exist_ok=True)
    results.write_json(into / f"clones-{kernel.series}.json", found)
    print("runs: " + ", ".join(f"{way} {path}" for way, path in runs.items()), flush=True)
    for line in lines(found):
        print(line, flush=True)
    differs = found["verdicts"] or found["counters"] or found["in one only"]
    return errors.SURPRISE if differs else errors.AS_KNOWN


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """What a comparison found, for the terminal."""
    yield (f"{found['kernel']}, {found['section']}: {found['claims']} verdicts, {found['quantities compared']} quantities "
           f"and references, {found['counters compared']} exact counters at named moments compared")
    for name in found["in one only"]:
        yield f"  in one run only: {name}"
    for one in found["verdicts"]:
        yield f"  {one['claim']}: restored {one['restored']}, booted {one['booted']}: {' | '.join(one['why'])}"
    for kind in ("quantities", "counters"):
        for one in found[kind]:
            yield (f"  {one['what']}: restored {one['restored']}, booted {one['booted']} {one['unit']} "
                   f"(apart {one['gap']}, allowed {one['allowed']})")
    if not any(found[kind] for kind in ("verdicts", "quantities", "counters", "in one only")):
        yield "  no difference"
