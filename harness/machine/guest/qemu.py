"""QEMU's command line: what a guest is made of."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness import cache
from harness.claims.needs import DISK, SWAP, Disk
from harness.errors import LabError, Unavailable
from harness.linux import architecture
from harness.linux.architecture import Board
from harness.linux.sizes import MIB
from harness.machine import disks
from harness.machine.kernels.kernel import Kernel

ANSWER_SECONDS = 60

# Why each stands there, beside those that the architecture asks for: panic, oops: a kernel that erred ends, it does not answer
# wrongly; nokaslr, norandmaps: page tables of the same size in every boot (experiments set randomize_va_space to 2 before
# they start a probe); rootfstype=ramfs: the instrument's own files can't be swapped as those of a tmpfs can;
# transparent_hugepage: set here, since changing it later silently moves min_free_kbytes and the watermarks.
APPEND = (
    "{board} panic=-1 oops=panic nokaslr norandmaps rootfstype=ramfs mitigations=off {quiet}transparent_hugepage={thp} {append}"
)


@dataclass(frozen=True)
class Shape:
    """A guest as experiments ask for it: memory in bytes, processors, disks in order, NUMA nodes, THP, kernel
    arguments of the user's, programs (name, path on this host) that travel in its initramfs; gdb: where it waits for
    a debugger before its first instruction, a port of this host or the path of a socket."""

    memory: int = 1024 * MIB
    cpus: int = 1
    disks: tuple[Disk, ...] = (DISK, SWAP)
    nodes: int = 1
    thp: str = "never"
    append: str = ""
    programs: tuple[tuple[str, str], ...] = ()
    gdb: str = ""

    def kernel_arguments(self, board: Board, quiet: bool, accelerator: str) -> str:
        """Gives the kernel's command line. quiet: only warnings on the console."""
        told = board.arguments_under(accelerator)
        return APPEND.format(board=told, quiet="quiet " if quiet else "", thp=self.thp, append=self.append).strip()


@dataclass(frozen=True)
class Memory:
    """Where the guest's memory lives: a file (for snapshots; private: changes stay with the clone), or nowhere. The
    nodes of a guest with several have a file each, that name with the node's number behind it."""

    file: Path | None = None
    private: bool = False


# Marks a path in a word: r to be read, w to be written to, l to be listened at. A path has every character but this one.
MARK = "\0"


def file_word(path: Path | str, use: str = "r") -> str:
    """Gives a path as a part of QEMU's words: whoever starts QEMU opens it and puts the descriptor's name there. So any
    character may stand in it, where QEMU's own options end at a comma, and QEMU needs no right to find it."""
    return f"{MARK}{use}{path}{MARK}"


def _backend(name: str, size: str, memory: Memory, suffix: str = "") -> list[str]:
    if not memory.file:
        return ["-object", f"memory-backend-ram,id={name},size={size}"]
    share = "off" if memory.private else "on"
    return [
        "-object",
        f"memory-backend-file,id={name},size={size},mem-path={file_word(f'{memory.file}{suffix}', 'w')},share={share}",
    ]


def _numa(shape: Shape, memory: Memory) -> list[str]:
    """Gives each node an equal part of the memory; the processors are on node 0, so only experiments touch the others'."""
    words: list[str] = []
    for node in range(shape.nodes):
        words += [
            *_backend(f"node{node}", f"{shape.memory // MIB // shape.nodes}M", memory, str(node)),
            "-numa",
            f"node,nodeid={node},memdev=node{node}" + (f",cpus=0-{shape.cpus - 1}" if not node else ""),
        ]
    return words


def _disks(shape: Shape, bus: str, page_size: int) -> list[str]:
    words = []
    for number, disk in enumerate(shape.disks):
        limit = f",throttling.bps-total={disk.rate}" if disk.rate else ""
        # snapshot=on: writes go to a file of QEMU's that is deleted at once and goes with the process.
        words += [
            "-drive",
            f"if=none,id=d{number},file={file_word(disks.image(disk, page_size))},format=raw,cache=unsafe,snapshot=on{limit}",
            "-device",
            f"virtio-blk-{bus},drive=d{number},serial={disk.name}",
        ]
    return words


def _machine(shape: Shape, memory: Memory, options: str) -> list[str]:
    size = f"{shape.memory // MIB}M"
    if shape.nodes > 1:
        return ["-M", options, "-m", size, *_numa(shape, memory)]
    if memory.file:
        return ["-M", f"{options},memory-backend=ram", "-m", size, *_backend("ram", size, memory)]
    return ["-M", options, "-m", size]


def accelerated(accelerator: str, cpus: int) -> list[str]:
    """Gives the words for an accelerator.

    TCG gets one thread for all processors: with one for each, a processor met the int3 of a static key that another was
    patching after its handler was gone (6.12, QEMU 7.2: an oops in mm/page_alloc.c after four minutes of the fault test).
    """
    return ["-accel", "tcg,thread=single" if accelerator == "tcg" and cpus > 1 else accelerator]


def command_line(
    kernel: Kernel, shape: Shape, initramfs: Path, accelerator: str, memory: Memory, quiet: bool = True
) -> list[str]:
    """Makes the part of QEMU's command line that makes the guest what it is, beginning with QEMU's own name (a snapshot's key
    is made from it)."""
    board = kernel.architecture.board
    options, bus = board.types[shape.nodes > 1]
    # The interrupt controller of a guest whose processor is this host's is this host's too.
    options = options.format(gic="host" if accelerator == "kvm" else "3")
    return [
        board.qemu,
        *_machine(shape, memory, options),
        *accelerated(accelerator, shape.cpus),
        "-cpu",
        "host" if accelerator == "kvm" else board.model,
        "-smp",
        str(shape.cpus),
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-no-reboot",
        "-kernel",
        file_word(kernel.image),
        "-initrd",
        file_word(initramfs),
        "-append",
        shape.kernel_arguments(board, quiet, accelerator),
        "-device",
        f"virtio-serial-{bus}",
        "-device",
        "virtserialport,chardev=ch,name=agent",
        *_disks(shape, bus, kernel.page_size),
        *_debugger(shape.gdb),
    ]


def _debugger(gdb: str) -> list[str]:
    """Gives the words for a debugger. -S: the guest stops before its first instruction, so that a breakpoint can stand
    anywhere."""
    words = ["-chardev", f"socket,id=gdb,fd={file_word(gdb, 'l')},server=on,wait=off", "-gdb", "chardev:gdb", "-S"]
    return words if gdb else []


def version(name: str) -> str:
    """Gives the version of the QEMU of that name, asked once for each binary and remembered."""
    binary = disks.tool(name)
    state = os.stat(binary)
    mark = hashlib.sha256(repr((binary, state.st_size, state.st_mtime_ns)).encode()).hexdigest()[:16]
    kept = cache.place("qemu") / mark
    with suppress(OSError):
        return kept.read_text()
    try:
        text = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, check=True, timeout=ANSWER_SECONDS, errors="replace"
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(name, f"it does not tell its version ({error})", "install it anew") from None
    found = re.search(r"version ([\w.+~:-]+)", text)
    told = found.group(1) if found else "unknown"
    with cache.replacing(cache.directory("qemu") / mark) as new:
        new.write_text(told)
    return told


def guests() -> bool:
    """Says whether guests can run: then they are the machine, unless the user asks for this host."""
    try:
        return bool(disks.tool(architecture.of_host().board.qemu))
    except LabError:
        return False
