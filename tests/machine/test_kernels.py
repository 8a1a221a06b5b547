"""Kernels: real ones from the cache, packages made here, and everything that is no kernel."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import LabError, Unavailable, UsageError
from harness.machine import archive, kernels
from harness.machine.archive import Offer, Package
from harness.machine.kernel import BOOT_FLAG, MAGIC

LISTED = """\
Package: linux-image-6.12-cloud-amd64
Version: 6.12.117-1
Filename: pool/meta.deb
Size: 1512
SHA256: 00

Package: linux-image-6.12.9+deb13-cloud-amd64
Version: 6.12.9-1
Filename: pool/6.12.9.deb
Size: 34000000
SHA256: 01

Package: linux-image-6.12.117+deb13-cloud-amd64
Version: 6.12.117-1
Filename: pool/6.12.117.deb
Size: 34000000
SHA256: 02

Package: linux-binary-7.1.13+deb13-cloud-amd64
Version: 7.1.13-1
Filename: pool/alone.deb
Size: 13000000
SHA256: 03

Package: linux-image-7.2.13+deb14-cloud-amd64
Version: 7.2.13-1
Filename: pool/depends.deb
Size: 1916
SHA256: 04

Package: linux-binary-7.2.13+deb14-cloud-amd64
Version: 7.2.13-1
Filename: pool/binary.deb
Size: 13000000
SHA256: 05

Package: linux-modules-7.2.13+deb14-cloud-amd64
Version: 7.2.13-1
Filename: pool/modules.deb
Size: 23000000
SHA256: 06

Package: linux-base-7.2.13+deb14-cloud-amd64
Version: 7.2.13-1
Filename: pool/base.deb
Size: 400000
SHA256: 07

Package: linux-image-unsigned-6.8.0-31-generic
Version: 6.8.0-31.31
Filename: pool/unsigned.deb
Size: 14000000
SHA256: 08

Package: linux-modules-6.8.0-31-generic
Version: 6.8.0-31.31
Filename: pool/generic.deb
Size: 40000000
SHA256: 09

Package: linux-image-6.8.0-31-generic
Version: 6.8.0-31.31
Filename: pool/signed.deb
Size: 14000000
SHA256: 10

Package: linux-tools-common
Version: 1
Filename: pool/other.deb
Size: 14000000
SHA256: 11
"""


@pytest.fixture(scope="module")
def kernel() -> kernels.Kernel:
    return kernels.find("6.12")


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOLKLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kernels"


@pytest.fixture
def copied_cache(kernel: kernels.Kernel, empty_cache: Path) -> Path:
    home = empty_cache / kernel.image.parent.name
    shutil.copytree(kernel.image.parent, home, ignore=shutil.ignore_patterns("*.ko*"))
    return home


@pytest.fixture(scope="module")
def offer(kernel: kernels.Kernel, tmp_path_factory: pytest.TempPathFactory) -> Offer:
    """A package like Debian's, made of the kernel in the cache."""
    tree = tmp_path_factory.mktemp("package")
    (tree / "boot").mkdir()
    (tree / "DEBIAN").mkdir()
    (tree / "DEBIAN/control").write_text(
        "Package: linux-image-local\nVersion: 1\nArchitecture: amd64\nMaintainer: x <x@y>\nDescription: x\n"
    )
    shutil.copy2(kernel.image, tree / f"boot/vmlinuz-{kernel.release}")
    (tree / f"boot/config-{kernel.release}").write_text("CONFIG_X86_64=y\n")
    module = tree / "usr/lib/modules" / kernel.release / "kernel/fs/x.ko"
    module.parent.mkdir(parents=True)
    module.write_bytes(b"")
    file = tree.with_suffix(".deb")
    subprocess.run(["dpkg-deb", "-Znone", "-b", tree, file], check=True, capture_output=True)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    package = Package("linux-image-local", "1", "local", f"file:{file}", sha256, file.stat().st_size)
    return Offer(kernel.series, kernel.release, "1", "local", package.name, package.size, (package,))


# Kernels that were fetched


@pytest.mark.parametrize("name", [None, "6.12"])
def test_default_series(name: str | None) -> None:
    assert kernels.find(name).series == "6.12"


def test_what_a_fetched_kernel_is(kernel: kernels.Kernel) -> None:
    assert kernel.label == kernel.series == "6.12"
    assert kernel.image.name == "vmlinuz"
    assert kernel.release.encode() in kernel.image.read_bytes()[:0x8000]
    assert kernel.digest == "sha256:" + hashlib.sha256(kernel.image.read_bytes()).hexdigest()
    assert kernel.version in kernel.source
    assert kernel.modules
    assert (kernel.modules / "kernel").is_dir()
    assert kernel.config
    assert "CONFIG_X86_64=y" in kernel.config.read_text()


def test_a_fetched_kernel_costs_milliseconds_and_no_network(
    kernel: kernels.Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")  # no apt, no network
    times = []
    for _ in range(5):
        start = time.perf_counter()
        assert kernels.find("6.12") == kernel
        times.append(time.perf_counter() - start)
    assert min(times) < 0.02  # s; hashing the image alone takes longer


def test_names_of_one_kernel(kernel: kernels.Kernel) -> None:
    plain = kernel.release.removesuffix("-cloud-amd64")
    for name in (kernel.release, plain, kernel.version, kernel.digest, kernel.digest[:20],
                 f"6.12@{kernel.digest}", f"{kernel.release}@{kernel.digest[:15]}"):
        assert kernels.find(name, offline=True) == kernel


@pytest.mark.parametrize("name", ["6.12@sha256:0123456789", "6.12@sha256:" + "0" * 64])
def test_wrong_digest(kernel: kernels.Kernel, name: str) -> None:
    with pytest.raises(Unavailable, match=r"(digest|not fetched)"):
        kernels.find(name, offline=True)


@pytest.mark.parametrize("name", ["6.12@", "6.12@md5:0123456789", "6.12@sha256:xyz", "sha256:12", "@"])
def test_no_digest(name: str) -> None:
    with pytest.raises(UsageError):
        kernels.find(name, offline=True)


def test_labels_find_their_kernel() -> None:
    for kernel in kernels.fetched():
        assert kernels.find(kernel.label, offline=True) == kernel


# The cache


def test_touched_image_is_read_again(copied_cache: Path) -> None:
    os.utime(copied_cache / "vmlinuz")
    assert len(kernels.fetched()) == 1


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
    assert kernels.fetched() == []
    with pytest.raises(Unavailable, match="not fetched"):
        kernels.find("6.12", offline=True)


def test_store_and_find(offer: Offer, empty_cache: Path) -> None:
    stored = kernels._stored_once(offer)
    assert kernels.find("6.12", offline=True) == stored
    assert stored.source == "linux-image-local 1 (local)"
    assert sorted(path.name for path in stored.image.parent.iterdir()) == [
        "config", "info.json", "modules", "vmlinuz",
    ]
    assert not list(empty_cache.glob(".work-*"))


def test_package_that_is_not_what_was_signed(offer: Offer, empty_cache: Path) -> None:
    forged = replace(offer, packages=(replace(offer.packages[0], sha256="0" * 64),))
    with pytest.raises(LabError, match="Hash Sum mismatch"):
        kernels._stored_once(forged)
    assert kernels.fetched() == []
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
        kernels._stored_once(hollow)


def test_two_fetches_at_once(offer: Offer, empty_cache: Path, tmp_path: Path) -> None:
    script = (
        "import logging; from harness.machine import kernels; from harness.machine.archive import *;"
        f"logging.basicConfig(level=logging.INFO); print(kernels._stored_once({offer!r}).digest)"
    )
    both = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(2)]
    answers = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert answers[0][0] == answers[1][0] != b""
    assert sum(errors.count(b"fetching Linux") for _, errors in answers) == 1


