"""Do restored guests give what freshly booted ones give? The catalogue both ways: every verdict, every quantity, and at
every named moment the counters that the kernel keeps to the page.

Few trials tell little of how far trials of one way lie apart by themselves, and thousands of readings are compared: where
an experiment differs it is run again, and only what differs with those trials too is a difference of the two ways.
"""

from __future__ import annotations

import os
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeAlias

from harness import catalogue, errors, paths
from harness.bench.programs import command, newest
from harness.bench.schema import KINDS, ClonesFile, ClonesResult, Differences, OtherVerdict, PairRow
from harness.claims.quantities import in_pages
from harness.errors import LabError
from harness.evidence import json_file, run_directory
from harness.evidence.floor import role
from harness.evidence.recording import SUFFIX, Number, read_trials
from harness.evidence.schema import Row
from harness.interruption import Interrupted
from harness.linux import counters
from harness.machine.kernels.kernel import Kernel
from harness.paths import ROOT
from harness.reports.comparison.rows import values
from harness.run import matrix
from harness.run.options import RunOptions
from harness.run.progress import Progress
from harness.verdicts import noise

Rows: TypeAlias = dict[tuple[str, str], Row]
WAYS: Mapping[str, tuple[str, ...]] = {"restored": (), "booted": ("--fresh-boot",)}
# What the kernel counts to the page once a sample has refreshed it (vm-facts: equal to the KiB in ten guests), and how
# far one reading may still be from another, in pages of one processor: memory.current is charged in batches of 64
# (mm/memcontrol.c, MEMCG_CHARGE_BATCH, v6.12). Pages wait in a batch of 15, since v6.9 of 31, before they reach the
# unevictable list (include/linux/pagevec.h, PAGEVEC_SIZE), and so does, since v5.18, an munlock (mm/mlock.c, which calls
# the count of mlocked pages "semi-accurate"). The rest is exact. A published floor (`invoke bench --noise`) that is larger
# counts instead.
EXACT = {
    "meminfo:AnonPages": 0,
    "meminfo:Cached": 0,
    "meminfo:Shmem": 0,
    "meminfo:Unevictable": 31,
    "meminfo:Mlocked": 31,
    "memory.current": 64,
    "memory.stat:anon": 0,
    "memory.stat:file": 0,
    "memory.stat:shmem": 0,
}
AGAIN = 6  # times that an experiment in which something differs is run again, if it differs still: each way thrice
TRIALS = 3  # each time: as many as experiments have by themselves
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
        """Gives how far the two ranges lie apart; 0 where they meet."""
        return max(min(self.restored) - max(self.booted), min(self.booted) - max(self.restored), 0)

    @property
    def allowed(self) -> Number:
        """Gives what the floor allows, or how far trials of one way lie apart among themselves."""
        return max(self.floor, *(max(one) - min(one) for one in (self.restored, self.booted)))

    @property
    def agrees(self) -> bool:
        return self.gap <= self.allowed

    def as_json(self) -> PairRow:
        """Gives the pair as clones-SERIES.json has it."""
        return {
            "experiment": self.experiment,
            "what": self.what,
            "unit": self.unit,
            "restored": list(self.restored),
            "booted": list(self.booted),
            "gap": self.gap,
            "allowed": self.allowed,
        }


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
            raise Interrupted
        if done.returncode not in {errors.AS_KNOWN, errors.SURPRISE, errors.BROKEN}:
            raise LabError("bench --clones", f"run-all ended with status {done.returncode}", "its lines are above")
        found[way] = newest(directory / way)
    return found


@cache
def _rows(run: Path, series: str) -> Rows:
    """Maps (claim, setting) → row of verdicts.json, of one kernel."""
    return {
        (row["claim"], " ".join(f"{name}={row['settings'].get(name)}" for name in ("lru", "malloc"))): row
        for row in run_directory.read_verdicts(run)["verdicts"]
        if row["series"] == series
    }


def _entries(row: Row) -> list[tuple[str, str, list[Number]]]:
    """Lists what decides, then what the references read: name, unit ("" of a reference), values."""
    return [(one["name"], one["unit"], values(one)) for one in row["quantities"]] + [
        (one["name"], "", values(one)) for one in row["references"]
    ]


