"""The cache of kernels: stored whole or not at all, damage noticed, fetches side by side."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import LabError, Unavailable
from harness.machine.kernels import archive, find
from harness.machine.kernels.archive import Offer


def test_touched_image_is_read_again(copied_cache: Path) -> None:
    os.utime(copied_cache / "vmlinuz")
    assert len(find.fetched()) == 1


@pytest.mark.parametrize("damage", ["cut", "change", "remove", "record", "empty record"])
def test_damaged_kernel_is_no_kernel(copied_cache: Path, damage: str) -> None:
    image, info = copied_cache / "vmlinuz", copied_cache / "info.json"
    match damage:
        case "cut":
            os.truncate(image, 5_000_000)
        case "change":
            image.write_bytes(image.read_bytes()[:-1] + b"!")
        case "remove":
            image.unlink()
        case "record":
            info.write_text(json.dumps({"kernel": {"label": "6.12"}, "stamp": []}))
        case "empty record":
            info.write_text("")
    assert find.fetched() == []
    with pytest.raises(Unavailable, match="not fetched"):
        find.by_name("6.12", offline=True)


def test_store_and_find(offer: Offer, empty_cache: Path) -> None:
    stored = find._stored_once(offer)
    assert find.by_name("6.12", offline=True) == stored
    assert stored.source == "linux-image-local 1 (local)"
    assert sorted(path.name for path in stored.image.parent.iterdir()) == [
        "config",
        "info.json",
        "modules",
        "vmlinuz",
    ]
    assert not list(empty_cache.glob(".work-*"))


def test_package_that_is_not_what_was_signed(offer: Offer, empty_cache: Path) -> None:
    forged = replace(offer, packages=(replace(offer.packages[0], sha256="0" * 64),))
    with pytest.raises(LabError, match="Hash Sum mismatch"):
        find._stored_once(forged)
    assert find.fetched() == []
    assert not list(empty_cache.glob(".work-*"))


def test_package_without_a_kernel(offer: Offer, empty_cache: Path, tmp_path: Path) -> None:
    (tmp_path / "DEBIAN").mkdir()
    (tmp_path / "DEBIAN/control").write_text(
        "Package: none\nVersion: 1\nArchitecture: amd64\nMaintainer: x <x@y>\nDescription: x\n"
    )
    subprocess.run(["dpkg-deb", "-b", tmp_path, tmp_path / "none.deb"], check=True, capture_output=True)
    file = tmp_path / "none.deb"
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    hollow = replace(offer, packages=(replace(offer.packages[0], uri=f"file:{file}", sha256=sha256),))
    with pytest.raises(LabError, match="has no vmlinuz"):
        find._stored_once(hollow)


def test_what_is_gone_from_the_archive_gives_way_to_the_next(
    offer: Offer, empty_cache: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Listed, and not there: the next one of the series is taken, and it is said."""
    gone = replace(offer.packages[0], uri="file:/nonexistent/gone.deb")
    newer = replace(offer, version="2", packages=(gone,))
    listed = [newer, offer]
    monkeypatch.setattr(archive, "offers", lambda **_: listed)
    with caplog.at_level(logging.INFO):
        assert find.fetch("6.12").version == "1"
    assert "2 is gone from the archive" in caplog.text
    listed.remove(offer)
    with pytest.raises(archive.Gone):
        find.fetch("6.12")
    forged = replace(offer, version="3", packages=(replace(offer.packages[0], sha256="0" * 64),))
    listed[:] = [forged, offer]
    with pytest.raises(LabError, match="Hash Sum mismatch"):  # what was tampered with is told, not passed over
        find.fetch("6.12")


def test_two_fetches_at_once(offer: Offer, empty_cache: Path, tmp_path: Path) -> None:
    script = (
        "import logging; from harness.machine.kernels import find; from harness.machine.kernels.archive import *;"
        f"logging.basicConfig(level=logging.INFO); print(find._stored_once({offer!r}).digest)"
    )
    both = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    answers = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert answers[0][0] == answers[1][0] != b""
    assert sum(errors.count(b"fetching Linux") for _, errors in answers) == 1


def test_what_a_killed_fetch_left_goes_away(offer: Offer, empty_cache: Path) -> None:
    left = empty_cache / ".work-left"
    (left / "tree").mkdir(parents=True)
    os.utime(left, (0, 0))
    find._stored_once(offer)
    assert not left.exists()


def test_full_disk_or_missing_right_is_one_line(offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLKLAB_CACHE", "/proc/nowhere")
    with pytest.raises(LabError, match="FOLKLAB_CACHE"):
        find._stored_once(offer)