def test_what_a_killed_fetch_left_goes_away(offer: Offer, empty_cache: Path) -> None:
    left = empty_cache / ".work-left"
    (left / "tree").mkdir(parents=True)
    os.utime(left, (0, 0))
    kernels._stored_once(offer)
    assert not left.exists()


def test_full_disk_or_missing_right_is_one_line(offer: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLKLAB_CACHE", "/proc/nowhere")
    with pytest.raises(LabError, match="FOLKLAB_CACHE"):
        kernels._stored_once(offer)


# Kernels at a path


def test_bare_image(kernel: kernels.Kernel, tmp_path: Path) -> None:
    image = tmp_path / "bzImage"
    shutil.copy(kernel.image, image)
    found = kernels.find(str(image))
    assert (found.release, found.digest, found.label) == (kernel.release, kernel.digest, str(image))
    assert found.modules is None
    assert found.config is None
    assert found.source == f"path {image}"


def test_image_with_its_modules(kernel: kernels.Kernel, tmp_path: Path) -> None:
    tree = tmp_path / "lib/modules" / kernel.release
    (tree / "kernel").mkdir(parents=True)
    (tmp_path / "boot").mkdir()
    image = tmp_path / "boot" / f"vmlinuz-{kernel.release}"
    shutil.copy(kernel.image, image)
    (tmp_path / "boot" / f"config-{kernel.release}").write_text("")
    found = kernels.find(str(image))
    assert (found.modules, found.config) == (tree, tmp_path / "boot" / f"config-{kernel.release}")
    for directory in (tree, tmp_path, tmp_path / "lib/modules"):
        assert kernels.find("6.12", modules=directory).modules == tree
    with pytest.raises(UsageError, match="has no module tree"):
        kernels.find("6.12", modules=tmp_path / "boot")


def test_image_in_its_build(kernel: kernels.Kernel, tmp_path: Path) -> None:
    (tmp_path / "arch/x86/boot").mkdir(parents=True)
    (tmp_path / "kernel").mkdir()
    (tmp_path / ".config").write_text("")
    shutil.copy(kernel.image, tmp_path / "arch/x86/boot/bzImage")
    found = kernels.find(str(tmp_path / "arch/x86/boot/bzImage"))
    assert (found.modules, found.config) == (tmp_path, tmp_path / ".config")


def test_no_kernels(kernel: kernels.Kernel, tmp_path: Path) -> None:
    file = tmp_path / "file"
    head = kernel.image.read_bytes()[:0x10000]
    for content, reason in (
        (b"", "no kernel"),
        (b"text\n" * 1000, "no kernel"),
        (b"\x7fELF" + bytes(2000), "ELF"),
        (head, "cut short"),
        (head[:MAGIC] + b"XXXX" + head[MAGIC + 4 :], "no kernel"),
        (head[: BOOT_FLAG] + bytes(2) + head[BOOT_FLAG + 2 :], "no kernel"),
        (head[:0x206], "cut short"),
        (bytes(BOOT_FLAG) + b"\x55\xaa" + head[0x200:0x206], "cut short"),
        (bytes(BOOT_FLAG) + b"\x55\xaa" + head[0x200:0x206] + bytes(2000), "does not tell"),
    ):
        file.write_bytes(content)
        with pytest.raises(UsageError, match=reason) as caught:
            kernels.find(str(file))
        assert "\n" not in str(caught.value)
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError, match="cannot be read"):
            kernels.find(f"{path}/")


def test_installed_kernels_are_kernels() -> None:
    for kernel in kernels.installed():
        assert kernel.release


# Names, versions and offers


@pytest.mark.parametrize("name", ["hello", "6", "6,12", "", "../../etc", "6.12 ; reboot", "5.4", "6.12.9999"])
def test_unknown_names_offer_the_nearest(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "UNKNOWN_NAME_AGE_S", archive.INDEX_FRESH_S)  # 7 s less
    with pytest.raises(UsageError) as caught:
        kernels.find(name)
    assert "/" in name or "nearest: " in str(caught.value)


