"""What a run keeps of an experiment that is not the catalogue's: its question as data, its file, and the file's helpers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness import catalogue
from harness.claims import as_data
from harness.claims.claim import Experiment
from harness.errors import LabError
from harness.evidence import run_directory


def keep(run: Path, experiments: Iterable[Experiment]) -> None:
    """Writes RUN/sources/NAME/ for each of the user's own. Raises LabError where the disk is full."""
    for experiment in experiments:
        if experiment.origin:
            directory = run_directory.source_directory(run, experiment.name)
            _write(directory, catalogue.sources(experiment.name))
            _write(directory, {run_directory.QUESTION: as_data.text_of(experiment)})


def _write(directory: Path, sources: dict[str, bytes]) -> None:
    try:
        for name, content in sources.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(content)
    except OSError as error:
        raise LabError(
            f"source {directory}", error.strerror or "can't be written", "free some room or name another --results"
        ) from error
