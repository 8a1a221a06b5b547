"""Modules: the real trees of the kernels in the cache, and trees made of their files."""

from __future__ import annotations

import gzip
import lzma
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from harness.errors import UsageError
from harness.machine.kernels import find, modules


@pytest.fixture(scope="module")
def kernel() -> find.Kernel:
    return find.by_name("6.12")


@pytest.fixture(scope="module")
def virtio_blk(kernel: find.Kernel) -> bytes:
    return modules.load_order(kernel, ["virtio_blk"])[-1].data


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "kernel/drivers").mkdir(parents=True)
    return tmp_path


def fetched() -> list[find.Kernel]:
    return find.fetched() or [find.by_name()]


@pytest.mark.parametrize("kernel", fetched(), ids=lambda kernel: kernel.release)
def test_real_kernels(kernel: find.Kernel) -> None:
    """Every module comes after those that it names, and the guest's needs are met."""
    assert modules.missing(kernel, list(modules.REQUIRED)) == []
    loaded: set[str] = set()
    for module in modules.load_order(kernel, [*modules.REQUIRED, "zram", "ext4"]):
        assert module.data[:4] == b"\x7fELF"
        needs = modules._depends(Path(module.name), module.data)
        assert set(needs) <= loaded
        loaded.add(module.name)
    assert "zram" in loaded
    assert "ext4" not in loaded  # built in, in all of Debian's cloud kernels


def test_names(kernel: find.Kernel) -> None:
    assert [m.name for m in modules.load_order(kernel, ["virtio-blk", "virtio_blk"])].count("virtio_blk") == 1
    assert modules.missing(kernel, ["virtio-blk", "ext4", "no-such-module"]) == ["no_such_module"]
    assert modules.load_order(kernel, ["no-such-module"]) == []


def test_no_modules_at_all(kernel: find.Kernel, tmp_path: Path) -> None:
    bare = replace(kernel, modules=None, config=None)
    assert modules.load_order(bare, ["virtio_blk"]) == []
    assert modules.missing(bare, ["virtio_blk"]) == []  # nobody knows
    config = tmp_path / "config"
    config.write_text("CONFIG_VIRTIO_BLK=y\nCONFIG_VIRTIO_MMIO=m\n")
    assert modules.missing(replace(bare, config=config), ["virtio_blk", "virtio_mmio"]) == ["virtio_mmio"]


def test_packed_modules(kernel: find.Kernel, virtio_blk: bytes, tree: Path) -> None:
    stream = zstandard.ZstdCompressor().compressobj()  # a frame that does not tell its size
    packed = {
        ".ko": virtio_blk,
        ".ko.gz": gzip.compress(virtio_blk),
        ".ko.xz": lzma.compress(virtio_blk, check=lzma.CHECK_CRC32),
        ".ko.zst": stream.compress(virtio_blk) + stream.flush(),
    }
    for index, (suffix, data) in enumerate(packed.items()):
        (tree / f"kernel/drivers/m-{index}{suffix}").write_bytes(data)
    names = [f"m_{index}" for index in range(len(packed))]
    order = modules.load_order(replace(kernel, modules=tree), names)
    assert order == [modules.Module(name, virtio_blk) for name in names]


@pytest.mark.parametrize("name", ["m.ko", "m.ko.gz", "m.ko.xz", "m.ko.zst"])
@pytest.mark.parametrize("data", [b"", b"nonsense" * 100, b"\x7fELF\x02\x01", b"\x7fELF\x02\x01" + bytes(99)])
def test_damaged_modules(kernel: find.Kernel, tree: Path, name: str, data: bytes) -> None:
    (tree / "kernel/drivers" / name).write_bytes(data)
    with pytest.raises(UsageError, match="is damaged"):
        modules.load_order(replace(kernel, modules=tree), ["m"])


def test_dependency_that_the_tree_lacks(tree: Path, kernel: find.Kernel) -> None:
    assert kernel.modules
    source = modules._files(kernel.modules)["vsock_loopback"]
    (tree / "kernel/drivers" / source.name).write_bytes(source.read_bytes())
    with pytest.raises(UsageError, match=r"module vsock_loopback: needs .*vsock.* lacks"):
        modules.load_order(replace(kernel, modules=tree), ["vsock_loopback"])
