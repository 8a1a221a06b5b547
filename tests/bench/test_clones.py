"""Restored and booted runs compared, on evidence made by hand."""

from __future__ import annotations

from pathlib import Path

from harness import catalogue, noise, results
from harness.bench import clones, report
from tests.refuting import tmpfs_dropped as made
from tests.refuting.made import Made, write_run

EXPERIMENT = catalogue.load()["tmpfs-dropped"]
FLOOR = dict.fromkeys(clones.EXACT, 0)


def run(directory: Path, *trials: Made) -> Path:
    written = write_run(directory, EXPERIMENT, list(trials), {})
    judged = results.judge_run(written)
    rows = [row for one in judged for row in one.rows]
    results.write_json(written / "verdicts.json", {"verdicts": rows})
    return written


def with_cached(kib: int) -> Made:
    return made.GOOD.but(counters={"written": {"meminfo:Cached": kib}})


def compared(tmp_path: Path, restored: Made, booted: Made, floor: dict[str, int] = FLOOR) -> dict[str, object]:
    runs = {"restored": run(tmp_path / "restored", *[restored] * 3), "booted": run(tmp_path / "booted", *[booted] * 3)}
    return clones.compare(runs, "6.12", floor)


def test_nothing_differs(tmp_path: Path) -> None:
    found = compared(tmp_path, with_cached(400), with_cached(400))
    assert found["claims"] == 2
    assert (found["verdicts"], found["quantities"], found["counters"], found["in one only"]) == ([], [], [], [])
    assert found["counters compared"] == 1


def test_a_verdict_differs(tmp_path: Path) -> None:
    found = compared(tmp_path, made.GOOD, made.REFUTES["tmpfs-unreclaimable"])
    assert [one["claim"].split()[0] for one in found["verdicts"]] == [
        "tmpfs-unreclaimable", "tmpfs-unreclaimable-because-referenced"]
    assert {one["gap"] for one in found["quantities"]} == {1}, "one page is a difference"


def test_an_exact_counter_differs_by_a_page(tmp_path: Path) -> None:
    found = compared(tmp_path, with_cached(400), with_cached(404))
    assert [one["gap"] for one in found["counters"]] == [1]
    assert compared(tmp_path / "floor", with_cached(400), with_cached(404), {**FLOOR, "meminfo:Cached": 1})["counters"] == []


def test_published_floor(tmp_path: Path) -> None:
    assert clones.floors("6.12", tmp_path) == clones.EXACT
    row = {"unit": "bytes", "min": -80 * 4096, "max": 4096}
    results.write_json(noise.path_of("6.12", tmp_path),
                       {"kernel": "6.12.0", "runs": 50, "moving": {"sandbox/memory.current": row}})
    assert clones.floors("6.12", tmp_path)["memory.current"] == 80


def test_the_page(tmp_path: Path) -> None:
    found = {"kernel": "6.12", "section": "all", **compared(tmp_path, made.GOOD, made.REFUTES["tmpfs-unreclaimable"])}
    results.write_json(tmp_path / "clones-6.12.json", found)
    assert "| 6.12 | all | 2 | 2 |" in report.write(tmp_path).read_text()
