"""Restored and booted runs compared, on evidence made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness import catalogue
from harness.bench import clones, report
from harness.evidence import json_file, run_directory
from harness.false_evidence.made import Made, write_run
from harness.machine.kernels.kernel import Kernel
from harness.verdicts import noise, run_cells
from tests.refuting import tmpfs_dropped as made

EXPERIMENT = catalogue.load()["tmpfs-dropped"]
KERNEL = Kernel("6.12", "6.12.117-made", Path("vmlinuz"), None, None, "made", "sha256:0")
FLOOR = dict.fromkeys(clones.EXACT, 0)


def run(directory: Path, *trials: Made) -> Path:
    written = write_run(directory, EXPERIMENT, list(trials), {})
    outcomes = [one.outcome for one in run_cells.judge_run(written)]
    run_directory.write_verdicts(written, run_cells.document(written, outcomes))
    return written


def with_cached(kib: int) -> Made:
    return made.GOOD.but(counters={"written": {"meminfo:Cached": kib}})


def compared(tmp_path: Path, restored: Made, booted: Made, *again: Made, floor: dict[str, int] = FLOOR) -> dict[str, Any]:
    runs = [run(tmp_path / str(number), *[made] * 3) for number, made in enumerate((restored, booted, *again))]
    return clones.compare({"restored": runs[:1], "booted": runs[1:]}, "6.12", floor)


def test_nothing_differs(tmp_path: Path) -> None:
    found = compared(tmp_path, with_cached(400), with_cached(400))
    assert found["claims"] == 2
    assert (found["verdicts"], found["quantities"], found["counters"], found["in one only"]) == ([], [], [], [])
    assert found["counters compared"] == 1


def test_a_verdict_differs(tmp_path: Path) -> None:
    found = compared(tmp_path, made.GOOD, made.REFUTES["tmpfs-unreclaimable"])
    assert [one["what"].split()[0] for one in found["verdicts"]] == [
        "tmpfs-unreclaimable",
        "tmpfs-unreclaimable-because-referenced",
    ]
    assert {one["gap"] for one in found["quantities"]} == {1}, "one page is a difference"


def test_an_exact_counter_differs_by_a_page(tmp_path: Path) -> None:
    found = compared(tmp_path, with_cached(400), with_cached(404))
    assert [one["gap"] for one in found["counters"]] == [1]
    assert (
        compared(tmp_path / "floor", with_cached(400), with_cached(404), floor={**FLOOR, "meminfo:Cached": 1})["counters"] == []
    )


def test_booted_again_it_lies_as_far_apart_among_booted_guests(tmp_path: Path) -> None:
    assert clones.differing(compared(tmp_path / "1", with_cached(400), with_cached(404))) == ["tmpfs-dropped"]
    found = compared(tmp_path / "2", with_cached(400), with_cached(404), with_cached(408))
    assert clones.differing(found) == [], "one page apart, and booted guests are too"
    found = compared(tmp_path / "3", with_cached(400), with_cached(408), with_cached(412))
    assert [(one["gap"], one["allowed"]) for one in found["counters"]] == [(2, 1)]


def test_a_verdict_that_differs_once_is_none_of_the_two_ways(tmp_path: Path) -> None:
    other = made.REFUTES["tmpfs-unreclaimable"]
    assert compared(tmp_path / "1", made.GOOD, other, made.GOOD)["verdicts"] == []
    assert len(compared(tmp_path / "2", made.GOOD, other, other)["verdicts"]) == 2


def looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *again: int) -> tuple[dict[str, Any], list[str]]:
    """What still differs of 400 KiB restored and 404 booted, and as what the experiment was run again: with so many KiB."""
    runs = {
        "restored": [run(tmp_path / "restored", *[with_cached(400)] * 3)],
        "booted": [run(tmp_path / "booted", with_cached(404))],
    }
    asked: list[str] = []

    def run_again(kernel: Kernel, names: Sequence[str], way: str, what: str) -> Path:
        assert list(names) == ["tmpfs-dropped"]
        asked.append(what)
        return run(tmp_path / what, *[with_cached(again[len(asked) - 1])] * 3)

    monkeypatch.setattr(clones, "run_again", run_again)
    return clones.looked_again(KERNEL, clones.compare(runs, "6.12", FLOOR), runs, FLOOR), asked


def test_what_differs_is_run_again_until_it_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = {"verdicts": [], "quantities": [], "counters": []}
    assert looked(tmp_path / "1", monkeypatch, 408) == (nothing, ["booted-again-1-booted"])
    assert looked(tmp_path / "2", monkeypatch, 404, 396) == (nothing, ["booted-again-1-booted", "restored-again-2-booted"])


def test_it_ends_if_the_difference_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    still, asked = looked(tmp_path, monkeypatch, *[404, 400] * 3)
    assert len(asked) == clones.AGAIN
    assert [(one["restored"], one["booted"]) for one in still["counters"]] == [([100] * 12, [101] * 10)]


def test_published_floor(tmp_path: Path) -> None:
    assert clones.floors("6.12", tmp_path) == clones.EXACT
    row = {"unit": "bytes", "min": -80 * 4096, "max": 4096}
    json_file.write(noise.path_of("6.12", tmp_path), {"kernel": "6.12.0", "runs": 50, "moving": {"sandbox/memory.current": row}})
    assert clones.floors("6.12", tmp_path)["memory.current"] == 80


def test_the_page(tmp_path: Path) -> None:
    first = compared(tmp_path, made.GOOD, made.REFUTES["tmpfs-unreclaimable"])
    found = {
        "kernel": "6.12",
        "section": "all",
        **first,
        "run again": ["tmpfs-dropped"],
        "still": {"verdicts": first["verdicts"][:1], "quantities": [], "counters": []},
    }
    json_file.write(tmp_path / "clones-6.12.json", found)
    assert "| 6.12 | all | 2 | 2, 1 |" in report.write(tmp_path).read_text()
