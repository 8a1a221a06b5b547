"""A cell's way to another machine, and its evidence's way back: as data, and as one archive with its digest.

A worker needs this package and nothing else. It fetches the kernel by its release, from its own cache or mirror, and
runs only what is the very cell that was ordered: the kernel's digest, the experiment's version and its source tell.
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import re
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, TypedDict

import zstandard

from harness import cache, catalogue, experiment_files
from harness.claims.claim import Experiment
from harness.errors import Damaged, LabError, UsageError
from harness.evidence import run_directory
from harness.evidence.schema import CellRecord, RanRow
from harness.experiment_files import Problem
from harness.machine.guest import accelerator, qemu
from harness.machine.kernels import find
from harness.machine.kernels.kernel import Kernel
from harness.machine.processes import fleet
from harness.run import resume
from harness.run.batch import Batch, nobody, submit
from harness.run.cell import Cell, cell_of, describe
from harness.run.trial import NO_LIMIT
from harness.verdicts import judged
from harness.verdicts.judged import Judged
from probes import build

# What of a cell's identity may be otherwise on a worker: it has no KVM, or not the file beside the very same image.
THERE = ("accelerator", "config")


# What an archive may unpack to: recordings are kept compressed in it (0.1 MiB each as a rule), a console is some MiB at most.
UNPACKED_LIMIT = 512 << 20
# What a cell's directory has: cell.json, and of each trial and arm a recording and consoles.
EVIDENCE = re.compile(r"cell\.json|trial-[1-9][0-9]{0,6}(\.[A-Za-z0-9][\w .+=-]{0,80})?\.(jsonl\.zst|console[\w.-]{0,40}\.log)")


@dataclass(frozen=True)
class Archive:
    """The directory of a cell that was run: a tar file, compressed with Zstandard; digest: "sha256:…" of it."""

    data: bytes
    digest: str


class Own(TypedDict):
    """A kernel that no archive has: where its image and modules lie."""

    path: str
    modules: str | None


class Request(TypedDict):
    """A cell that another machine is asked to run."""

    cell: CellRecord
    mirror: str | None
    own: Own | None
    sources: dict[str, bytes] | None


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def request(cell: Cell, mirror: str | None = None) -> Request:
    """Gives all that a worker needs to know, as plain data. own: where a kernel lies that no archive has; sources: the files
    of an experiment that is not the catalogue's, which a worker runs as it runs what any task brings."""
    kernel = cell.kernel
    own: Own = {"path": str(kernel.image), "modules": str(kernel.modules) if kernel.modules else None}
    ordered = describe(cell)
    ordered.pop("noise", None)  # only a judge needs it
    sources = catalogue.sources(cell.experiment.name) if cell.experiment.origin else None
    return {"cell": ordered, "mirror": mirror, "own": None if kernel.version else own, "sources": sources}


def run_cell(wanted: Request) -> Archive:
    """Runs a cell here, all its trials, and packs what they recorded. Raises LabError where this machine has another
    kernel, or another version of the experiment, than was ordered."""
    build.build()  # only what is older than its sources
    ordered = wanted["cell"]
    kernel = kernel_for(ordered, wanted["own"], wanted["mirror"])
    if wanted["sources"]:
        experiment, source = sent(ordered, wanted["sources"])
    else:
        experiment, _ = catalogue.find(ordered["experiment"])
        source = catalogue.source_digest(experiment)
    here = {"version": experiment.version, "source": source}
    if any(ordered.get(key) != value for key, value in here.items()):
        raise UsageError(
            f"experiment {experiment.name} on worker {platform.node()}",
            f"it has version {experiment.version}, or another source, than was ordered",
            "install the same package on all machines",
        )
    # TCG is everywhere; where KVM was ordered and is not here, TCG gives the same answers, later.
    chosen = accelerator.choose(kernel)[0] if ordered["accelerator"] == "kvm" else ordered["accelerator"]
    cell = cell_of(experiment, kernel, ordered, chosen)
    with (
        tempfile.TemporaryDirectory(prefix="folklab-") as directory,
        ThreadPoolExecutor(cell.trials) as pool,
        fleet.running(),
    ):
        batch = Batch(cell, Path(directory), NO_LIMIT, nobody, nobody)
        submit([batch], pool)
        wait(batch.futures)
        ran: RanRow = {"host": platform.node(), "accelerator": chosen, "qemu": qemu.version(cell.kernel.architecture.board.qemu)}
        run_directory.write_cell(batch.directory, {**batch.over(), "source": source, "ran": ran})
        return pack(batch.directory)


def sent(ordered: CellRecord, sources: dict[str, bytes]) -> tuple[Experiment, str | None]:
    """Loads an experiment that is not the catalogue's from the files that came with the order, and gives their digest too.
    Raises UsageError where they can't be loaded here."""
    directory = cache.directory("sources", experiment_files.digest(sources).removeprefix("sha256:"))
    for name, content in sources.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        with cache.replacing(directory / name) as new:  # other workers of this host may be reading it
            new.write_bytes(content)
    for found in experiment_files.of_directory(directory):
        if isinstance(found, Problem):
            raise found.error
        if found.experiment.name == ordered["experiment"]:
            return replace(found.experiment, origin=ordered["origin"]), experiment_files.digest(sources)
    raise UsageError(f"experiment {ordered['experiment']}", "its files came without it", "update the worker's package")


