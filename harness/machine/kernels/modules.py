"""Kernel modules for a guest: which files it needs, and in which order they can be inserted."""

from __future__ import annotations

import gzip
import lzma
import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import zstandard

from harness.errors import UsageError
from harness.machine.kernels.kernel import Kernel

# What a guest needs of its kernel, and the option that provides it, built in or as a module. `virtio` and
# `virtio_ring` are dependencies of these (modules in Debian's 5.10 and 6.1, built in since 6.12).
REQUIRED = {
    "virtio_mmio": "CONFIG_VIRTIO_MMIO",
    "virtio_blk": "CONFIG_VIRTIO_BLK",
    "virtio_console": "CONFIG_VIRTIO_CONSOLE",
    "ext4": "CONFIG_EXT4_FS",
}
SUFFIXES = (".ko", ".ko.xz", ".ko.zst", ".ko.gz")


@dataclass(frozen=True)
class Module:
    """A module as the kernel wants it: data is the whole ELF image, unpacked."""

    name: str
    data: bytes


def load_order(kernel: Kernel, wanted: Sequence[str]) -> list[Module]:
    """Reads the wanted modules and all that they depend on, each after its dependencies.

    A module that the tree lacks is left out: it is built in (see missing()). The dependencies are read from
    the modules themselves, for Debian's packages have no modules.dep (depmod runs when they are installed).
    Raises UsageError for a module that is damaged, or whose dependency the tree lacks.
    """
    if kernel.modules is None:
        return []
    files, builtin = _files(kernel.modules), _builtin(kernel.modules)
    order: dict[str, Module] = {}

    def add(name: str, needed_by: str = "") -> None:
        if name in order or name in builtin:
            return
        if name not in files:
            if needed_by:
                raise UsageError(
                    f"module {needed_by}",
                    f"needs {name}, which {kernel.modules} lacks",
                    "give the whole module tree of this kernel with --modules",
                )
            return
        data = _unpacked(files[name])
        for dependency in _depends(files[name], data):
            add(dependency, needed_by=name)
        order[name] = Module(name, data)

    for name in wanted:
        add(_normal(name))
    return list(order.values())


def missing(kernel: Kernel, wanted: Sequence[str]) -> list[str]:
    """Names those of the wanted modules that the kernel surely has neither as a file nor built in.

    What is built in is told by modules.builtin, or by the configuration for the modules of REQUIRED; where
    neither came along nothing is known, and nothing is reported.
    """
    files = _files(kernel.modules) if kernel.modules else {}
    absent = [name for name in map(_normal, wanted) if name not in files]
    if kernel.modules and (kernel.modules / "modules.builtin").is_file():
        builtin = _builtin(kernel.modules)
        return [name for name in absent if name not in builtin]
    if kernel.config:
        options = set(kernel.config.read_text(errors="replace").splitlines())
        return [name for name in absent if name in REQUIRED and f"{REQUIRED[name]}=y" not in options]
    return []


def _normal(name: str) -> str:
    return name.replace("-", "_")


def _files(tree: Path) -> dict[str, Path]:
    found = {}
    for directory, _, names in os.walk(tree):
        for name in names:
            if name.endswith(SUFFIXES):
                found[_normal(name.partition(".ko")[0])] = Path(directory, name)
    return found


def _builtin(tree: Path) -> set[str]:
    listed = tree / "modules.builtin"
    lines = listed.read_text(errors="replace").splitlines() if listed.is_file() else []
    return {_normal(Path(line).name.partition(".ko")[0]) for line in lines}


def _unpacked(file: Path) -> bytes:
    data = file.read_bytes()
    try:
        if file.suffix == ".xz":
            return lzma.decompress(data)
        if file.suffix == ".gz":
            return gzip.decompress(data)
        if file.suffix == ".zst":  # as a stream: modules' frames need not tell their size
            return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    except (lzma.LZMAError, EOFError, OSError, zlib.error, zstandard.ZstdError) as error:
        raise _damaged(file, str(error)) from None
    return data


def _depends(file: Path, data: bytes) -> list[str]:
    """Reads the names after "depends=" in the section .modinfo of a 64-bit ELF file (scripts/mod/modpost.c)."""
    try:
        entries = dict(entry.partition(b"=")[::2] for entry in _section(data, b".modinfo").split(b"\0"))
        names = entries.get(b"depends", b"").decode("ascii").split(",")
    except (struct.error, ValueError, IndexError) as error:
        raise _damaged(file, str(error)) from None
    return [_normal(name) for name in names if name]


def _section(data: bytes, name: bytes) -> bytes:
    """Reads the content of a section (elf(5)). Raises ValueError, IndexError or struct.error without one."""
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError("no 64-bit ELF file")
    (table,) = struct.unpack_from("<Q", data, 0x28)  # e_shoff
    size, count, names_index = struct.unpack_from("<HHH", data, 0x3A)  # e_shentsize, e_shnum, e_shstrndx
    headers = [struct.unpack_from("<IIQQQQ", data, table + size * i) for i in range(count)]
    names = headers[names_index][4]
    for start, _, _, _, offset, length in headers:
        if data.startswith(name + b"\0", names + start):
            return data[offset : offset + length]
    raise ValueError(f"no section {name.decode()}")


def _damaged(file: Path, reason: str) -> UsageError:
    return UsageError(f"module {file}", f"is damaged ({reason})", "fetch the kernel again")
