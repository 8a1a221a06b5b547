"""Evidence that is damaged on purpose, and what every reader of it then says.

A copy of a run is damaged in one place, at random; then it is judged, compared, published and gone on with. Every verdict
must be there as it was, or be broken with a line that says why. A changed or missing row without a word, a traceback, or a
reader that does not end counts as a fault of the lab's.
"""

from __future__ import annotations

import json
import random
import shutil
import signal
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from harness import cache, errors
from harness.errors import LabError
from harness.evidence import recording, run_directory
from harness.evidence.recording import SUFFIX, Recorder
from harness.evidence.schema import FailureRow, Row
from harness.faults.commands import started
from harness.faults.shown import Asked, Shown
from harness.reports.comparison import reference, rows, selection
from harness.run import resume
from harness.verdicts import run_cells

EXPERIMENT = "tmpfs-dropped"  # pages, counters, a series: every kind of event
SECONDS = 60  # after which a reader hangs: one takes some hundredths of a second on a quiet host
NOTICED, HARMLESS = "noticed", "without effect"
SILENT, TRACEBACK, HANG = "silent change", "traceback", "hang"
FAULTS = (SILENT, TRACEBACK, HANG)
# What takes the place of a value in a JSON file.
VALUES: tuple[Any, ...] = (
    None,
    [],
    {},
    "",
    "x",
    "\x1b[31m",
    "../../x",
    -1,
    0,
    1,
    99,
    1 << 70,
    1.5,
    True,
    [None],
    {"a": []},
    "\ud800",
)


@dataclass(frozen=True)
class Damage:
    """One damage: what was done to which file, what came of it, and what was said."""

    file: str
    kind: str
    outcome: str
    said: str


# Damages of any file, by its bytes -----------------------------------------------------------------------------------


def flip(data: bytearray, chance: random.Random) -> None:
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def flip_many(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randint(2, 100)):
        flip(data, chance)


def cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def cut_out(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    del data[start : start + chance.randint(1, 64)]


def put_in(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    data[start:start] = chance.randbytes(chance.randint(1, 64))


def add(data: bytearray, chance: random.Random) -> None:
    data += chance.randbytes(chance.randint(1, 64))


def blank(data: bytearray, chance: random.Random) -> None:
    start, size = chance.randrange(len(data)), chance.randint(1, 4096)
    data[start : start + size] = bytes(len(data[start : start + size]))


def double(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    data[start:start] = data[start : start + 512]


BYTES: tuple[Callable[[bytearray, random.Random], None], ...] = (flip, flip_many, cut, cut_out, put_in, add, blank, double)


# Damages of a directory of recordings --------------------------------------------------------------------------------


def delete(path: Path, chance: random.Random) -> None:
    path.unlink()


def empty(path: Path, chance: random.Random) -> None:
    path.write_bytes(b"")


def copy_over(path: Path, chance: random.Random) -> None:
    """Puts another recording of the run in its place."""
    others = [one for one in path.parents[1].glob(f"*/*{SUFFIX}") if one != path and one.read_bytes() != path.read_bytes()]
    shutil.copyfile(chance.choice(others), path) if others else delete(path, chance)


def stray(path: Path, chance: random.Random) -> None:
    """Puts a copy beside it, under a name that no trial has."""
    names = ("trial--1", "trial-0", "trial-99", "trial-1 (copy)", "trial-", "trial-x", "trial-1.other", "copy", "trial-01")
    shutil.copyfile(path, path.with_name(chance.choice(names) + SUFFIX))


def directory(path: Path, chance: random.Random) -> None:
    path.unlink()
    path.mkdir()


def rewrite(path: Path, chance: random.Random) -> None:
    """Changes what a recording says, and writes it anew with a checksum that is right: what a hand would do."""
    events = recording.read(path).events
    at = chance.randrange(len(events))
    what = chance.choice(("digit", "drop", "twice", "value", "end"))
    if what == "digit":
        text = json.dumps(events[at])
        digits = [place for place, letter in enumerate(text) if letter.isdecimal()]
        if digits:
            place = chance.choice(digits)
            text = text[:place] + str((int(text[place]) + chance.randint(1, 9)) % 10) + text[place + 1 :]
            try:
                events[at] = json.loads(text)
            except ValueError:  # "01" is no number of JSON's
                del events[at]
    elif what == "drop":
        del events[at]
    elif what == "twice":
        events.insert(at, events[at])
    elif what == "value":
        events[at] = {**events[at], chance.choice(list(events[at])): chance.choice(VALUES[:-1])}
    else:
        events[-1] = {"event": "end", "status": chance.choice(("ok", "absent", "skipped", "broken", "x")), "reason": "made up"}
    recorder = Recorder(path)
    for event in events:
        fields = dict(event)
        recorder.event(str(fields.pop("event", "none")), **{str(key): value for key, value in fields.items()})
    recorder.close()


FILES: tuple[Callable[[Path, random.Random], None], ...] = (delete, empty, copy_over, stray, directory, rewrite, rewrite, rewrite)


# Damages of a JSON file, by its content ------------------------------------------------------------------------------


def places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Yields every place of a JSON document: the mapping or list that it is in, and its key or index there."""
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in list(inner):
        yield content, key
        yield from places(value)


def replace_value(content: Any, chance: random.Random) -> Any:
    where, key = chance.choice(list(places(content)))
    where[key] = chance.choice(VALUES)
    return content


def drop_value(content: Any, chance: random.Random) -> Any:
    where, key = chance.choice(list(places(content)))
    del where[key]
    return content


def change_value(content: Any, chance: random.Random) -> Any:
    """Changes a number or a text a little: what a hand would do, or a bit that is turned."""
    where, key = chance.choice([(one, key) for one, key in places(content) if isinstance(one[key], (int, float, str))])
    value = where[key]
    if isinstance(value, str):
        place = chance.randrange(len(value) + 1)
        where[key] = value[:place] + chance.choice("x1/\x1b\u202e") + value[place + 1 :]
    else:
        where[key] = value + chance.choice((1, -1, 1000))
    return content


def swap_values(content: Any, chance: random.Random) -> Any:
    (one, key), (other, second) = chance.sample(list(places(content)), 2)
    one[key], other[second] = other[second], one[key]
    return content


def add_key(content: Any, chance: random.Random) -> Any:
    content[chance.choice(("x", "absent", "cells", "digests", "noise"))] = chance.choice(VALUES)
    return content


def other_document(content: Any, chance: random.Random) -> Any:
    return chance.choice([[], None, 5, "x", {"schema": 99}, {"schema": 1}, {"verdicts": 5}, {"verdicts": [{}]}, [[[]]]])


CONTENT = (replace_value, replace_value, drop_value, change_value, change_value, swap_values, add_key, other_document)


# The readers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """What a reader said of a run: its rows, and a line for each thing that is wrong."""

    rows: tuple[str, ...]
    lines: tuple[str, ...]


def said(found: Sequence[Row], failures: Sequence[FailureRow] | Sequence[str]) -> Said:
    lines = tuple(one if isinstance(one, str) else one["what"] for one in failures)
    return Said(tuple(json.dumps({**row, "run": ""}, sort_keys=True) for row in found), lines)


def judging(run: Path) -> Said:
    found = run_cells.document(run, [one.outcome for one in run_cells.judge_run(run)])
    return said(found["verdicts"], found["errors"])


def comparing(run: Path) -> Said:
    found = selection.select(str(run), run.parent)
    return said(found.rows, found.broken)


def publishing(run: Path) -> Said:
    found = reference.gather([run])
    return said(found.rows, found.damaged)


def going_on(run: Path) -> Said:
    """Looks for the cells that a matrix would not run again. A cell that it runs again is none that it believes."""
    kept: list[Row] = []
    lines: list[str] = []
    entered = run_directory.entered_cells(run)
    for name, planned in PLANNED.get(run, {}).items():
        found = resume.finished(run_directory.cell_directory(run, name), planned, entered.get(name))
        if isinstance(found, str):
            lines.append(found or f"{name} is run again")
        else:
            kept += found.rows
    return said(kept, lines)


def looking_back(run: Path) -> Said:
    lines: list[str] = []
    found = rows.collected(run.parent, run.parent / "none", lambda line: lines.append(str(line)))
    return said(found, lines)


READERS = (judging, comparing, publishing, going_on, looking_back)
PLANNED: dict[Path, dict[str, Any]] = {}  # run → cell → cell.json as it was planned


def hear(reader: Callable[[Path], Said], run: Path) -> Said:
    """Has a run read; an error of one line is what was said."""
    try:
        return reader(run)
    except LabError as error:
        return Said((), (str(error),))


def _late(number: int, frame: FrameType | None) -> None:
    raise TimeoutError


def outcome(run: Path, before: dict[str, Said]) -> tuple[str, str]:
    """Says what came of a damage, and what was said of it: by the reader that took it worst."""
    noticed = ""
    for reader in READERS:
        name = reader.__name__
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            now = hear(reader, run)
        except TimeoutError:
            return HANG, name
        except Exception:
            return TRACEBACK, f"{name}: {traceback.format_exc()}"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        if any("\n" in line or len(line) > 2000 for line in now.lines):
            return TRACEBACK, f"{name}: more than one line: {now.lines}"
        if not set(now.rows) <= set(before[name].rows):
            return SILENT, f"{name}: a row is another"
        if len(now.rows) < len(before[name].rows) and not now.lines:
            return SILENT, f"{name}: a row is missing"
        noticed = noticed or (now.lines[0] if now.lines else "")
    return (NOTICED, noticed) if noticed else (HARMLESS, "")


def damage(path: Path, chance: random.Random) -> str:
    """Damages a file: what was done."""
    if path.name.endswith(SUFFIX) and chance.random() < 0.4:
        way = chance.choice(FILES)
        way(path, chance)
        return way.__name__
    if path.suffix == ".json" and chance.random() < 0.6:
        how = chance.choice(CONTENT)
        content = how(json.loads(path.read_text("utf-8")), chance)
        path.write_text(json.dumps(content), "utf-8")
        return how.__name__
    data = bytearray(path.read_bytes())
    kind = chance.choice(BYTES)
    kind(data, chance)
    path.write_bytes(data)
    return kind.__name__


def damages(run: Path, pattern: str, count: int, seed: int) -> Iterator[Damage]:
    """Damages a copy of a run so many times, each time anew, in one file that the pattern finds. The same seed does the same."""
    chance = random.Random(seed)  # noqa: S311 - places, no secret
    with tempfile.TemporaryDirectory(prefix="folklab-damage-") as place:
        copy = Path(place, "runs", run.name)
        copy.mkdir(parents=True)
        for kept in ("experiments", "environment.json", "verdicts.json"):
            (shutil.copytree if (run / kept).is_dir() else shutil.copy2)(run / kept, copy / kept)
        PLANNED[copy] = {
            name: run_directory.read_cell(run_directory.cell_directory(run, name)) for name in run_directory.cells_here(run)
        }
        before = {reader.__name__: hear(reader, copy) for reader in READERS}
        files = sorted(path for path in copy.glob(pattern) if path.is_file())
        signal.signal(signal.SIGALRM, _late)
        for _ in range(count):
            path = chance.choice(files)
            kind = damage(path, chance)
            came, why = outcome(copy, before)
            yield Damage(str(path.relative_to(copy)), kind, came, why)
            restore(run, copy, path)


def restore(run: Path, copy: Path, path: Path) -> None:
    """Makes a damaged directory what it was."""
    if path.is_dir():
        path.rmdir()
    shutil.copy2(run / path.relative_to(copy), path)
    for other in path.parent.glob(f"*{SUFFIX}"):
        if not (run / other.relative_to(copy)).exists():
            other.unlink()


RECORDINGS, JSON = f"experiments/*/*{SUFFIX}", "**/*.json"


def show(asked: Asked) -> Iterator[Shown]:
    """Records a run, and damages copies of its recordings and of its JSON files, `count` times each."""
    results = asked.into / "runs"
    kernel = ("--kernel", asked.kernel) if asked.kernel else ()
    words = ("run-experiment", EXPERIMENT, "--machine", "vm", "--trials", "3", *kernel, "--results", str(results))
    status = started(asked.into, cache.directory(), *words).wait()
    recorded = [path for path in results.glob("*") if path.is_dir()]
    if status != errors.AS_KNOWN or len(recorded) != 1:
        raise LabError(f"run {results}", f"it ended with status {status}", f"see {asked.into / 'said'}")
    for what, pattern in (("recordings", RECORDINGS), ("JSON files", JSON)):
        counts: Counter[str] = Counter()
        for one in damages(recorded[0], pattern, asked.count, asked.seed):
            counts[one.outcome] += 1
            if one.outcome in FAULTS:
                yield Shown(f"{one.kind} of {one.file}", False, f"{one.outcome}: {one.said}")
        told = ", ".join(f"{counts[kind]:,} {kind}" for kind in (NOTICED, HARMLESS, *FAULTS))
        yield Shown(f"{asked.count:,} damaged {what}", not any(counts[kind] for kind in FAULTS), told)
