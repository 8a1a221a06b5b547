"""The contents of the catalogue: what each experiment asks and claims, kept in the user's cache, so that nobody loads an
experiment to tell what there is.

What is kept vouches for itself. It has the state of every file that it was made from, and of every file of the folders that
experiments lie in, and of what is installed: where anything of that is otherwise now, it is made anew. Damaged or missing
contents, and a cache that can't be written to, cost the time of making them.
"""

from __future__ import annotations

import json
import os
import sys
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from harness.errors import LabError
from harness.paths import ROOT

if TYPE_CHECKING:
    from harness.claims.claim import Claim, Experiment, Known
    from harness.experiment_files import Found

FOLDER = "contents"  # of the cache
CATALOGUE = ROOT / "experiments"
PARTS = (ROOT / "harness", CATALOGUE, ROOT / "probes")  # the modules of the lab; its .venv may lie beside them
MOST = 20  # that are kept: one for each set of folders that a user names, of each checkout and interpreter
TICK_NS = 50_000_000  # a file that is changed twice within a tick of the kernel's (4 to 10 ms) has one state


class ClaimEntry(TypedDict):
    """What the contents have of a claim. data: as `invoke list --json` has it (docs/json.md). known: its answers, as they are
    said."""

    data: dict[str, Any]
    known: list[str]
    instead: str


class Entry(TypedDict):
    """What the contents have of an experiment. data: as `invoke list --json` has it. module, file, root: as
    experiment_files.Found has them. needs: as they are said. writes: settings that its procedure writes itself."""

    data: dict[str, Any]
    module: str
    file: str
    root: str
    needs: str
    writes: list[str]
    claims: list[ClaimEntry]


# What there is to tell


def entry(found: Found) -> Entry:
    """Tells what the contents have of an experiment."""
    one = found.experiment
    return {
        "data": data_of(one),
        "module": found.module,
        "file": str(found.file),
        "root": str(found.root),
        "needs": one.needs.said,
        "writes": list(one.writes),
        "claims": [
            {"data": claim_data(claim, one), "known": [known.said for known in claim.known], "instead": claim.instead}
            for claim in one.claims
        ],
    }


def data_of(one: Experiment) -> dict[str, Any]:
    """Gives what an experiment asks and what it takes. memory: bytes."""
    return {
        "experiment": one.name,
        "version": one.version,
        "question": one.question,
        "trials": one.trials,
        "arms": list(one.arms),
        "axes": {name: list(values) for name, values in one.axes.items()},
        "origin": one.origin or None,
        "needs": {
            "memory": one.needs.memory,
            "cpus": one.needs.cpus,
            "nodes": one.needs.nodes,
            "files": list(one.needs.files),
            "programs": list(one.needs.programs),
            "changes": list(one.needs.changes),
            "system": one.needs.system,
        },
    }


def claim_data(claim: Claim, experiment: Experiment) -> dict[str, Any]:
    """Gives what a claim says and what is known of it."""
    return {
        "claim": claim.id,
        "text": claim.text,
        "section": claim.section,
        "kind": claim.kind,
        "experiment": experiment.name,
        "known": [answer(known) for known in claim.known],
    }


def answer(known: Known) -> dict[str, Any]:
    """Gives a known answer, with the commits that its source names."""
    return {
        "verdict": known.verdict,
        "since": known.since,
        "until": known.until,
        "settings": dict(known.settings),
        "source": known.source,
        "predicted": known.predicted,
        "commits": known.commits,
    }


# What it was made from


def state(path: str | os.PathLike[str]) -> list[int]:
    """Gives what changes whenever a file does: which it is, its size, its times. No program sets the time of its last change
    (ctime) back. Nothing of one that is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return []
    return [found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def sources(directories: Iterable[str | Path]) -> dict[str, list[int]]:
    """Maps file → state, of all that experiments may be in: those of the catalogue, of folders, and what packages there are."""
    found = {path: state(path) for path in _below(str(CATALOGUE))}
    for directory in directories:
        found |= {path: state(path) for path in _files(str(directory), ".py")}
    for place in sys.path:  # where metadata.entry_points looks
        for path in (*_files(place or ".", ".dist-info"), *_files(place or ".", ".egg-info")):
            found[path] = state(f"{path}/entry_points.txt")
    return found


def _below(folder: str) -> Iterator[str]:
    yield from _files(folder, ".py")
    with suppress(OSError):
        for one in os.scandir(folder):
            if one.is_dir() and not one.name.startswith(("_", ".")):
                yield from _below(one.path)


def _files(folder: str, ending: str) -> Iterator[str]:
    with suppress(OSError):
        for one in os.scandir(folder):
            if one.name.endswith(ending):
                yield one.path


def loaded(roots: Iterable[Path]) -> dict[str, list[int]]:
    """Maps file → state, of the lab's modules and those below some folders that this process has loaded."""
    places = tuple(f"{one.resolve()}{os.sep}" for one in (*PARTS, *roots))
    files = {getattr(one, "__file__", None) for one in list(sys.modules.values())}
    return {file: state(file) for file in sorted(filter(None, files)) if file.startswith(places)}


def began() -> int:
    """Gives when this process began, in nanoseconds since the epoch, as the times of files have it."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])  # proc(5): field 22, after two are cut off
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return time.time_ns() - int(age * 1e9)


# Where it is kept


def place_of(directories: Sequence[Path], kind: str) -> tuple[Path, str]:
    """Names the file that contents are kept in, and what they are of."""
    from harness import cache

    looked_in = [one or os.getcwd() for one in sys.path]
    of = repr((kind, str(ROOT), sys.version, os.uname(), looked_in, [(str(one), str(one.resolve())) for one in directories]))
    return cache.place(FOLDER) / f"{kind}-{zlib.crc32(of.encode()):08x}.json", of


def read(directories: Sequence[Path], kind: str) -> Any:
    """Gives what is kept, of the catalogue and these folders; None where nothing is that still holds."""
    try:
        path, of = place_of(directories, kind)
        digest, _, text = path.read_bytes().partition(b"\n")
        if digest.decode() != f"{zlib.crc32(text):08x}":
            return None
        found = json.loads(text)
        there = sources((*directories, *found["roots"]))
        same = found["sources"] == there and all(state(one) == was for one, was in found["loaded"].items())
        return found["kept"] if found["of"] == of and same else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def keep(directories: Sequence[Path], kind: str, roots: Sequence[Path], what: object) -> None:
    """Keeps contents that this process has made of what it has loaded, unless a file of that was changed since it began: it may
    have been loaded before. roots: the folders of packages with experiments. Keeps nothing where the cache can't be written
    to."""
    from harness import cache

    with suppress(LabError, OSError):
        path, of = place_of(directories, kind)
        now: Mapping[str, Mapping[str, list[int]]] = {
            "sources": sources((*directories, *roots)),
            "loaded": loaded((*directories, *roots)),
        }
        newest = max((times[-1] for part in now.values() for times in part.values() if times), default=0)
        if newest > began() - TICK_NS or any(not times for times in now["loaded"].values()):
            return
        text = json.dumps({"of": of, "roots": [str(one) for one in roots], **now, "kept": what}).encode()
        folder = cache.directory(FOLDER)
        with cache.replacing(path) as new:
            new.write_bytes(f"{zlib.crc32(text):08x}\n".encode() + text)
        for old in sorted(folder.glob("*.json"), key=lambda one: one.stat().st_mtime)[:-MOST]:
            old.unlink(missing_ok=True)
