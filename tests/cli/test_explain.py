"""A claim explained: the procedure in words, the bounds with their reasons, the newest evidence in numbers."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import catalogue
from harness.cli import explain
from harness.evidence import run_directory
from harness.reports.comparison import rows

EXPERIMENT, CLAIM = catalogue.find("tmpfs-unreclaimable")
ROW: dict[str, Any] = {
    "claim": "tmpfs-unreclaimable",
    "experiment": "tmpfs-dropped",
    "version": 1,
    "verdict": "confirmed",
    "known": "confirmed",
    "kernel": "6.12.9",
    "series": "6.12",
    "config": None,
    "machine": "vm",
    "accelerator": "tcg",
    "settings": {"lru": "mglru"},
    "trials": 3,
    "valid": 3,
    "boots": 3,
    "why": "All stayed.",
    "guards": [],
    "seconds": 1.0,
    "quantities": [
        {"name": "pages kept", "unit": "pages", "if_true": "= 16384", "if_false": "<= 16383", "values": [16384, 16384, 16383]}
    ],
    "references": [
        {"name": "a locked file", "must": "true", "values": [16384, 16384, 16384]},
        {"name": "a clean file", "must": "false", "values": []},
    ],
}


@pytest.fixture(autouse=True)
def nothing_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "REFERENCE", tmp_path / "nothing")


def text(parent: Path) -> str:
    assert CLAIM
    return " ".join(" ".join(explain.lines(EXPERIMENT, [CLAIM], parent)).split())


def write(parent: Path, name: str, age: float, **changes: Any) -> None:
    directory = parent / name
    directory.mkdir()
    row: Any = {**ROW, **changes}
    run_directory.write_verdicts(directory, run_directory.document(directory, [row], []))
    os.utime(directory / "verdicts.json", (age, age))


def test_in_words_and_with_reasons(tmp_path: Path) -> None:
    found = text(tmp_path)
    assert EXPERIMENT.words in found
    assert "false if at most 33,554,432 bytes - 1: “cannot” means no page" in found
    assert "Not measured yet: `invoke run-experiment tmpfs-unreclaimable`" in found


def test_the_newest_evidence_of_each_kernel_and_setting_in_numbers(tmp_path: Path) -> None:
    write(tmp_path, "old", 1, verdict="refuted")
    write(tmp_path, "new", 2)
    write(tmp_path, "classic", 1, settings={"lru": "classic"})
    write(tmp_path, "else", 3, claim="tmpfs-swaps")
    found = text(tmp_path)
    assert "Measured on 6.12.9 (lru=mglru): confirmed, 3 of 3 trials valid, from 3 boots [new]" in found
    assert "[classic]" in found
    assert "refuted, 3 of 3" not in found
    assert "pages kept: 16,384, 16,384, 16,383 pages" in found
    assert "a locked file, must read true: 16,384 " in found
    assert "a clean file, must read false: no valid trial" in found


def test_arms_and_axes_are_named() -> None:
    experiment = replace(EXPERIMENT, arms=("with swap", "without"), axes={"lru": ("classic", "mglru")})
    found = " ".join(" ".join(explain.procedure_lines(experiment)).split())
    assert "Done in 2 ways, each on a guest of its own: with swap, without" in found
    assert "Done as a whole with lru = classic, mglru" in found


def test_a_file_without_words_is_told() -> None:
    assert "does not say in words" in next(explain.procedure_lines(replace(EXPERIMENT, words="")))