def test_a_series_is_no_prefix_of_another() -> None:
    assert kernels._matches("6.1", "6.1.0-56-cloud-amd64")
    assert kernels._matches("6.12.117", "6.12.117+deb13-cloud-amd64")
    assert not kernels._matches("6.1", "6.12.117+deb13-cloud-amd64", "6.12.117-1")
    assert not kernels._matches("6.12.11", "6.12.117+deb13-cloud-amd64")


def test_versions_are_ordered_as_dpkg_orders_them() -> None:
    versions = [
        *("6.1.0", "6.1.0-1", "6.1.10-1", "6.1.9-1", "6.12.117-1~deb12u1", "6.12.117-1", "6.12.117-1.1"),
        *("7.3~rc7-1~exp1", "7.3-1", "7.3.4-1~bpo13+1", "7.3.4-1+b1", "1:5.0-1"),
        *("6.12.90-2", "6.12.90+dfsg-1", "6.12.90a-1", "6.12.90"),
    ]
    for one, other in itertools.combinations(versions, 2):
        dpkg = subprocess.run(["dpkg", "--compare-versions", one, "lt", other]).returncode == 0
        assert (archive.version_key(one) < archive.version_key(other)) == dpkg, (one, other)


def test_what_counts_as_a_kernel_in_a_list() -> None:
    packages = list(archive._kernel_packages("file:/archive", "sid", LISTED.encode()))
    found = {offer.release: offer for offer in archive._kernels(packages)}
    assert list(found) == ["7.2.13+deb14-cloud-amd64", "6.12.117+deb13-cloud-amd64",
                           "6.12.9+deb13-cloud-amd64", "6.8.0-31-generic"]
    split = found["7.2.13+deb14-cloud-amd64"]
    assert (split.series, split.package) == ("7.2", "linux-binary-7.2.13+deb14-cloud-amd64")
    assert split.size == 36_400_000
    assert [package.uri for package in split.packages] == [
        "file:/archive/pool/binary.deb", "file:/archive/pool/modules.deb", "file:/archive/pool/base.deb",
    ]
    assert found["6.8.0-31-generic"].package == "linux-image-unsigned-6.8.0-31-generic"


def test_real_offers_have_the_long_term_series() -> None:
    offers = kernels.offers()
    assert {"5.10", "6.1", "6.12"} <= {offer.series for offer in offers}
    newest = next(offer for offer in offers if offer.series == "6.12")
    assert newest.size > 10_000_000


# The archive


def apt_sources(directory: Path, monkeypatch: pytest.MonkeyPatch, text: str, suffix: str = "list") -> None:
    """A system whose sources are these."""
    parts = directory / "parts"
    parts.mkdir()
    (parts / f"system.{suffix}").write_text(text)
    config = directory / "apt.conf"
    config.write_text(f'Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "{parts}";\n'
                      'Acquire::AllowInsecureRepositories "true"; APT::Get::AllowUnauthenticated "true";\n')
    monkeypatch.setenv("APT_CONFIG", str(config))
    monkeypatch.delenv("FOLKLAB_MIRROR", raising=False)


ONE_LINE = """\
deb [arch=amd64] http://mirror.test/debian bookworm main contrib
deb http://mirror.test/debian-security bookworm-security main
deb http://else.test/apt other main
deb-src http://mirror.test/debian bookworm main
"""
DEB822 = """\
Types: deb
URIs: http://mirror.test/debian
Suites: stable stable-updates
Components: main

Types: deb
URIs: http://mirror.test/debian-security
Suites: stable-security
Components: main
"""


