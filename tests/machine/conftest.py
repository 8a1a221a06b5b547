"""A real kernel of the cache, an empty cache, one with a copy of that kernel, and a package made of it."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.machine.kernels import find
from harness.machine.kernels.archive import Offer, Package


@pytest.fixture(scope="module")
def kernel() -> find.Kernel:
    return find.by_name("6.12")


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOLKLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kernels"


@pytest.fixture
def copied_cache(kernel: find.Kernel, empty_cache: Path) -> Path:
    home = empty_cache / kernel.image.parent.name
    shutil.copytree(kernel.image.parent, home, ignore=shutil.ignore_patterns("*.ko*"))
    return home


@pytest.fixture(scope="module")
def offer(kernel: find.Kernel, tmp_path_factory: pytest.TempPathFactory) -> Offer:
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
