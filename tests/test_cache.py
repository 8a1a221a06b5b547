"""The cache: what it vouches for, what killed processes leave in it, and what is said where it can't be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import cache
from harness.errors import LabError, Unavailable


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOLKLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def made(place: Path, data: bytes = b"x" * 300_000) -> Path:
    path = cache.directory("disks") / "image"
    with cache.making(path) as new:
        new.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("named", "found"), [("/elsewhere", "/elsewhere/folklab"), ("", "/home/me/.cache/folklab"), ("below", "")]
)
def test_where_it_lies_by_itself(named: str, found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the XDG Base Directory Specification has it: a relative path is to be ignored."""
    monkeypatch.setenv("FOLKLAB_CACHE", "")
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("XDG_CACHE_HOME", named)
    assert str(cache.place("disks")) == (found or "/home/me/.cache/folklab") + "/disks"


def test_it_is_its_users_alone(place: Path) -> None:
    cache.directory("snapshots", "key")
    assert place.stat().st_mode & 0o777 == 0o700


def test_a_file_is_vouched_for(place: Path) -> None:
    path = made(place)
    assert cache.intact(path) == cache.digest_of(path)


@pytest.mark.parametrize("times", ["kept", "new"])
def test_one_flipped_bit_is_noticed(place: Path, times: str, caplog: pytest.LogCaptureFixture) -> None:
    """Also where size and time of the last writing are as before: no program sets the time of the last change."""
    path = made(place)
    before = path.stat()
    with open(path, "r+b") as file:
        file.seek(200_000)
        file.write(b"y")
    if times == "kept":
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert cache.intact(path) is None
    assert "damaged, and is made anew" in caplog.text


def test_a_copy_of_a_cache_is_vouched_for_once_it_was_read(place: Path) -> None:
    path = made(place)
    other = path.with_name("other")
    subprocess.run(["cp", path, other], check=True)
    subprocess.run(["cp", f"{path}{cache.DIGEST}", f"{other}{cache.DIGEST}"], check=True)
    assert cache.intact(other) == cache.intact(path)
    assert json.loads(Path(f"{other}{cache.DIGEST}").read_text())["state"] == cache.state_of(other)


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"digest": 5, "state": 6}', "{"])
def test_a_damaged_word_for_a_file_vouches_for_nothing(place: Path, text: str) -> None:
    path = made(place)
    Path(f"{path}{cache.DIGEST}").write_text(text)
    assert cache.intact(path) is None


def test_what_is_not_read_costs_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(place)
    monkeypatch.setattr(cache, "digest_of", lambda path: pytest.fail("it was read again"))
    assert cache.intact(path)


def test_holes_are_zeros(tmp_path: Path) -> None:
    sparse, full, other = (tmp_path / name for name in ("sparse", "full", "other"))
    for path, tail in ((sparse, b"end"), (full, b"end"), (other, b"enD")):
        with open(path, "wb") as file:
            if path == sparse:
                file.seek(1 << 20)
            else:
                file.write(bytes(1 << 20))
            file.write(tail)
    assert cache.digest_of(sparse) == cache.digest_of(full) != cache.digest_of(other)
    os.truncate(full, (1 << 20) + 4)
    assert cache.digest_of(full) != cache.digest_of(sparse)


MAKER = """
import os, signal, sys
from harness import cache
path = cache.directory("snapshots", "key") / "0"
with (cache.workplace if sys.argv[1] == "directory" else cache.replacing)(path) as new:
    print(new, flush=True)
    signal.pause()
"""


@pytest.mark.parametrize("kind", ["directory", "file"])
def test_what_a_killed_process_was_making_goes(place: Path, kind: str) -> None:
    maker = subprocess.Popen([sys.executable, "-c", MAKER, kind], stdout=subprocess.PIPE, text=True)
    assert maker.stdout
    new = Path(maker.stdout.readline().strip())
    time.sleep(1.1)
    assert cache.sweep() == []  # its maker is alive
    assert new.exists()
    maker.kill()
    maker.wait()
    assert cache.sweep() == [new]
    assert not new.exists()
    maker.stdout.close()


def test_what_older_versions_have_left_goes_once_it_is_old(place: Path) -> None:
    left = cache.directory("snapshots", "key") / ".2.12345"
    left.mkdir()
    (left / "ram").write_bytes(b"memory")
    kept = cache.directory("kernels") / ".lock"
    kept.touch()
    assert cache.sweep() == []
    old = time.time() - 2 * cache.ABANDONED_SECONDS
    for path in (left, kept):
        os.utime(path, (old, old))
    assert cache.sweep() == [left]
    assert kept.exists()


def test_a_lock_that_is_never_given_back(tmp_path: Path) -> None:
    with cache.lock(tmp_path / "lock", "the thing"):
        began = time.monotonic()
        with (
            pytest.raises(LabError, match=f"the thing: process {os.getpid()} has been at it for 0 s"),
            cache.lock(tmp_path / "lock", "the thing", seconds=0.3),
        ):
            pass
        assert time.monotonic() - began < 10
    with cache.lock(tmp_path / "lock", "the thing", seconds=0):
        pass


def test_a_wait_for_a_lock_is_interrupted(tmp_path: Path) -> None:
    def check() -> None:
        raise LabError("run", "it was interrupted")

    with (
        cache.lock(tmp_path / "lock", "the thing"),
        pytest.raises(LabError, match="interrupted"),
        cache.lock(tmp_path / "lock", "the thing", check),
    ):
        pass


@pytest.mark.parametrize("where", ["/proc/nope", "/dev/null"])
def test_a_cache_that_cannot_be(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLKLAB_CACHE", where)
    with pytest.raises(Unavailable, match="FOLKLAB_CACHE") as caught:
        cache.directory("kernels")
    assert where in str(caught.value)
    assert cache.sweep() == []
