"""Whole runs on real guests: from the command line to the verdict, and back from the evidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import catalogue
from harness.evidence import run_directory
from tests.commands import invoke

# The experiments that the first verdicts came from: one or more of each section.
FIRST = [
    "tmpfs-unreclaimable",
    "malloc-first-brk",
    "oc2-hard-limit",
    "drop1-frees-pagecache",
    "private-anon-not-cached",
    "sysv-shm-survives-exit",
    "mlock-unevictable",
    "exit-returns-private",
]


@pytest.mark.guest
@pytest.mark.parametrize("claim", FIRST)
def test_a_claim_is_decided_as_known(claim: str, tmp_path: Path) -> None:
    finished = invoke("run-experiment", claim, "--results", str(tmp_path))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert f"\n  {claim} on " in finished.stdout
    assert "Controls: " in finished.stdout
    (run,) = tmp_path.iterdir()
    rows = [row for row in run_directory.read_verdicts(run)["verdicts"] if row["claim"] == claim]
    assert rows
    for row in rows:
        assert row["verdict"] == row["known"]
        assert row["trials"] == row["valid"] == row["boots"] == catalogue.claims()[claim][1].trials
        assert len(row["references"]) == 2 * len(row["quantities"])


@pytest.mark.guest
def test_judged_again_from_disk_alone(tmp_path: Path) -> None:
    """The same verdicts with no QEMU, no cgroup, and by the recorded bounds too; the report is made again."""
    finished = invoke("run-experiment", "tmpfs-unreclaimable", "--results", str(tmp_path))
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (run,) = tmp_path.iterdir()
    written = json.loads((run / "verdicts.json").read_text())
    (tmp_path / "nothing").mkdir()
    for words in ([], ["--as-recorded"]):
        again = invoke("judge", str(run), "--json", *words, PATH=str(tmp_path / "nothing"))
        assert again.returncode == 0, again.stderr
        assert json.loads(again.stdout) == written
    (run / "report.md").unlink()
    assert invoke("report", str(run)).returncode == 0
    assert "tmpfs-unreclaimable" in (run / "report.md").read_text()
    plot, _ = sorted((run / "plots").glob("tmpfs-unreclaimable*.svg"))
    for path in (plot, *(run / name for name in ("samples.parquet", "quantities.parquet", "environment.json"))):
        assert path.stat().st_size > 0


@pytest.mark.guest
def test_one_claim_counts_for_the_status_and_json_is_the_file(tmp_path: Path) -> None:
    finished = invoke("run-experiment", "malloc-large-mmap", "--trials", "1", "--json", "--results", str(tmp_path))
    document = json.loads(finished.stdout)
    assert document["schema"] == 1
    assert {row["trials"] for row in document["verdicts"]} == {1}
    assert {
        "arch",
        "page_size",
        "claim",
        "experiment",
        "version",
        "verdict",
        "known",
        "kernel",
        "series",
        "config",
        "machine",
        "accelerator",
        "settings",
        "repeated",
        "kind",
        "turned",
        "predicted",
        "trials",
        "valid",
        "boots",
        "quantities",
        "references",
        "guards",
        "why",
        "seconds",
        "memory_total",
    } == set(document["verdicts"][0])


@pytest.mark.guest
def test_fresh_boots_agree(tmp_path: Path) -> None:
    finished = invoke("run-experiment", "malloc-first-brk", "--trials", "1", "--fresh-boot", "--results", str(tmp_path))
    assert finished.returncode == 0, finished.stdout + finished.stderr


def test_explain_and_list() -> None:
    explained = invoke("explain", "tmpfs-unreclaimable").stdout
    assert "cannot be freed by drop_caches" in explained
    assert "is written to drop_caches, and mincore of each file" in " ".join(explained.split())
    assert "must read false" in explained
    assert "Known answer: confirmed" in explained
    assert "tmpfs-unreclaimable" in invoke("list", "--search", "tmpfs").stdout
    assert invoke("doctor").returncode == 0
    assert "6.12" in invoke("kernels", "--offline").stdout
