"""A cell's way to another machine, and its evidence's way back: as data, and as one archive with its digest.

A worker needs this package and nothing else. It fetches the kernel by its release, from its own cache or mirror, and
runs only what is the very cell that was ordered: the kernel's digest, the experiment's version and its source tell.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

import zstandard

from harness import cache, catalogue, experiment_files
from harness.claims.claim import Experiment
from harness.errors import LabError, UsageError
from harness.evidence import json_file, run_directory
from harness.evidence.schema import CellRecord, RanRow
from harness.experiment_files import Problem
from harness.machine.guest import accelerator, qemu
from harness.machine.kernels import find
from harness.machine.kernels.kernel import Kernel
from harness.machine.processes import fleet
from harness.run import resume
from harness.run.batch import Batch, submit
from harness.run.cell import Cell, cell_of, describe
from harness.run.trial import NO_LIMIT
from harness.verdicts import judged
from harness.verdicts.judged import Judged
from probes import build

# What of a cell's identity may be otherwise on a worker: it has no KVM, or not the file beside the very same image.
THERE = ("accelerator", "config")


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
        batch = Batch(cell, Path(directory), NO_LIMIT, lambda _: None)
        submit([batch], pool)
        wait(batch.futures)
        ran: RanRow = {"host": platform.node(), "accelerator": chosen, "qemu": qemu.version()}
        json_file.write(batch.directory / "cell.json", {**batch.over(), "source": source, "ran": ran})
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
    """Packs every file of a cell's directory, by its bare name."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for path in sorted(directory.iterdir()):
            tar.add(path, arcname=path.name, recursive=False)
    data = zstandard.ZstdCompressor().compress(packed.getvalue())
    return Archive(data, digest_of(data))


def unpack(archive: Archive, directory: Path, ordered: CellRecord) -> CellRecord:
    """Makes the cell's directory, whole or not at all, and gives its cell.json; one that is finished stays as it is.

    Raises LabError for an archive that is damaged, or that is another cell's.
    """
    if digest_of(archive.data) != archive.digest:
        raise LabError(
            f"archive of {directory.name}", "its digest is another: it was damaged on its way", "run the same command again"
        )
    if kept := resume.finished(directory, ordered):
        return kept.cell
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=directory.parent) as place:
        new = Path(place, "cell")
        new.mkdir()
        data = zstandard.ZstdDecompressor().decompressobj().decompress(archive.data)
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            for member in tar:
                file = tar.extractfile(member)
                if file and Path(member.name).name == member.name:
                    (new / member.name).write_bytes(file.read())
        cell: CellRecord = json.loads((new / "cell.json").read_text())
        if any(cell.get(key) != ordered.get(key) for key in resume.IDENTITY if key not in THERE):
            raise LabError(f"archive of {directory.name}", "another cell is in it", "run the same command again")
        shutil.rmtree(directory, ignore_errors=True)
        os.replace(new, directory)
    return cell


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
