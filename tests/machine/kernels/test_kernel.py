"""Kernels at a path: bare images, builds, and everything that is no kernel; kernels of this host."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.machine.kernels import find
from harness.machine.kernels.kernel import BOOT_FLAG, MAGIC


def test_bare_image(kernel: find.Kernel, tmp_path: Path) -> None:
    image = tmp_path / "bzImage"
    shutil.copy(kernel.image, image)
    found = find.by_name(str(image))
    assert (found.release, found.digest, found.label) == (kernel.release, kernel.digest, str(image))
    assert found.modules is None
    assert found.config is None
    assert found.source == f"path {image}"


def test_image_with_its_modules(kernel: find.Kernel, tmp_path: Path) -> None:
    tree = tmp_path / "lib/modules" / kernel.release
    (tree / "kernel").mkdir(parents=True)
    (tmp_path / "boot").mkdir()
    image = tmp_path / "boot" / f"vmlinuz-{kernel.release}"
    shutil.copy(kernel.image, image)
    (tmp_path / "boot" / f"config-{kernel.release}").write_text("")
    found = find.by_name(str(image))
    assert (found.modules, found.config) == (tree, tmp_path / "boot" / f"config-{kernel.release}")
    for directory in (tree, tmp_path, tmp_path / "lib/modules"):
        assert find.by_name("6.12", modules=directory).modules == tree
    with pytest.raises(UsageError, match="has no module tree"):
        find.by_name("6.12", modules=tmp_path / "boot")


def test_image_in_its_build(kernel: find.Kernel, tmp_path: Path) -> None:
    (tmp_path / "arch/x86/boot").mkdir(parents=True)
    (tmp_path / "kernel").mkdir()
    (tmp_path / ".config").write_text("")
    shutil.copy(kernel.image, tmp_path / "arch/x86/boot/bzImage")
    found = find.by_name(str(tmp_path / "arch/x86/boot/bzImage"))
    assert (found.modules, found.config) == (tmp_path, tmp_path / ".config")


def test_no_kernels(kernel: find.Kernel, tmp_path: Path) -> None:
    file = tmp_path / "file"
    head = kernel.image.read_bytes()[:0x10000]
    for content, reason in (
        (b"", "no kernel"),
        (b"text\n" * 1000, "no kernel"),
        (b"\x7fELF" + bytes(2000), "ELF"),
        (head, "cut short"),
        (head[:MAGIC] + b"XXXX" + head[MAGIC + 4 :], "no kernel"),
        (head[:BOOT_FLAG] + bytes(2) + head[BOOT_FLAG + 2 :], "no kernel"),
        (head[:0x206], "cut short"),
        (bytes(BOOT_FLAG) + b"\x55\xaa" + head[0x200:0x206], "cut short"),
        (bytes(BOOT_FLAG) + b"\x55\xaa" + head[0x200:0x206] + bytes(2000), "does not tell"),
    ):
        file.write_bytes(content)
        with pytest.raises(UsageError, match=reason) as caught:
            find.by_name(str(file))
        assert "\n" not in str(caught.value)
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UsageError, match="cannot be read"):
            find.by_name(f"{path}/")


def test_installed_kernels_are_kernels() -> None:
    for kernel in find.installed():
        assert kernel.release