def kernel_for(ordered: CellRecord, own: Own | None, mirror: str | None) -> Kernel:
    """Finds the kernel of that release and digest on this machine. Raises LabError where it can't be had here, or is
    another."""
    if own is None:
        return find.by_name(f"{ordered['kernel']}@{ordered['image']}", mirror=mirror)
    modules = Path(own["modules"]) if own["modules"] else None
    kernel = find.by_name(own["path"], modules=modules if modules and modules.is_dir() else None)
    if kernel.digest != ordered["image"]:
        raise UsageError(
            f"kernel {own['path']} on worker {platform.node()}",
            f"it is {kernel.digest[:19]}…, {str(ordered['image'])[:19]}… was ordered",
            "copy the same image there, or use a directory that all machines share",
        )
    return kernel


def pack(directory: Path) -> Archive:
    """Packs every file of a cell's directory that is evidence, by its bare name."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path in sorted(path for path in directory.iterdir() if EVIDENCE.fullmatch(path.name)):
            tar.add(path, arcname=path.name, recursive=False)
    data = zstandard.ZstdCompressor().compress(packed.getvalue())
    return Archive(data, digest_of(data))


def unpack(archive: Archive, directory: Path, ordered: CellRecord) -> CellRecord:
    """Makes the cell's directory, whole or not at all, and gives its cell.json; one that is finished stays as it is.

    Raises LabError for an archive that is damaged, or that is another cell's.
    """
    if digest_of(archive.data) != archive.digest:
        raise refused(directory, "its digest is another: it was damaged on its way")
    if not isinstance(kept := resume.finished(directory, ordered), str):
        return kept.cell
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=directory.parent) as place:
        new = Path(place, "cell")
        new.mkdir()
        for name, content in members(archive, directory):
            (new / name).write_bytes(content)
        try:
            cell = run_directory.read_cell(new)
        except (Damaged, UsageError) as error:
            raise refused(directory, f"its cell.json is none: {error.reason}") from error
        if any(cell.get(key) != ordered.get(key) for key in resume.IDENTITY if key not in THERE):
            raise refused(directory, "another cell is in it")
        shutil.rmtree(directory, ignore_errors=True)
        os.replace(new, directory)
    return cell


def refused(directory: Path, reason: str) -> LabError:
    return LabError(f"archive of {directory.name}", reason, "run the same command again")


def members(archive: Archive, directory: Path) -> Iterator[tuple[str, bytes]]:
    """Yields name and content of each file of an archive. Raises LabError for one that is damaged, unpacks to more than
    UNPACKED_LIMIT, has a name twice, or holds what no cell's directory has."""
    seen: set[str] = set()
    try:
        with (
            zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(archive.data) as unpacked,
            tarfile.open(fileobj=io.BufferedReader(Bounded(unpacked)), mode="r|") as tar,
        ):
            for member in tar:
                name = member.name
                if not member.isreg() or member.issparse() or not EVIDENCE.fullmatch(name) or name in seen:
                    raise refused(directory, f"{ascii(name)[:80]} is in it{' twice' if name in seen else ', no file of a cell'}")
                seen.add(name)
                file = tar.extractfile(member)
                yield name, file.read() if file else b""
    except (tarfile.TarError, zstandard.ZstdError, EOFError, ValueError) as error:
        raise refused(directory, f"it can't be unpacked: {error}") from error


class Bounded(io.RawIOBase):
    """The text of an archive, which ends with a ValueError where it is more than any cell's."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source, self.left = source, UNPACKED_LIMIT

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.source.read(len(buffer))
        self.left -= len(data)
        if self.left < 0:
            raise ValueError(f"it is more than {UNPACKED_LIMIT >> 20} MiB")
        buffer[: len(data)] = data
        return len(data)


class Sent:
    """A cell on its way to another machine; beside Batch, which is one that is run on this one."""

    def __init__(self, cell: Cell, run: Path, elsewhere: Executor, mirror: str | None, begins: Callable[[Cell], None]) -> None:
        self.cell, self.begins = cell, begins
        self.directory = run_directory.cell_directory(run, cell.name)
        self.row = describe(cell)
        self.futures: list[Future[Archive]] = [elsewhere.submit(run_cell, request(cell, mirror))]

    def cancel(self) -> None:
        for future in self.futures:
            future.cancel()

    def judge(self) -> Judged:
        """Judges the cell once its archive is here: it is taken in, then judged as any other evidence; its bytes are
        forgotten."""
        self.begins(self.cell)  # no executor tells when a call began
        (future,), self.futures = self.futures, []
        try:
            archive = future.result()
            cell = unpack(archive, self.directory, self.row)
            self.row |= {
                "seconds": cell["seconds"],
                "failures": cell["failures"],
                "ran": cell.get("ran"),
                "archive": archive.digest,
            }
        except (Exception, CancelledError) as error:
            resume.begin(self.directory, self.row)
            lost = f"the cluster lost it or broke ({type(error).__name__}: {str(error) or 'no reason given'})"
            said = str(error) if isinstance(error, LabError) else lost
            self.row |= {"seconds": 0.0, "failures": [" ".join(said.split())]}
        return judged.judge_cell(self.directory, cell=self.row)
