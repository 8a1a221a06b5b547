"""Modules: the real trees of the kernels in the cache, and trees made of their files."""

from __future__ import annotations

import gzip
import lzma
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from harness.errors import UsageError
from harness.machine.kernels import find, modinfo, modules
from harness.machine.kernels.module_tree import Tree, tree_at
from tests.foreign import module


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
    for one in modules.load_order(kernel, [*modules.REQUIRED, "zram", "ext4"]):
        assert one.data[:4] == b"\x7fELF"
        needs = modinfo.entries(Path(one.name), one.data)["depends"][0].split(",")
        assert {name.replace("-", "_") for name in needs if name} <= loaded
        loaded.add(one.name)
    assert "zram" in loaded
    assert ("ext4" in loaded) == (kernel.flavour != "cloud")  # built in, in all of Debian's cloud kernels
    assert ("crc32c_generic" in loaded or "crc32c_cryptoapi" in loaded) == ("ext4" in loaded)


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
    source = Tree(kernel.modules).files()["vsock_loopback"]
    (tree / "kernel/drivers" / source.name).write_bytes(source.read_bytes())
    with pytest.raises(UsageError, match=r"module vsock_loopback: needs .*vsock.* lacks"):
        modules.load_order(replace(kernel, modules=tree), ["vsock_loopback"])


def test_entries_of_modules_of_any_class_and_byte_order() -> None:
    for bits in (32, 64):
        for order in "<>":
            found = modinfo.entries(Path("m.ko"), module("depends=a,b-c", "alias=x", "alias=y", bits=bits, order=order))
            assert found == {"depends": ["a,b-c"], "alias": ["x", "y"]}, (bits, order)


def put(tree: Path, path: str, *entries: str) -> None:
    file = tree / "kernel" / f"{path}.ko"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(module("license=GPL", *entries))


def names_of(kernel: find.Kernel, tree: Path, *wanted: str) -> list[str]:
    order = modules.load_order(replace(kernel, modules=tree), wanted)
    return [f"{one.name}{'?' if one.soft else ''}" for one in order]


def test_what_a_module_wants_before_it_without_depending_on_it(
    kernel: find.Kernel, tree: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ext4 wants its checksum: by an alias that several modules have, one of which depends on more."""
    put(tree, "fs/ext4/ext4", "softdep=pre: crypto-crc32c  no-such post: after", "depends=jbd2", "alias=fs-ext4")
    put(tree, "fs/jbd2/jbd2", "depends=")
    put(tree, "crypto/crc32c-generic", "alias=crypto-crc32c", "depends=crc")
    put(tree, "arch/x86/crypto/crc32c-intel", "alias=crypto-crc32c", "alias=crypto-crc32c-intel")
    put(tree, "crypto/other", "alias=crypto-other")
    put(tree, "lib/crc")
    put(tree, "lib/after", "softdep=pre: ext4")  # it goes round in circles
    expected = ["crc?", "crc32c_generic?", "crc32c_intel?", "jbd2", "ext4", "after?"]
    assert sorted(names_of(kernel, tree, "ext4")[:3]) == sorted(expected[:3])
    assert names_of(kernel, tree, "ext4").index("crc?") < names_of(kernel, tree, "ext4").index("crc32c_generic?")
    assert names_of(kernel, tree, "ext4")[3:] == expected[3:]
    assert names_of(kernel, tree, "fs-ext4") == names_of(kernel, tree, "ext4")
    assert names_of(kernel, tree, "ext4", "crc")[0] in ("crc", "crc32c_intel?")  # who asks for it by name needs it
    assert "crc" in names_of(kernel, tree, "ext4", "crc")


def test_a_soft_dependency_that_can_not_be_met_is_left_out(kernel: find.Kernel, tree: Path) -> None:
    put(tree, "fs/a", "softdep=pre: b")
    put(tree, "fs/b", "depends=lost")
    assert names_of(kernel, tree, "a") == ["a"]
    with pytest.raises(UsageError, match="needs lost"):
        names_of(kernel, tree, "b")


def test_the_lists_of_depmod(kernel: find.Kernel, tree: Path) -> None:
    put(tree, "fs/a")
    put(tree, "fs/b")
    (tree / "modules.softdep").write_text("# Soft dependencies\nsoftdep a pre: x-b post: none\n")
    (tree / "modules.alias").write_text("# Aliases\nalias x-* b\nalias pci:v00001AF4* a\n")
    assert names_of(kernel, tree, "a") == ["b?", "a"]
    assert names_of(kernel, tree, "x-c") == ["b"]
    assert modules.missing(replace(kernel, modules=tree, config=None), ["x_c", "y-c"]) == []
    (tree / "modules.builtin").write_text("kernel/crypto/crc32c-generic.ko\n")
    (tree / "modules.builtin.modinfo").write_bytes(b"crc32c_generic.license=GPL\0crc32c_generic.alias=crypto-crc32c\0")
    there = replace(kernel, modules=tree, config=None)
    # The lists are read once in a process.
    other = tree.with_name("other")
    tree.rename(other)
    there = replace(there, modules=other)
    assert modules.missing(there, ["x_c", "y-c", "crypto-crc32c", "crc32c_generic"]) == ["y_c"]
    assert modules.load_order(there, ["crypto-crc32c"]) == []


def test_modules_of_another_release_are_refused(tree: Path) -> None:
    put(tree, "fs/a", "vermagic=6.12.9-mine SMP preempt mod_unload ")
    assert tree_at(tree, "6.12.9-mine") == tree
    with pytest.raises(UsageError, match=r"made for 6\.12\.9-mine, the kernel is 6\.1\.0"):
        tree_at(tree, "6.1.0")


@pytest.mark.parametrize("place", ["", "6.12.9-mine", "lib/modules/6.12.9-mine", "usr/lib/modules/6.12.9-mine"])
def test_where_a_tree_may_lie(tmp_path: Path, place: str) -> None:
    put(tmp_path / place, "fs/a", "vermagic=6.12.9-mine SMP")
    assert tree_at(tmp_path, "6.12.9-mine") == tmp_path / place
    with pytest.raises(UsageError, match=r"(has no module tree|are made for)"):
        tree_at(tmp_path, "6.12.8-mine")