def quantities(restored: Sequence[Rows], booted: Sequence[Rows]) -> Iterator[Pair]:
    """Gives what decides, and what the references read."""
    for key in restored[-1].keys() & booted[-1].keys():
        for number, (name, unit, _) in enumerate(_entries(restored[-1][key])):
            one, other = (
                tuple(value for run in runs if key in run for value in _entries(run[key])[number][2])
                for runs in (restored, booted)
            )
            if one and other:
                yield Pair(restored[-1][key]["experiment"], f"{' '.join(key)}: {name}", one, other, 0, unit)


@cache  # each look compares whole runs anew, of which only one is new
def _readings(run: Path, series: str) -> dict[tuple[str, str, str], list[Number]]:
    """Maps (experiment, "cell moment", counter) → its values in pages, a trial each, of one kernel."""
    found: dict[tuple[str, str, str], list[Number]] = defaultdict(list)
    for cell in sorted({path.parent for path in run.glob(f"**/trial-*{SUFFIX}")}):
        planned = run_directory.read_cell(cell)
        if planned["series"] != series:
            continue
        for trial in read_trials(cell):
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
    """Names the exact counters of a watched file: "box/memory.stat" → "box/memory.stat:anon" …"""
    owner, slash, file = source.rpartition("/")
    for counter in EXACT:
        if counter.partition(":")[0] == file:
            yield f"{owner}{slash}{counter}"


def floors(series: str, directory: Path) -> dict[str, Number]:
    """Maps exact counter → how far it may be off, in pages: by its own nature, or by the published noise of the kernel."""
    published = noise.published(series, directory)
    moved = published["counters"] if published else {}
    page_size = os.sysconf("SC_PAGE_SIZE")
    return {
        counter: max(pages, in_pages(moved.get(role(counter), 0), counters.unit_of(counter), page_size))
        for counter, pages in EXACT.items()
    }


def readings(restored: Sequence[Path], booted: Sequence[Path], series: str, floor: Mapping[str, Number]) -> Iterator[Pair]:
    ways = [[_readings(run, series) for run in runs] for runs in (restored, booted)]
    for key in ways[0][-1].keys() & ways[1][-1].keys():
        experiment, moment, counter = key
        one, other = (tuple(value for run in runs for value in run.get(key, ())) for runs in ways)
        yield Pair(experiment, f"{moment} {counter}", one, other, floor[counter.rpartition("/")[2]], "pages")


def verdicts(restored: Sequence[Rows], booted: Sequence[Rows]) -> Iterator[OtherVerdict]:
    """Gives the verdicts that no run of the other way has."""
    for key in sorted(restored[-1].keys() & booted[-1].keys()):
        ways = [[run[key] for run in runs if key in run] for runs in (restored, booted)]
        one, other = ({row["verdict"] for row in rows} for rows in ways)
        if not one & other:
            yield {
                "experiment": restored[-1][key]["experiment"],
                "what": " ".join(key),
                "restored": sorted(one),
                "booted": sorted(other),
                "why": [rows[-1]["why"] for rows in ways],
            }


def compare(runs: Mapping[str, Sequence[Path]], series: str, floor: Mapping[str, Number]) -> ClonesResult:
    """Tells what differs between runs on restored guests and on booted ones, and how much was compared: the experiments
    that the last run of each way has, with the trials of all its runs."""
    rows = {way: [_rows(run, series) for run in runs[way]] for way in WAYS}
    restored, booted = rows["restored"], rows["booted"]
    numbers = [pair for pair in quantities(restored, booted) if pair.unit not in TIMES]
    counted = list(readings(runs["restored"], runs["booted"], series, floor))
    return {
        "claims": len(restored[-1].keys() & booted[-1].keys()),
        "in one only": sorted(" ".join(key) for key in restored[0].keys() ^ booted[0].keys()),
        "verdicts": list(verdicts(restored, booted)),
        "quantities compared": len(numbers),
        "counters compared": len(counted),
        "quantities": disagreeing(numbers),
        "counters": disagreeing(counted),
    }


