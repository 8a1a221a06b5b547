"""Makes evidence by hand: the same files that a trial writes, with numbers of our choosing."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from probes._native import ffi

from harness.claims.claim import Experiment
from harness.evidence import json_file, recording, run_directory
from harness.evidence.schema import KernelRow
from harness.linux import counters, pages, releases
from harness.run import cell, resume
from harness.verdicts import judged, run_cells

PAGE_SIZE = 4096
MACHINE = {
    "name": "vm",
    "release": "6.12.0-made",
    "version": "#1",
    "arch": "x86_64",
    "page_size": PAGE_SIZE,
    "cpus": 1,
    "accelerator": "tcg",
    "boots": 1,
    "restored": False,
    "command_line": "",
    "memory": 1 << 30,
}
# A number of pages in a state: {"anonymous": 10, "absent": 6}; or a bare number: so many of TOTAL resident (mincore).
TOTAL = 1 << 16
States = Mapping[str, int]
ELSEWHERE = " elsewhere"
_elsewhere = itertools.count(1 << 40)


@dataclass(frozen=True)
class Made:
    """What one trial recorded.

    counters: moment → counter → value in the counter's own unit. pages: moment → label → resident pages (mincore),
    or states with their numbers (pagemap). records: name → value. texts: moment → source → raw text of a file.
    outcomes: name → errno of the operation that was tried under it, or what else its event says ({"value": 3}).
    skips: id of a claim → what this machine lacks for it.
    smaps: moment → label → key → KiB.
    series: moment → raw texts of each sample of the time series that follows it.
    idle: counter → growth in its own unit between the two idle samples at the start (none: they were not taken).
    arms: name → Made, for experiments with arms (then the rest is empty).
    at: moment → when, in ns, where that matters.
    """

    counters: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    pages: Mapping[str, Mapping[str, int | States]] = field(default_factory=dict)
    records: Mapping[str, Any] = field(default_factory=dict)
    outcomes: Mapping[str, int | Mapping[str, Any]] = field(default_factory=dict)
    smaps: Mapping[str, Mapping[str, Mapping[str, int]]] = field(default_factory=dict)
    skips: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    series: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    idle: Mapping[str, int] = field(default_factory=dict)
    arms: Mapping[str, Made] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    at: Mapping[str, int] = field(default_factory=dict)

    def but(self, **changes: Any) -> Made:
        """Gives the same with some values changed: only the named moments, counters, labels or records."""
        merged = {name: merge(getattr(self, name), change) for name, change in changes.items()}
        return Made(**{**self.__dict__, **merged})

    def in_arm(self, arm: str, **changes: Any) -> Made:
        """Gives the same with some values of one arm changed."""
        return Made(**{**self.__dict__, "arms": {**self.arms, arm: self.arms[arm].but(**changes)}})


def merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(copy.deepcopy(old))
    for key, value in new.items():
        inner = isinstance(value, Mapping) and isinstance(found.get(key), Mapping)
        found[key] = merge(found[key], value) if inner else value
    return found


def text_of(values: Mapping[str, int], source: str) -> str:
    """Writes a file's text that the decoder reads these values from."""
    if set(values) == {""}:
        return f"{values['']}\n"
    kind = source.rsplit("/", 1)[-1]
    if kind == "statm":
        names = ("size", "resident", "shared", "text", "lib", "data", "dt")
        return " ".join(str(values.get(name, 0)) for name in names) + "\n"
    if kind == "slabinfo":
        rows = {key.rsplit(".", 1)[0]: value for key, value in values.items()}
        lines = "".join(f"{name} {value} {value} 1 1 1\n" for name, value in rows.items())
        return f"slabinfo - version: 2.1\n#\n{lines}"
    return "".join(f"{key} {value}\n" for key, value in values.items())


def texts_of(counters: Mapping[str, int]) -> dict[str, str]:
    """Maps source → text, of a sample in which the counters have these values."""
    files: dict[str, dict[str, int]] = {}
    for counter, value in counters.items():
        source, _, key = counter.partition(":")
        files.setdefault(source, {})[key] = value
    return {source: text_of(values, source) for source, values in files.items()}


