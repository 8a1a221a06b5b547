"""What a cell's evidence must be before it is judged: all there, as it was written, and this cell's own.

What is not so is broken, never judged: each function here yields a line for each thing that is wrong.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.evidence import recording
from harness.evidence.recording import Event, Recording, Trial
from harness.evidence.schema import CellRecord
from harness.printable import harmless

LISTED = 5  # lines for one cell: a directory full of other files says the same with each


def digest_of(path: Path) -> str:
    """Gives "sha256:…" of a file."""
    with open(path, "rb") as file:
        digest = hashlib.sha256()
        while data := file.read(1 << 20):
            digest.update(data)
    return f"sha256:{digest.hexdigest()}"


def enter_recordings(directory: Path, cell: CellRecord) -> None:
    """Enters size and digest of each recording, by which cell.json vouches for them."""
    found = recording.files(directory)
    cell["recordings"] = {path.name: path.stat().st_size for path in found}
    cell["digests"] = {path.name: digest_of(path) for path in found}


def faults(directory: Path, cell: CellRecord, arms: Sequence[str]) -> Iterator[str]:
    """Yields what is wrong with the files of a cell: one that was never planned, is missing, or is not as it was written."""
    here = {path.name: path for path in recording.files(directory)}
    for name in here:
        place = recording.place_of(name)
        if place is None or place[0] > cell["trials"] or place[1] not in arms:
            yield f"{harmless(name)[:80]}: no recording of that name was planned"
    listed, digests = cell.get("recordings"), cell.get("digests")
    if listed is None:
        return
    for name in sorted({*here, *listed}):
        if name not in here:
            yield f"{harmless(name)[:80]} is missing"
        elif not here[name].is_file():
            yield f"{name} is no file"
        elif name not in listed:
            yield f"{name} was not there when the cell was finished"
        elif (size := here[name].stat().st_size) != listed[name]:
            yield f"{name} was changed since it was written: it has {size:,} bytes, it had {listed[name]:,}"
        elif digests is not None and digest_of(here[name]) != digests.get(name):
            yield f"{name} was changed since it was written: its digest is another"


def unfinished(trials: Sequence[Trial], cell: CellRecord, arms: Sequence[str]) -> Iterator[str]:
    """Yields what is wrong with what the recordings of a cell say: an arm that is missing, one that stops before its end, one
    of another cell."""
    found = {trial.number: trial for trial in trials}
    if cell["trials"] < 1:
        yield f"it was planned with {cell['trials']} trials"
    if any(one.end["status"] == "absent" for trial in trials for one in trial.arms.values()):
        return  # the kernel has no such setting: what one trial has found out, the others need not
    missing = [number for number in range(1, min(cell["trials"], len(found) + LISTED) + 1) if number not in found]
    if missing:
        yield f"of {cell['trials']} planned trials {len(found)} are there: trial {', '.join(map(str, missing))} is missing"
    for number, trial in found.items():
        for arm in arms:
            name = f"trial {number}{f' ({arm})' if arm else ''}"
            if arm not in trial.arms:
                yield f"{name} is missing"
                break
            end = trial.arms[arm].end
            if end["status"] == "broken":
                yield f"{name}: {end['reason']}"
                break
            if end["status"] == "skipped":
                break  # what the machine lacks is found in the first arm that needs it: the others are not run then
            for fault in foreign(trial.arms[arm], cell, number, arm):
                yield f"{name}: {fault}"


def foreign(one: Recording, cell: CellRecord, number: int, arm: str) -> Iterator[str]:
    """Yields in what a whole recording is another's: experiment, version, kernel, settings, trial, arm; and names that stand
    in it twice, of which some readings would take the first and others the last."""
    start = one.start
    if not start:
        yield "it has no start"
        return
    wanted = {"experiment": cell["experiment"], "version": cell["version"], "arm": arm, "trial": number}
    said = {"trial": number, **start}  # recordings from before there were seals do not say their trial
    for key, value in wanted.items():
        if said.get(key) != value:
            yield f"it is of {key} {ascii(said.get(key))[:80]}, the cell's is {ascii(value)[:80]}"
    if start["machine"]["release"] != cell["kernel"]:
        yield f"it is of kernel {ascii(start['machine']['release'])[:80]}, the cell's is {cell['kernel']}"
    if start["machine"]["page_size"] <= 0:
        yield f"its page size is {start['machine']['page_size']}"
    for name, value in pinned(start, cell).items():
        if start["settings"].get(name) not in {value, None}:
            yield f"its setting {name} is {ascii(start['settings'][name])[:80]}, the cell's is {value}"
    for kind, name in twice(one.events):
        yield f"the {kind} {ascii(name)[:80]} stands in it twice"


def pinned(start: Event, cell: CellRecord) -> dict[str, str]:
    """Gives the settings that a recording must have: all that the cell pins, and that a machine can't have otherwise. A host
    leaves some as they are, and how THP is set a kernel's command line has the last word."""
    axis = {name: value for name, value in cell["axis"].items() if name not in {"append", "memory"}}  # which is in MiB
    sets = {name: str(value) for name, value in cell.get("sets", {}).items() if name != "thp"}
    return {**(sets if start["machine"]["name"] == "vm" else {}), **axis}


def twice(events: Sequence[Event]) -> list[tuple[str, str]]:
    """Lists the names that two events of a kind have: (kind, name)."""
    names = Counter((event["event"], event["name"]) for event in events if event["event"] in {"sample", "record"})
    names.update(("pages", f"{event['sample']}: {event['label']}") for event in events if event["event"] == "pages")
    return [name for name, count in names.items() if count > 1]