def disagreeing(pairs: Sequence[Pair]) -> list[PairRow]:
    """Names the experiments in which something differs."""
    return [pair.as_json() for pair in sorted(pairs, key=lambda pair: -pair.gap) if not pair.agrees]


def differing(found: Differences) -> list[str]:
    """Names the experiments in which something differs."""
    return sorted({one["experiment"] for kind in KINDS for one in found[kind]})


def run_again(kernel: Kernel, names: Sequence[str], way: str, what: str) -> Path:
    """Runs these experiments again, booted or restored: the run directory. An interrupted one goes on. Raises LabError if
    one of them breaks: what differed there would be out of sight."""
    options = RunOptions(kernels=(kernel.label,), trials=TRIALS, fresh_boot=way == "booted")
    done = matrix.execute([catalogue.experiment(name) for name in names], options, what, Progress(), go_on=True)
    if done.interrupted:
        raise Interrupted
    for failure in done.failures:
        raise LabError(
            f"bench --clones: {failure['experiment']}, {way} again", failure["what"], "the same command goes on from here"
        )
    return done.directory


def looked_again(kernel: Kernel, first: ClonesResult, runs: Mapping[str, list[Path]], floor: Mapping[str, Number]) -> Differences:
    """Tells what still differs once all that differed was run again, booted and restored in turn. Enters the runs."""
    still, given = first, runs["booted"][0].name
    for number in range(1, AGAIN + 1):
        names, way = differing(still), "booted" if number % 2 else "restored"
        if not names:
            break
        runs[way].append(run_again(kernel, names, way, f"{way}-again-{number}-{given}"))
        still = compare(runs, kernel.series, floor)
    return {"verdicts": still["verdicts"], "quantities": still["quantities"], "counters": still["counters"]}


def run(kernel: Kernel, section: str, trials: int | None, into: Path, given: Mapping[str, Path]) -> int:
    """Runs what is not given, compares, runs again what differs, writes clones-SERIES.json: SURPRISE where something
    differs still. The runs stay where runs are kept."""
    runs_here = paths.RUNS
    directory = runs_here if len(given) == len(WAYS) else run_directory.create(runs_here, kernel.series, "clones")
    runs = {way: [path] for way, path in both_ways(kernel.label, section, trials, directory, given).items()}
    floor = floors(kernel.series, into)
    first = compare(runs, kernel.series, floor)
    found: ClonesFile = {
        "kernel": kernel.series,
        "section": section or "all",
        **first,
        "run again": differing(first),
        "still": looked_again(kernel, first, runs, floor),
    }
    into.mkdir(parents=True, exist_ok=True)
    json_file.write(into / f"clones-{kernel.series}.json", found)
    print("runs: " + ", ".join(f"{way} {path}" for way, paths in runs.items() for path in paths), flush=True)
    for line in lines(found):
        print(line, flush=True)
    return errors.SURPRISE if found["in one only"] or any(found["still"].values()) else errors.AS_KNOWN


def lines(found: ClonesFile) -> Iterator[str]:
    """Tells what a comparison found, for the terminal."""
    yield (
        f"{found['kernel']}, {found['section']}: {found['claims']} verdicts, {found['quantities compared']} quantities "
        f"and references, {found['counters compared']} exact counters at named moments compared"
    )
    for name in found["in one only"]:
        yield f"  in one run only: {name}"
    if again := found["run again"]:
        yield (
            f"  {len(again)} experiments differed ({', '.join(f'{len(found[kind])} {kind}' for kind in KINDS)}) and were "
            f"run again, booted and restored in turn, {TRIALS} trials, up to {AGAIN} times; what still differs:"
        )
    kept = found["still"]
    for one in kept["verdicts"]:
        yield (
            f"  {one['what']}: restored {' and '.join(one['restored'])}, booted {' and '.join(one['booted'])}: "
            f"{' | '.join(one['why'])}"
        )
    for pair in kept["quantities"] + kept["counters"]:
        yield (
            f"  {pair['what']}: restored {pair['restored']}, booted {pair['booted']} {pair['unit']} "
            f"(apart {pair['gap']}, allowed {pair['allowed']})"
        )
    if not any(kept.values()) and not found["in one only"]:
        yield "  nothing differs"