def page_entries(states: States) -> bytes:
    """Makes struct page entries, so many of each state. Resident ones get the frames 1, 2, 3 …, the same in every range;
    those of a state with "elsewhere" behind it get frames that no other range has."""
    total = sum(states.values())
    entries = ffi.new("struct page[]", total)
    index = 0
    for state, count in states.items():
        bits = pages.STATES[state.removesuffix(ELSEWHERE)]
        for _ in range(count):
            frame = next(_elsewhere) if state.endswith(ELSEWHERE) else index + 1
            frame = frame if bits.pagemap_value & pages.PRESENT else 0
            entries[index].pagemap = bits.pagemap_value | frame
            entries[index].flags = bits.flags_value
            entries[index].mapped = 1 if frame else 0
            index += 1
    return bytes(ffi.buffer(entries))


def write_recording(
    path: Path, experiment: Experiment, arm: str, made: Made, boot: str, settings: Mapping[str, str], release: str
) -> None:
    recorder = recording.Recorder(path)
    recorder.event(
        "start",
        machine={**MACHINE, "release": release, "boot": boot},
        experiment=experiment.name,
        version=experiment.version,
        settings={**settings, **made.settings},
        arm=arm,
    )
    for times in range(2 if made.idle else 0):
        values = {counter: 1000 + times * growth for counter, growth in made.idle.items()}
        recorder.event("idle", began=times, ended=times, files=texts_of(values))
    for step, moment in enumerate(dict.fromkeys([*made.counters, *made.texts])):
        at = made.at.get(moment, 1000 * step)
        texts = {**texts_of(made.counters.get(moment, {})), **made.texts.get(moment, {})}
        recorder.event("sample", name=moment, began=at, ended=at + 1, files=texts)
        for number, of_series in enumerate(made.series.get(moment, ())):
            recorder.event("series", began=at + number + 2, ended=at + number + 2, files=of_series)
    for moment, labels in made.pages.items():
        for label, what in labels.items():
            mincore = isinstance(what, int)
            data = b"\x01" * what + b"\x00" * (TOTAL - what) if mincore else page_entries(what)  # type: ignore[operator, arg-type]
            recorder.event(
                "pages", sample=moment, label=label, kind="mincore" if mincore else "pagemap", data=recording.encode(data)
            )
    for moment, regions in made.smaps.items():
        for label, keys in regions.items():
            text = "".join(f"{key}: {value} kB\n" for key, value in keys.items())
            recorder.event("smaps", sample=moment, label=label, text=text)
    for name, came in made.outcomes.items():
        said = {"error": came} if isinstance(came, int) else came
        recorder.event(
            "operation",
            **{
                "target": "probe",
                "operation": "made",
                "text": "",
                "value": 0,
                "error": 0,
                "ended": None,
                "minor_faults": 0,
                "major_faults": 0,
                "outcome": name,
                **said,
            },
        )
    for claim, reason in made.skips.items():
        recorder.event("skip", claim=claim, reason=reason)
    for name, value in made.records.items():
        recorder.event("record", name=name, value=value)
    recorder.event("end", status="ok", reason="")
    recorder.close()


def write_run(
    directory: Path,
    experiment: Experiment,
    trials: list[Made],
    settings: Mapping[str, str],
    floor: Mapping[str, int] | None = None,
) -> Path:
    """Makes a run directory with one cell, as a run leaves it: `invoke judge` takes it. floor: the kernel's noise."""
    write_environment(directory)
    write_cell(run_directory.cell_directory(directory, experiment.name), experiment, trials, settings, floor=floor)
    return directory


def write_environment(directory: Path, *releases: str, cells: Sequence[str] | None = None) -> None:
    """Writes environment.json. cells: those that are planned; None as before they were listed."""
    directory.mkdir(parents=True, exist_ok=True)
    kernels = [kernel_row(release) for release in releases or (str(MACHINE["release"]),)]
    run_directory.write_environment(directory, run_directory.environment(kernels, {}, "none", cells))


def kernel_row(release: str) -> KernelRow:
    return {"release": release, "series": releases.series(release), "config": None, "source": f"linux-image-{release}"}


