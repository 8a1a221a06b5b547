"""invoke oom, as a user types it."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.oom import rewritten
from tests.commands import ROOT, invoke, one_line
from tests.linux import oom_logs

GERMAN = str(oom_logs.INPUTS / "02_proxmox_5.15_dmesgT_german.txt")
LIMITED = str(oom_logs.INPUTS / "j_real_6.12_13_ooms_ratelimited.kmsg.zst")


def test_files(tmp_path: Path) -> None:
    picture = tmp_path / "candidates.svg"
    finished = invoke("oom", GERMAN, LIMITED, "--plot", str(picture))
    assert finished.returncode == 0, finished.stderr
    assert "OOM 1: a group, Di Aug 12 03:54:03 2025, Linux 5.15.158-2-pve" in finished.stdout
    assert "oom-allowed-memcg: confirmed on 6.12" in finished.stdout
    assert finished.stdout.rstrip().endswith("14 OOMs, 14 kills; of 3 only the kill is in the log")
    assert len(list(tmp_path.glob("candidates-*.svg"))) == 11


def piped(raw: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "invoke", "oom", *words], cwd=ROOT, input=raw, capture_output=True, timeout=300)


def test_standard_input_and_json() -> None:
    finished = piped(gzip.compress(Path(GERMAN).read_bytes()), "-", "--json")
    assert finished.returncode == 0, finished.stderr
    document = json.loads(finished.stdout)
    (oom,) = document["ooms"]
    assert (document["schema"], oom["limit"], oom["victims"][0]["pid"]) == (1, 31211520, 3902942)
    assert oom["ranking"]["candidates"][0]["taken"]
    assert oom["claims"]["oom-allowed-memcg"] == "5.10 and 6.1: confirmed; 5.15 is not published"


def test_csv_and_markdown() -> None:
    finished = invoke("oom", "--csv", LIMITED)
    assert finished.returncode == 0
    assert len(finished.stdout.splitlines()) == 14
    finished = invoke("oom", "--markdown", GERMAN)
    assert "| “php-fpm” (pid 3902942) | 3,201,932 |" in finished.stdout


def test_a_log_without_an_oom() -> None:
    finished = piped(b"[    0.000000] Linux version 6.12\n", "-")
    assert (finished.returncode, finished.stderr) == (0, b"")
    assert finished.stdout.startswith(b"There is no OOM in it")
    assert json.loads(piped(b"", "-", "--json").stdout) == {"schema": 1, "ooms": []}


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ([], ["no log is named", "invoke oom FILE"]),
        (["/no/such/log"], ["/no/such/log", "No such file"]),
        (["."], ["Is a directory"]),
        ([GERMAN, "--json", "--csv"], ["one at a time"]),
        ([GERMAN, "--kernel", "new"], ["no release"]),
    ],
)
def test_wrong_usage(words: list[str], parts: list[str]) -> None:
    one_line(invoke("oom", *words), 1, *parts)


def test_what_cannot_be_unpacked(tmp_path: Path) -> None:
    for name, raw in {"a": b"\x1f\x8b\x08torn", "b": b"\x28\xb5\x2f\xfd" + b"\xff" * 99, "c": b"\xfd7zXZtorn"}.items():
        (tmp_path / name).write_bytes(raw)
        one_line(invoke("oom", str(tmp_path / name)), 1, "cannot be unpacked")
    (tmp_path / "journal").write_bytes(b"LPKSHHRH" + bytes(100))
    one_line(invoke("oom", str(tmp_path / "journal")), 1, "journalctl -k --file")


def test_the_release_may_be_given() -> None:
    log = str(oom_logs.INPUTS / "h_userspace_line_after_table.kmsg")
    found = json.loads(invoke("oom", log, "--kernel", "6.1", "--json").stdout)
    assert found["ooms"][0]["claims"]["oom-highest-score-dies"] == "confirmed on 6.1"


def test_this_machine() -> None:
    """Whatever it holds, or one line on why it cannot be read."""
    finished = invoke("oom", "--here")
    assert finished.returncode in {0, 4}, finished.stderr
    assert "Traceback" not in finished.stdout + finished.stderr
    assert finished.stdout or len(finished.stderr.splitlines()) == 1


def test_words_of_the_command_line() -> None:
    assert rewritten(["oom", "a", "--plot", "p", "-", "--json"]) == ["oom", "--file=a", "--plot", "p", "--file=-", "--json"]
    assert rewritten(["oom", "--here"]) == ["oom", "--here"]
    assert rewritten(["list", "--search", "oom"]) is None
    assert rewritten([]) is None
