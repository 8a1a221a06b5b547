"""Do restored guests give what freshly booted ones give? The catalogue both ways: every verdict, every quantity, and at
every named moment the counters that the kernel keeps to the page.

Few trials tell little of how far trials of one way lie apart by themselves, and thousands of readings are compared: where
an experiment differs it is booted again, and only what differs with those trials too is a difference of the two ways.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import catalogue, counters, errors, evidence, matrix, noise, results
from harness.bench.programs import ROOT, command, newest
from harness.errors import LabError
from harness.machine.kernels import Kernel
from harness.progress import Progress
from harness.quantities import in_pages

Number = int | float
Rows = dict[tuple[str, str], dict[str, Any]]
KINDS = ("verdicts", "quantities", "counters")
WAYS: Mapping[str, tuple[str, ...]] = {"restored": (), "booted": ("--fresh-boot",)}
# What the kernel counts to the page once a sample has refreshed it (vm-facts: equal to the KiB in ten guests), and how
# far one reading may still be from another, in pages of one processor: memory.current is charged in batches of 64
# (mm/memcontrol.c, MEMCG_CHARGE_BATCH, v6.12). Pages wait in a batch of 15, since v6.9 of 31, before they reach the
# unevictable list (include/linux/pagevec.h, PAGEVEC_SIZE), and so does, since v5.18, an munlock (mm/mlock.c, which calls
# the count of mlocked pages "semi-accurate"). The rest is exact. A published floor (`invoke bench --noise`) that is larger
# counts instead.
EXACT = {"meminfo:AnonPages": 0, "meminfo:Cached": 0, "meminfo:Shmem": 0, "meminfo:Unevictable": 31, "meminfo:Mlocked": 31,
         "memory.current": 64, "memory.stat:anon": 0, "memory.stat:file": 0, "memory.stat:shmem": 0}
AGAIN = 3       # times that an experiment in which something differs is booted again, if it differs still
TRIALS = 3      # at each of them: as many as experiments have by themselves
# A clone's clock and caches are warm, a booted guest's are not (vm-facts: a read of 64 MiB 0.30 s against 0.43 s).
TIMES = {"s", "ms", "µs", "ns", "seconds", "milliseconds"}


@dataclass(frozen=True)
class Pair:
    """One number of an experiment's both ways, a value for each trial. floor: how far apart the two ranges may lie."""

    experiment: str
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
        return {"experiment": self.experiment, "what": self.what, "unit": self.unit,
                "restored": list(self.restored), "booted": list(self.booted),
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


def _rows(run: Path, series: str) -> Rows:
    """(claim, setting) → row of verdicts.json, of one kernel."""
    document = json.loads((run / "verdicts.json").read_text())
    return {(row["claim"], " ".join(f"{name}={row['settings'].get(name)}" for name in ("lru", "malloc"))): row
            for row in document["verdicts"] if row["series"] == series}


def _whole(values: Sequence[Any]) -> tuple[Number, ...]:
    return tuple(value for value in values if value is not None)


def quantities(restored: Rows, booted: Sequence[Rows]) -> Iterator[Pair]:
    """What decides, and what the references read."""
    for key in restored.keys() & booted[-1].keys():
        rows = [run[key] for run in booted if key in run]
        for kind in ("quantities", "references"):
            for number, one in enumerate(restored[key][kind]):
                values = _whole(one["values"])
                others = tuple(value for row in rows for value in _whole(row[kind][number]["values"]))
                if values and others:
                    yield Pair(restored[key]["experiment"], f"{' '.join(key)}: {one['name']}", values, others, 0,
                               one.get("unit", ""))


def _readings(run: Path, series: str) -> dict[tuple[str, str, str], list[Number]]:
    """(experiment, "cell moment", counter) → its values in pages, a trial each, of one kernel."""
    found: dict[tuple[str, str, str], list[Number]] = defaultdict(list)
    for cell in sorted({path.parent for path in run.glob(f"**/trial-*{evidence.SUFFIX}")}):
        planned = results.read_cell(cell)
        if planned["series"] != series:
            continue
        for trial in evidence.read_trials(cell):
            for arm, recording in trial.arms.items():
                for moment, sample in recording.samples.items():
                    for source in sample["files"]:
                        for counter in _exact(source):
                            value = recording.counter(moment, counter)
                            if value is not None:
                                pages = in_pages(value, counters.unit_of(counter), recording.page_size)
                                found[planned["experiment"], f"{cell.name} {arm} “{moment}”", counter].append(pages)
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


def readings(restored: Path, booted: Sequence[Path], series: str, floor: Mapping[str, Number]) -> Iterator[Pair]:
    one, others = _readings(restored, series), [_readings(run, series) for run in booted]
    for key in one.keys() & others[-1].keys():
        experiment, moment, counter = key
        values = tuple(value for run in others for value in run.get(key, ()))
        yield Pair(experiment, f"{moment} {counter}", tuple(one[key]), values, floor[counter.rpartition("/")[2]], "pages")


def compare(restored: Path, booted: Sequence[Path], series: str, floor: Mapping[str, Number]) -> dict[str, Any]:
    """What differs between a run on restored guests and those on booted ones, and how much was compared: the experiments
    of the last one of them, with the trials of all. A verdict differs if each of them has another."""
    one, others = _rows(restored, series), [_rows(run, series) for run in booted]
    common, alone = one.keys() & others[-1].keys(), one.keys() ^ others[0].keys()
    verdicts = [{"experiment": one[key]["experiment"], "what": " ".join(key), "restored": one[key]["verdict"],
                 "booted": others[-1][key]["verdict"], "why": [one[key]["why"], others[-1][key]["why"]]}
                for key in sorted(common)
                if all(other[key]["verdict"] != one[key]["verdict"] for other in others if key in other)]
    found = {"quantities": [pair for pair in quantities(one, others) if pair.unit not in TIMES],
             "counters": list(readings(restored, booted, series, floor))}
    return {"claims": len(common), "in one only": sorted(" ".join(key) for key in alone), "verdicts": verdicts,
            **{f"{name} compared": len(pairs) for name, pairs in found.items()},
            **{name: [pair.as_json() for pair in sorted(pairs, key=lambda pair: -pair.gap) if not pair.agrees]
               for name, pairs in found.items()}}


def differing(found: Mapping[str, Any]) -> list[str]:
    """The experiments in which something differs."""
    return sorted({one["experiment"] for kind in KINDS for one in found[kind]})


def boot_again(kernel: Kernel, names: Sequence[str], what: str) -> Path:
    """Boots these experiments again: the run directory. An interrupted one goes on."""
    options = matrix.Options(kernels=(kernel.label,), trials=TRIALS, fresh=True)
    done = matrix.execute([catalogue.load()[name] for name in names], options, what, Progress(), resume=True)
    if done.interrupted:
        raise KeyboardInterrupt
    return done.directory


def looked_again(kernel: Kernel, first: Mapping[str, Any], runs: dict[str, Path], floor: Mapping[str, Number]) -> dict[str, Any]:
    """What still differs, once all that differed was booted again, three times at most. Enters the runs."""
    booted, still = [runs["booted"]], first
    while (names := differing(still)) and len(booted) <= AGAIN:
        way = f"again-{len(booted)}"
        runs[way] = boot_again(kernel, names, f"{way}-{runs['booted'].name}")
        booted.append(runs[way])
        still = compare(runs["restored"], booted, kernel.series, floor)
    return {kind: still[kind] for kind in KINDS}


def run(kernel: Kernel, section: str, trials: int | None, into: Path, given: Mapping[str, Path]) -> int:
    """Runs what is not given, compares, boots again what differs, writes clones-SERIES.json: SURPRISE where something
    differs still. The runs stay where runs are kept."""
    directory = results.RUNS if len(given) == len(WAYS) else results.create(results.RUNS, kernel.series, "clones")
    runs = both_ways(kernel.label, section, trials, directory, given)
    floor = floors(kernel.series, into)
    first = compare(runs["restored"], [runs["booted"]], kernel.series, floor)
    found = {"kernel": kernel.series, "section": section or "all", **first, "booted again": differing(first),
             "still": looked_again(kernel, first, runs, floor)}
    into.mkdir(parents=True, exist_ok=True)
    results.write_json(into / f"clones-{kernel.series}.json", found)
    print("runs: " + ", ".join(f"{way} {path}" for way, path in runs.items()), flush=True)
    for line in lines(found):
        print(line, flush=True)
    return errors.SURPRISE if found["in one only"] or any(found["still"].values()) else errors.AS_KNOWN


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """What a comparison found, for the terminal."""
    yield (f"{found['kernel']}, {found['section']}: {found['claims']} verdicts, {found['quantities compared']} quantities "
           f"and references, {found['counters compared']} exact counters at named moments compared")
    for name in found["in one only"]:
        yield f"  in one run only: {name}"
    if again := found["booted again"]:
        yield (f"  {len(again)} experiments differed ({', '.join(f'{len(found[kind])} {kind}' for kind in KINDS)}) and were "
               f"booted again, {TRIALS} trials, up to {AGAIN} times; what still differs:")
    kept = found["still"]
    for one in kept["verdicts"]:
        yield f"  {one['what']}: restored {one['restored']}, booted {one['booted']}: {' | '.join(one['why'])}"
    for kind in ("quantities", "counters"):
        for one in kept[kind]:
            yield (f"  {one['what']}: restored {one['restored']}, booted {one['booted']} {one['unit']} "
                   f"(apart {one['gap']}, allowed {one['allowed']})")
    if not any(kept.values()) and not found["in one only"]:
        yield "  nothing differs"
