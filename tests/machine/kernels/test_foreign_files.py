"""Kernels of others: images, modules and configurations that are damaged are refused with one error, or read as they are."""

from __future__ import annotations

import contextlib
import gzip
import struct
from pathlib import Path

import pytest
from hypothesis import given

from harness.errors import LabError
from harness.linux import releases
from harness.machine.kernels import ikconfig, modinfo, modules, payload, requirements
from harness.machine.kernels.image import BOOT_FLAG, MAGIC, SECTOR, SETUP_SECTORS, VERSION, release_of
from harness.machine.kernels.kernel import Kernel
from tests.foreign import QUICK, damaged, damaged_bytes, module

CONFIG = b"CONFIG_64BIT=y\nCONFIG_VIRTIO_BLK=m\n# CONFIG_MEMCG is not set\n"


def image(config: bytes = CONFIG) -> bytes:
    """Makes the start of a bzImage, with a configuration in it."""
    vmlinux = b"\x7fELF" + ikconfig.START + gzip.compress(config, mtime=0) + ikconfig.END
    head = bytearray(2 * SECTOR)
    head[SETUP_SECTORS] = 1
    head[BOOT_FLAG : BOOT_FLAG + 2], head[MAGIC : MAGIC + 4] = b"\x55\xaa", b"HdrS"
    text = b"6.12.118-test (builder) #1\0"
    head[VERSION : VERSION + 2] = struct.pack("<H", 0x100)
    head[SECTOR + 0x100 : SECTOR + 0x100 + len(text)] = text
    head[payload.PAYLOAD : payload.PAYLOAD + 8] = struct.pack("<II", 0, len(vmlinux))
    return bytes(head) + vmlinux


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("foreign") / "file"


def test_what_is_damaged_below_is_sound_here(file: Path) -> None:
    file.write_bytes(image())
    assert release_of(file) == "6.12.118-test"
    assert ikconfig.text_of(image()) == CONFIG
    assert modinfo.entries(file, module())["depends"] == ["virtio,virtio_ring"]


def test_images(file: Path) -> None:
    @QUICK
    @given(damaged_bytes(image()))
    def check(data: bytes) -> None:
        file.write_bytes(data)
        with contextlib.suppress(LabError):
            assert release_of(file) == releases.checked(release_of(file), "release")
        assert isinstance(ikconfig.text_of(data), (bytes, type(None)))

    check()


def test_modules(file: Path) -> None:
    @QUICK
    @given(damaged_bytes(module()))
    def check(data: bytes) -> None:
        with contextlib.suppress(LabError):
            modinfo.entries(file, data)

    check()


def test_packed_modules(tmp_path: Path) -> None:
    @QUICK
    @given(damaged_bytes(gzip.compress(module(), mtime=0)))
    def check(data: bytes) -> None:
        for suffix in (".gz", ".xz", ".zst"):
            packed = tmp_path / f"one.ko{suffix}"
            packed.write_bytes(data)
            with contextlib.suppress(LabError):
                modinfo.unpacked(packed)

    check()


def test_configurations_and_consoles(tmp_path: Path) -> None:
    (tree := tmp_path / "modules").mkdir()
    config = tmp_path / "config"
    kernel = Kernel("label", "6.12.118", tmp_path, None, config, "path", "version:0")

    @QUICK
    @given(damaged_bytes(CONFIG), damaged("agent: no port\nKernel panic - not syncing: VFS: Unable to mount root fs\n"))
    def check(data: bytes, said: str) -> None:
        config.write_bytes(data)
        (tree / "modules.builtin").write_bytes(data)
        for one in (kernel, Kernel("label", "6.12.118", tmp_path, tree, config, "path", "version:0")):
            lacking = requirements.by_configuration(one)
            assert {*lacking.options, *lacking.modules} <= {*requirements.built_in(kernel), *modules.REQUIRED.values()}
            modules.missing(one, ["virtio_blk"])
        requirements.by_console(kernel, said)
        requirements.lacking(kernel, said)

    check()
