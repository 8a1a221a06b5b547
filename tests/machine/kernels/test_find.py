"""Kernels by name: fetched ones, labels, digests, nearest names, and what serves when nothing can be fetched."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness import cache
from harness.errors import Unavailable, UsageError
from harness.linux import flavours
from harness.machine.kernels import archive, find


@pytest.mark.parametrize("name", [None, "6.12"])
def test_default_series(name: str | None) -> None:
    assert find.by_name(name).series == "6.12"


def test_what_a_fetched_kernel_is(kernel: find.Kernel) -> None:
    assert kernel.label == kernel.series == "6.12"
    assert kernel.image.name == "vmlinuz"
    assert kernel.release.encode() in kernel.image.read_bytes()[:0x8000]
    assert kernel.digest == "sha256:" + hashlib.sha256(kernel.image.read_bytes()).hexdigest()
    assert kernel.version in kernel.source
    assert kernel.modules
    assert (kernel.modules / "kernel").is_dir()
    assert kernel.config
    assert "CONFIG_X86_64=y" in kernel.config.read_text()


def test_a_fetched_kernel_costs_milliseconds_and_no_network(kernel: find.Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # no apt, no network
    times = []
    for _ in range(5):
        start = time.perf_counter()
        assert find.by_name("6.12") == kernel
        times.append(time.perf_counter() - start)
    assert min(times) < 0.02  # s; hashing the image alone takes longer


def test_names_of_one_kernel(kernel: find.Kernel) -> None:
    plain = kernel.release.removesuffix("-cloud-amd64")
    for name in (
        kernel.release,
        plain,
        kernel.version,
        kernel.digest,
        kernel.digest[:20],
        f"6.12@{kernel.digest}",
        f"{kernel.release}@{kernel.digest[:15]}",
    ):
        assert find.by_name(name, offline=True) == kernel


@pytest.mark.parametrize("name", ["6.12@sha256:0123456789", "6.12@sha256:" + "0" * 64])
def test_wrong_digest(kernel: find.Kernel, name: str) -> None:
    with pytest.raises(Unavailable, match=r"(digest|not fetched)"):
        find.by_name(name, offline=True)


@pytest.mark.parametrize("name", ["6.12@", "6.12@md5:0123456789", "6.12@sha256:xyz", "sha256:12", "@"])
def test_no_digest(name: str) -> None:
    with pytest.raises(UsageError):
        find.by_name(name, offline=True)


def test_labels_find_their_kernel() -> None:
    for kernel in find.fetched():
        assert find.by_name(kernel.label, offline=True) == kernel


@pytest.mark.parametrize("name", ["hello", "6", "6,12", "", "../../etc", "6.12 ; reboot", "5.4", "6.12.9999"])
def test_unknown_names_offer_the_nearest(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "UNKNOWN_NAME_AGE_S", archive.INDEX_FRESH_S)  # 7 s less
    with pytest.raises(UsageError) as caught:
        find.by_name(name)
    assert "/" in name or "nearest: " in str(caught.value)


@pytest.mark.parametrize(
    ("name", "picked", "meant"),
    [
        ("6.12", ["cloud"], ["cloud", "rt", "ordinary"]),
        ("6.12-cloud", ["cloud"], ["cloud"]),
        ("6.12-rt", ["rt"], ["rt"]),
        ("6.12-rt-amd64", ["rt"], ["rt"]),
        ("6.12-amd64", ["ordinary"], ["ordinary"]),
        ("6.12.118+deb13", ["cloud"], ["cloud", "rt", "ordinary"]),
        ("6.12.118+deb13-cloud-amd64", ["cloud"], ["cloud"]),
        ("6.12.118+deb13-rt-amd64", ["rt"], ["rt"]),
        ("6.12.118+deb13-amd64", ["ordinary"], ["ordinary"]),
        ("6.12.118-1", ["cloud"], ["cloud", "rt", "ordinary"]),
        ("6.12.11", [], []),
        ("6.1-rt", [], []),
    ],
)
def test_flavours(name: str, picked: list[str], meant: list[str]) -> None:
    release = "6.12.118+deb13"
    kernels = {"cloud": f"{release}-cloud-amd64", "rt": f"{release}-rt-amd64", "ordinary": f"{release}-amd64"}
    wanted = flavours.parsed(name)
    assert wanted
    assert [one for one, its in kernels.items() if wanted.picks(its, "6.12.118-1")] == picked
    assert [one for one, its in kernels.items() if wanted.means(its, "6.12.118-1")] == meant


def test_a_kernel_of_another_distribution_needs_no_flavour() -> None:
    for release in ("6.17.5-300.fc43.x86_64", "6.17.5-arch1-1"):
        wanted = flavours.parsed(release)
        assert wanted
        assert wanted.means(release, "")
        assert flavours.of(release) == ""


def test_a_series_that_is_fetched_in_several_flavours(copied_cache: Path, kernel: find.Kernel) -> None:
    """The series alone is the cloud's kernel, whatever else is there; the others have names of their own."""
    info = json.loads((copied_cache / "info.json").read_text())
    for end in ("-rt-amd64", "-amd64"):
        release = kernel.release.replace("-cloud-amd64", end)
        other = copied_cache.with_name(f"{release}_{kernel.version}")
        shutil.copytree(copied_cache, other)
        record = {**info["kernel"], "release": release, "label": release}
        (other / "info.json").write_text(json.dumps({"kernel": record, "stamp": cache.state_of(other / "vmlinuz")}))
    assert sorted(one.label for one in find.fetched()) == ["6.12", "6.12-amd64", "6.12-rt"]
    for name, end in (("6.12", "-cloud-amd64"), ("6.12-rt", "13-rt-amd64"), ("6.12-amd64", "13-amd64")):
        found = find.by_name(name, offline=True)
        assert found.release.endswith(end)
        assert found.label == name
        assert find.by_name(found.release, offline=True) == found
    with pytest.raises(Unavailable, match=r"fetched are: 6\.12"):
        find.by_name("6.1-rt", offline=True)


def test_a_series_is_no_prefix_of_another() -> None:
    assert flavours.matches("6.1", "6.1.0-56-cloud-amd64")
    assert flavours.matches("6.12.117", "6.12.117+deb13-cloud-amd64")
    assert not flavours.matches("6.1", "6.12.117+deb13-cloud-amd64", "6.12.117-1")
    assert not flavours.matches("6.12.11", "6.12.117+deb13-cloud-amd64")


def test_nothing_to_fetch_from(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that says why; the system's own kernel serves as the default, but not for another series."""
    monkeypatch.setenv("FOLKLAB_MIRROR", "file:/nonexistent")
    own = find.installed()
    monkeypatch.setattr(find, "installed", list)
    for name in (None, "6.12"):
        with pytest.raises(Unavailable, match="cannot be fetched") as caught:
            find.by_name(name)
        assert "\n" not in str(caught.value)
    monkeypatch.setattr(find, "installed", lambda: own)
    if own:
        assert find.by_name() == own[0]


def test_newest_installed_kernel_is_the_last_resort(
    kernel: find.Kernel, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, "installed", lambda: [kernel])
    assert find.by_name(offline=True) == kernel
    assert find.by_name("6.12", offline=True) == kernel
    with pytest.raises(Unavailable):
        find.by_name("6.1", offline=True)


def test_no_apt_here(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unavailable, match="apt"):
        find.fetch("6.12")


def test_command() -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "harness.machine.kernels.find", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert run("6.12").returncode == 0
    for name, status in (("/etc/passwd", 1), ("hello", 1), ("sha256:0123456789", 4)):
        done = run(name)
        assert done.returncode == status
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr
