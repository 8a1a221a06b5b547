"""Kernels at a path: bare images, builds, and everything that is no kernel; kernels of this host."""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
from pathlib import Path

import pytest
import zstandard

from harness.errors import UsageError
from harness.machine.guest import boot_check
from harness.machine.kernels import find, payload
from harness.machine.kernels.image import BOOT_FLAG, MAGIC


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
    with pytest.raises(UsageError, match="cannot be read"):
        find.by_name(f"{tmp_path}/missing")


CPIO = b"070701" + b"0" * 104 + b"\0" * 600
PE = b"MZ" + bytes(0x36) + b"PE\0\0" + bytes(300)


@pytest.mark.parametrize(
    ("content", "reason", "remedy"),
    [
        (b"!<arch>\ndebian-binary   1410122664  0     0     100644  4\n", "is a Debian package", "dpkg -x thing"),
        (b"\xed\xab\xee\xdb\x03\0" + bytes(90), "is an RPM package", "rpm2cpio thing"),
        (CPIO, "is an initramfs", "the kernel beside it"),
        (gzip.compress(CPIO, mtime=0), "is an initramfs (packed with gzip)", "the kernel beside it"),
        (lzma.compress(CPIO), "is an initramfs (packed with xz)", "the kernel beside it"),
        (zstandard.compress(CPIO), "is an initramfs (packed with zstd)", "the kernel beside it"),
        (gzip.compress(b"MZ" * 9000, mtime=0), "is packed with gzip", "unpack it with gunzip"),
        (b"MZ" + bytes(0x36) + b"ARM\x64" + bytes(600), "does not tell its release", "vmlinuz of a Linux kernel"),
        (b"MZ" + bytes(0x36) + b"RSC\x05" + bytes(600), "is a kernel for riscv", "one for amd64, arm64, i386"),
        (bytes(0x24) + b"\x18\x28\x6f\x01" + bytes(600), "is a kernel for arm", "one for amd64, arm64, i386"),
        (b"\x7fELF\2\1\1" + bytes(11) + b"\x15\0" + bytes(600), "is a kernel for ppc64", "one for amd64, arm64, i386"),
        (b"\x7fELF\2\2\1" + bytes(11) + b"\0\x16" + bytes(600), "is a kernel for s390", "one for amd64, arm64, i386"),
        (b"\x7fELF\2\1\1" + bytes(11) + b"\x3e\0" + bytes(600), "is an ELF file", "arch/x86/boot/bzImage"),
        (b"\x7fELF\2\1\1" + bytes(11) + b"\xb7\0" + bytes(600), "is an ELF file", "arch/arm64/boot/Image"),
        (PE + b".linux\0\0" + bytes(300), "is a unified kernel image", "vmlinuz"),
        (PE, "is no kernel for x86", "vmlinuz"),
    ],
)
def test_what_a_file_is_instead(tmp_path: Path, content: bytes, reason: str, remedy: str) -> None:
    (file := tmp_path / "thing").write_bytes(content)
    with pytest.raises(UsageError) as raised:
        find.by_name(str(file))
    line = str(raised.value)
    assert reason in line
    assert remedy in line
    assert line.startswith(f"kernel {file}: ")
    assert "\n" not in line


def test_a_fifo_and_a_directory_are_no_kernels(tmp_path: Path) -> None:
    """A FIFO without a writer would be waited for."""
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(UsageError, match="is a FIFO, no file"):
        find.by_name(str(tmp_path / "fifo"))
    with pytest.raises(UsageError, match="is a device, no file"):
        find.by_name("/dev/null")
    with pytest.raises(UsageError, match="is a directory without a kernel"):
        find.by_name(f"{tmp_path}/")


@pytest.mark.parametrize(
    ("image", "modules", "config"),
    [
        ("boot/vmlinuz-{release}", "usr/lib/modules/{release}", "boot/config-{release}"),  # Debian 13
        ("boot/vmlinuz-{release}", "lib/modules/{release}", "boot/config-{release}"),  # Debian 12
        ("usr/lib/modules/{release}/vmlinuz", "usr/lib/modules/{release}", "usr/lib/modules/{release}/config"),  # Fedora
        ("usr/lib/modules/{release}/vmlinuz", "usr/lib/modules/{release}", "boot/config-{release}"),
        ("lib/modules/{release}/vmlinuz", "lib/modules/{release}", "boot/config-{release}"),
    ],
)
def test_an_unpacked_package(kernel: find.Kernel, tmp_path: Path, image: str, modules: str, config: str) -> None:
    places = [tmp_path / "root" / place.format(release=kernel.release) for place in (image, modules, config)]
    (places[1] / "kernel").mkdir(parents=True)
    for place in (places[0], places[2]):
        place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(kernel.image, places[0])
    places[2].write_text("CONFIG_64BIT=y\n")
    for path in (places[0], tmp_path / "root"):
        found = find.by_name(str(path))
        assert [found.image, found.modules, found.config] == places
    shutil.copy(kernel.image, tmp_path / "root/vmlinuz")
    with pytest.raises(UsageError, match="is a directory with 2 kernels; give the path of one: "):
        find.by_name(str(tmp_path / "root"))


def test_a_damaged_image_costs_no_boot(kernel: find.Kernel, tmp_path: Path) -> None:
    data = bytearray(kernel.image.read_bytes())
    assert payload.vmlinux(bytes(data))
    data[len(data) // 2] ^= 1
    (image := tmp_path / "vmlinuz").write_bytes(data)
    with pytest.raises(UsageError, match=r"is damaged .*; copy it again"):
        boot_check.ensure(find.by_name(str(image)))


def test_installed_kernels_are_kernels() -> None:
    for kernel in find.installed():
        assert kernel.release
