"""Images for arm64: told apart, with their release and the size of their pages, plain and packed."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.linux.architecture import ARM64
from harness.machine.kernels import arm_image, image

BANNER = b"Linux version 6.12.118+deb13-arm64-16k (debian-kernel@lists.debian.org) (gcc) #1 SMP\n\0"


def made(flags: int, banner: bytes = BANNER) -> bytes:
    """An image: the header's flags (1: pages of 4 KiB, 2: of 16, 3: of 64) and magic, then text."""
    head = bytearray(64)
    head[0x18:0x20] = (flags << 1).to_bytes(8, "little")
    head[0x38:0x3C] = b"ARM\x64"
    return bytes(head) + bytes(4096) + banner


@pytest.mark.parametrize("packed", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(("flags", "size"), [(1, 4096), (2, 16384), (3, 65536)])
def test_release_architecture_and_pages(tmp_path: Path, packed: type[bytes], flags: int, size: int) -> None:
    file = tmp_path / "Image"
    file.write_bytes(packed(made(flags)))
    assert image.release_of(file) == "6.12.118+deb13-arm64-16k"
    assert image.architecture_of(file) is ARM64
    assert image.page_size_of(file) == size


def test_one_that_does_not_tell_its_release(tmp_path: Path) -> None:
    file = tmp_path / "Image"
    file.write_bytes(made(1, b""))
    with pytest.raises(UsageError, match="does not tell its release"):
        image.release_of(file)


def test_a_damaged_packed_one_and_one_for_efi_alone(tmp_path: Path) -> None:
    file = tmp_path / "Image.gz"
    file.write_bytes(gzip.compress(made(1))[:-20])
    with pytest.raises(UsageError, match="is damaged"):
        image.release_of(file)
    file.write_bytes(arm_image.ZBOOT + bytes(200))
    with pytest.raises(UsageError, match="under EFI only"):
        image.release_of(file)


def test_a_packed_initramfs_is_none() -> None:
    assert not arm_image.is_one(gzip.compress(b"070701" + bytes(200)))
    assert not arm_image.is_one(b"\x1f\x8b\0")