@pytest.mark.parametrize(("text", "suffix"), [(ONE_LINE, "list"), (DEB822, "sources")])
def test_sources_of_a_debian_system(
    text: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt_sources(tmp_path, monkeypatch, text, suffix)
    lines = [line.rpartition("] ")[2] for line in archive._sources(None)]
    assert "http://mirror.test/debian bullseye main" in lines
    assert "http://mirror.test/debian trixie-backports main" in lines
    assert "http://mirror.test/debian-security bookworm-security main" in lines
    assert not any("else.test" in line for line in lines)
    assert not any("/debian sid-security" in line or "-security bookworm main" in line for line in lines)


def test_every_source_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt_sources(tmp_path, monkeypatch, ONE_LINE)
    assert all("signed-by=/usr/share/keyrings/debian-archive-" in line for line in archive._sources(None))


def test_mirror_by_argument_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line.rpartition("] ")[2] for line in archive._sources("http://mirror.test/debian/")]
    assert "http://mirror.test/debian sid main" in lines
    assert "http://mirror.test/debian-security trixie-security main" in lines
    for bad in ("nonsense", "http://a b", "http://a\ndeb http://b sid main"):
        monkeypatch.setenv("FOLKLAB_MIRROR", bad)
        with pytest.raises(UsageError, match="is no URL"):
            kernels.offers()


def test_sources_of_an_ubuntu_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt_sources(tmp_path, monkeypatch, "deb http://mirror.test/ubuntu noble main universe\n")
    monkeypatch.setattr(archive, "UBUNTU_KEYRING", tmp_path / "missing.gpg")
    with pytest.raises(Unavailable, match="FOLKLAB_MIRROR"):
        archive._sources(None)
    ring = tmp_path / "ring.gpg"
    ring.write_bytes(b"")
    monkeypatch.setattr(archive, "UBUNTU_KEYRING", ring)
    option = f"[arch=amd64 target=Packages signed-by={ring}]"
    assert archive._sources(None) == [f"deb {option} http://mirror.test/ubuntu noble main"]


def test_unsigned_archive_offers_nothing(
    tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the system's configuration would allow it."""
    lists = tmp_path / "debian/dists/trixie/main/binary-amd64/Packages"
    lists.parent.mkdir(parents=True)
    lists.write_text(LISTED)
    digest = hashlib.sha256(LISTED.encode()).hexdigest()
    (tmp_path / "debian/dists/trixie/Release").write_text(
        "Suite: stable\nCodename: trixie\nArchitectures: amd64\nComponents: main\n"
        f"SHA256:\n {digest} {len(LISTED)} main/binary-amd64/Packages\n"
    )
    apt_sources(tmp_path, monkeypatch, "")
    with pytest.raises(Unavailable, match="the archive"):
        archive.offers(mirror=f"file:{tmp_path}/debian")
    assert not list(empty_cache.glob("offers-*"))


def test_nothing_to_fetch_from(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that says why; the system's own kernel serves as the default, but not for another series."""
    monkeypatch.setenv("FOLKLAB_MIRROR", "file:/nonexistent")
    own = kernels.installed()
    monkeypatch.setattr(kernels, "installed", list)
    for name in (None, "6.12"):
        with pytest.raises(Unavailable, match="cannot be fetched") as caught:
            kernels.find(name)
        assert "\n" not in str(caught.value)
    monkeypatch.setattr(kernels, "installed", lambda: own)
    if own:
        assert kernels.find() == own[0]


def test_newest_installed_kernel_is_the_last_resort(
    kernel: kernels.Kernel, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "installed", lambda: [kernel])
    assert kernels.find(offline=True) == kernel
    assert kernels.find("6.12", offline=True) == kernel
    with pytest.raises(Unavailable):
        kernels.find("6.1", offline=True)


def test_no_apt_here(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unavailable, match="apt"):
        kernels.fetch("6.12")


# The command


def test_command() -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "harness.machine.kernels", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert run("6.12").returncode == 0
    for name, status in (("/etc/passwd", 1), ("hello", 1), ("sha256:0123456789", 4)):
        done = run(name)
        assert done.returncode == status
        assert done.stderr.count("\n") == 1
        assert "Traceback" not in done.stderr
