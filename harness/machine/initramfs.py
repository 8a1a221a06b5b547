"""The guest's first file system: agent, probe with its loader and libraries, modules; packed without root."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from harness import cache
from harness.errors import LabError
from harness.linux.architecture import Architecture
from harness.machine import programs as lab_programs
from harness.machine.kernels import modules
from harness.machine.kernels.kernel import Kernel

# What a guest needs before it can answer; what is built in, or absent from a kernel, is left out.
MODULES = ("virtio", "virtio_ring", "virtio_mmio", "virtio_pci", "virtio_blk", "virtio_console", "ext4")
DIRECTORIES = ("proc", "sys", "dev", "mnt", "tmp", "root", "modules", "programs")


def entry(path: str, mode: int, data: bytes = b"", *, inode: int, major: int = 0, minor: int = 0) -> bytes:
    """Packs one file in the newc format (Documentation/driver-api/early-userspace/buffer-format.rst)."""
    name = path.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
    head += b"\0" * (-len(head) % 4)
    return head + data + b"\0" * (-len(data) % 4)


@lru_cache
def libraries(program: Path) -> list[Path]:
    """Lists the loader and the shared libraries that a program is linked with, as this host would load them; none of a
    static one."""
    try:
        done = subprocess.run(["ldd", program], capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
        if done.returncode and "not a dynamic executable" not in done.stderr:
            raise OSError(done.stderr)
    except OSError as error:
        raise LabError(str(program), "its libraries can't be listed", "install libc-bin (it has ldd)") from error
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", done.stdout)]


def program_files(program: Path, name: str, architecture: Architecture) -> dict[str, bytes]:
    """Gives a dynamic program under /programs/NAME, with all it is linked with where it looks for it."""
    files = {f"programs/{name}": program.read_bytes()}
    if architecture.is_native:
        linked = {str(library).lstrip("/"): library for library in libraries(program)}
    else:
        linked = lab_programs.libraries(program, architecture)
    return files | {path: library.read_bytes() for path, library in linked.items()}


def pack(files: dict[str, bytes]) -> bytes:
    """Packs a cpio archive: every file executable, every parent directory there, the console's device too."""
    parents = {*DIRECTORIES} | {str(parent) for path in files for parent in Path(path).parents if str(parent) != "."}
    parts = [entry(path, 0o040755, inode=1000 + number) for number, path in enumerate(sorted(parents))]
    parts.append(entry("dev/console", 0o020600, inode=900, major=5, minor=1))
    parts += [entry(path, 0o100755, data, inode=5000 + number) for number, (path, data) in enumerate(sorted(files.items()))]
    return b"".join(parts) + entry("TRAILER!!!", 0, inode=0)


def contents(kernel: Kernel, extra: Iterable[tuple[str, Path]] = ()) -> dict[str, bytes]:
    """Maps path → bytes of all that a guest of this kernel starts with."""
    files = programs(kernel.architecture, extra)
    for number, module in enumerate(modules.load_order(kernel, MODULES)):
        files[f"modules/{number:02d}-{module.name}.ko"] = module.data
    return files


def programs(architecture: Architecture, extra: Iterable[tuple[str, Path]] = ()) -> dict[str, bytes]:
    """Maps path → bytes of the agent, the probe and what else an experiment runs, on any kernel of an architecture."""
    place = lab_programs.built(architecture)
    files = {"init": (place / "agent").read_bytes(), **program_files(place / "probe", "probe", architecture)}
    for name, program in extra:
        files |= program_files(program, name, architecture)
    return files


def sources(kernel: Kernel, extra: Iterable[tuple[str, Path]]) -> str:
    """Tells what the archive is made from, by sizes and times: cheap to compare at every start."""
    place = lab_programs.built(kernel.architecture)
    paths = [place / "agent", place / "probe", *(path for _, path in extra), Path(__file__)]
    states = [(str(path), os.stat(path).st_size, os.stat(path).st_mtime_ns) for path in paths]
    return hashlib.sha256(repr((kernel.digest, str(kernel.modules), states)).encode()).hexdigest()[:20]


def make(kernel: Kernel, extra: Iterable[tuple[str, Path]] = ()) -> tuple[Path, str]:
    """Makes the archive for a kernel, once, and keeps it in the cache: its path and its digest."""
    extra = tuple(extra)
    kept = cache.directory("initramfs") / f"{sources(kernel, extra)}.cpio"
    if not (digest := cache.intact(kept)):
        with cache.making(kept) as new:
            new.write_bytes(pack(contents(kernel, extra)))
        digest = cache.intact(kept)
    if not digest:
        raise LabError(f"file {kept}", "it is not what was just written", "see what else writes to the cache")
    return kept, digest