def write_cell(
    directory: Path,
    experiment: Experiment,
    trials: Sequence[Made],
    settings: Mapping[str, str],
    release: str = str(MACHINE["release"]),
    floor: Mapping[str, int] | None = None,
) -> Path:
    """Makes a cell's directory, planned and with its recordings, not judged. settings: those that tell it apart."""
    directory.mkdir(parents=True)
    described = cell.describe_cell(experiment, dict(settings), len(trials), kernel_row(release), "tcg")
    # Not what is published for the series: evidence made by hand is still, unless a test says otherwise.
    described["noise"] = None if floor is None else {"kernel": release, "runs": 50, "counters": dict(floor)}
    json_file.write(directory / "cell.json", described)
    for number, made in enumerate(trials, 1):
        for arm in experiment.arms:
            one = made.arms[arm] if made.arms else made
            path = directory / recording.name_of(number, arm)
            write_recording(path, experiment, arm, one, f"boot-{number}", settings, release)
    return directory


def write_matrix(directory: Path, experiment: Experiment, cells: Mapping[str, Mapping[str, Sequence[Made]]]) -> Path:
    """Makes a whole run, judged, with verdicts.json. cells: release → "lru=classic" ("" for no setting) → trials."""
    names = {
        (release, text): "@".join(filter(None, [experiment.name, text, release]))
        for release, by_setting in cells.items()
        for text in by_setting
    }
    write_environment(directory, *cells, cells=sorted(names.values()))
    outcomes = []
    for release, by_setting in cells.items():
        for text, trials in by_setting.items():
            settings = dict([text.split("=")] if text else [])
            name = names[release, text]
            cell = write_cell(run_directory.cell_directory(directory, name), experiment, trials, settings, release)
            outcomes.append(resume.finish(judged.judge_cell(cell)))
    run_directory.write_verdicts(directory, run_cells.document(directory, outcomes))
    return directory


def oom(*killed: str, alive: tuple[str, ...] = (), **sizes: int) -> dict[str, Any]:
    """Gives what a Witness (harness/lab/helpers/oom.py) records of one OOM: these probes were killed, in order, the others live.

    sizes: fields of the reports in KiB, by their names with _ for - (anon_rss=1024)."""
    pids = {name: 100 + number for number, name in enumerate((*killed, *alive))}
    fields = "".join(
        f"{name.replace('_', '-')}:{size}kB, "
        for name, size in {"total_vm": 8192, "anon_rss": 4096, "file_rss": 1024, "shmem_rss": 0, **sizes}.items()
    )
    log = [
        f"3,{number},{number},-;Memory cgroup out of memory: Killed process {pids[name]} (probe) {fields}UID:0 "
        "pgtables:80kB oom_score_adj:0"
        for number, name in enumerate(killed)
    ]
    return {"log": "\n".join(log), "pids": pids, "ended": {name: 9 if name in killed else None for name in pids}}


def cases(name: str, asked: Any, true: Any, false: Any) -> dict[str, Any]:
    """Gives what the three cases of a small claim (harness/claims/small.py) recorded, or were answered."""
    return {f"{name}.asked": asked, f"{name}.true": true, f"{name}.false": false}


def changed(name: str, counter: str, asked: int, true: int, false: int) -> Made:
    """Gives what the three cases of a small claim sampled, as "CASE: before" and "CASE: after", of a counter that grew by so many
    pages between them. counter: of the machine's, or of the case's group or process where it begins with "/"."""
    size = PAGE_SIZE // (1024 if counters.unit_of(counter) == "KiB" else 1)
    start = max(abs(asked), abs(true), abs(false)) + 1000
    found = {}
    for case, grown in cases(name, asked, true, false).items():
        of = f"{case}{counter}" if counter.startswith("/") else counter
        found[f"{case}: before"] = {of: size * start}
        found[f"{case}: after"] = {of: size * (start + grown)}
    return Made(counters=found)


def together(*parts: Made) -> Made:
    """Puts together what was sampled of several claims, or parts of one."""
    return Made(counters={moment: values for part in parts for moment, values in part.counters.items()})
