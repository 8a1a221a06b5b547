"""One QEMU process: its command line, its monitor, its end."""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qemu.qmp.legacy import QEMUMonitorProtocol

from harness import cache
from harness.claims.needs import DISK, SWAP, Disk
from harness.errors import LabError, MachineLost
from harness.linux.sizes import MIB
from harness.machine import disks
from harness.machine.kernels.kernel import Kernel
from harness.machine.processes import WITH_PARENT, fleet

BINARY = "qemu-system-x86_64"

# Why each stands there: console: the log; panic, oops: a kernel that erred ends, it does not answer wrongly; reboot=t:
# by a triple fault, the one way out that microvm has (without it a panicked guest hangs);
# tsc_early_khz: calibrating the TSC hangs on microvm (vm-facts: 2 of 3 boots lost on some kernels);
# tsc=reliable: no watchdog over the TSC, which on a busy host fails it against the late timer interrupts of TCG and
# leaves refined-jiffies (measured at load 5: 3 of 3 boots of 5.10 with the watchdog, none without);
# nokaslr, norandmaps: page tables of the same size in every boot (experiments set randomize_va_space to 2 before
# they start a probe); rootfstype=ramfs: the instrument's own files can't be swapped as those of a tmpfs can;
# transparent_hugepage: set here, since changing it later silently moves min_free_kbytes and the watermarks.
APPEND = (
    "console=ttyS0 panic=-1 oops=panic reboot=t tsc_early_khz=2600000 tsc=reliable nokaslr norandmaps "
    "rootfstype=ramfs mitigations=off {quiet}transparent_hugepage={thp}"
)

# What on a console names the reason of an end: the kernel's own words, the agent's, QEMU's.
TELLING = re.compile(r"Kernel panic|BUG:|Oops|sysrq: Trigger|Out of memory and no killable|^agent:|^qemu-system")


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

    @property
    def machine(self) -> str:
        """Names QEMU's type of machine."""
        return "microvm" if self.nodes == 1 else "q35"  # microvm has no NUMA

    def kernel_arguments(self, quiet: bool) -> str:
        """Gives the kernel's command line. quiet: only warnings on the console."""
        fixed = APPEND.format(quiet="quiet " if quiet else "", thp=self.thp)
        return f"{fixed} {self.append}".strip()


@dataclass(frozen=True)
class Memory:
    """Where the guest's memory lives: a file (for snapshots; private: changes stay with the clone), or nowhere. The
    nodes of a guest with several have a file each, that name with the node's number behind it."""

    file: Path | None = None
    private: bool = False


def _backend(name: str, size: str, memory: Memory, suffix: str = "") -> list[str]:
    if not memory.file:
        return ["-object", f"memory-backend-ram,id={name},size={size}"]
    share = "off" if memory.private else "on"
    return ["-object", f"memory-backend-file,id={name},size={size},mem-path={memory.file}{suffix},share={share}"]


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


def _disks(shape: Shape) -> list[str]:
    words = []
    for number, disk in enumerate(shape.disks):
        limit = f",throttling.bps-total={disk.rate}" if disk.rate else ""
        # snapshot=on: writes go to a file of QEMU's that is deleted at once and goes with the process.
        words += [
            "-drive",
            f"if=none,id=d{number},file={disks.image(disk)},format=raw,cache=unsafe,snapshot=on{limit}",
            "-device",
            f"virtio-blk-{bus(shape)},drive=d{number},serial={disk.name}",
        ]
    return words


def bus(shape: Shape) -> str:
    """Gives the end of virtio devices' names on that machine."""
    return "device" if shape.machine == "microvm" else "pci"


def _machine(shape: Shape, memory: Memory) -> list[str]:
    options = {"microvm": "microvm,rtc=on", "q35": "q35"}[shape.machine]
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
    """Makes the part of QEMU's command line that makes the guest what it is (a snapshot's key is made from it)."""
    # -cx16: QEMU 7.2's TCG corrupts the flags around cmpxchg16b (vm-facts: 2 of 14 boots of 6.12 oopsed).
    # -erms, -fsrm: TCG carries out rep movsb byte by byte; without them the kernel copies words (measured on 6.12:
    # writing 64 MiB to tmpfs 0.80 s with, 0.36 s without; reading it back 0.23 s and 0.04 s).
    model = "host" if accelerator == "kvm" else "max,-cx16,-erms,-fsrm"
    return [
        *_machine(shape, memory),
        *accelerated(accelerator, shape.cpus),
        "-cpu",
        model,
        "-smp",
        str(shape.cpus),
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-no-reboot",
        "-kernel",
        str(kernel.image),
        "-initrd",
        str(initramfs),
        "-append",
        shape.kernel_arguments(quiet),
        "-device",
        f"virtio-serial-{bus(shape)}",
        "-device",
        "virtserialport,chardev=ch,name=agent",
        *_disks(shape),
        *_debugger(shape.gdb),
    ]


def _debugger(gdb: str) -> list[str]:
    """Gives the words for a debugger. -S: the guest stops before its first instruction, so that a breakpoint can stand
    anywhere."""
    where = f"tcp:127.0.0.1:{gdb}" if gdb.isdecimal() else f"unix:{gdb}"
    return ["-gdb", f"{where},server=on,wait=off", "-S"] if gdb else []


def version() -> str:
    """Gives QEMU's version, asked once for each binary and remembered."""
    binary = disks.tool(BINARY)
    state = os.stat(binary)
    mark = hashlib.sha256(repr((binary, state.st_size, state.st_mtime_ns)).encode()).hexdigest()[:16]
    kept = cache.directory("qemu") / mark
    if not kept.exists():
        text = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
        found = re.search(r"version ([^\s(]+)", text)
        with cache.replacing(kept) as new:
            new.write_text(found.group(1) if found else text.splitlines()[0])
    return kept.read_text()


AT = re.compile(r"\bRIP=(?P<at>[0-9a-f]+).*?\bHLT=(?P<halted>[01])", re.DOTALL)


class Qemu:
    """A running QEMU with a monitor and one channel (`socket`) to the guest's agent.

    words: what `command_line` made. console: the file for the guest's serial console. incoming: wait for a
    snapshot's state instead of booting; `files` are open descriptors that go with the process.
    """

    def __init__(self, words: list[str], console: Path, *, incoming: bool = False, files: tuple[int, ...] = ()) -> None:
        fleet.check()
        self.console = console
        ours, theirs = socket.socketpair()
        monitor, monitored = socket.socketpair()
        with theirs, monitored:
            command = [
                *WITH_PARENT,
                str(os.getpid()),
                disks.tool(BINARY),
                *words,
                "-chardev",
                f"file,id=con,path={console}",
                "-serial",
                "chardev:con",
                "-chardev",
                f"socket,id=ch,fd={theirs.fileno()}",
                "-chardev",
                f"socket,id=qmp,fd={monitored.fileno()}",
                "-mon",
                "chardev=qmp,mode=control",
                *(["-incoming", "defer"] if incoming else []),
            ]
            passed = (theirs.fileno(), monitored.fileno(), *files)
            with open(f"{console}.qemu", "wb") as said:
                self.process = fleet.launch(
                    command,
                    pass_fds=passed,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    start_new_session=True,
                )
        self.socket = ours
        self._monitor_socket = monitor
        self._monitor: QEMUMonitorProtocol | None = None

    def monitor(self, command: str, **arguments: Any) -> Any:
        """Carries out a command of the monitor's; raises MachineLost if QEMU refuses or is gone."""
        try:
            return self._command(command, **arguments)
        except Exception as error:
            raise self.lost(f"QEMU's monitor: {command}: {error}") from error

    def _command(self, command: str, seconds: float | None = None, **arguments: Any) -> Any:
        if self._monitor is None:
            self._monitor = QEMUMonitorProtocol(self._monitor_socket)
            self._monitor.connect()
        self._monitor.settimeout(seconds)
        return self._monitor.cmd(command, **arguments)

    def lost(self, what: str) -> MachineLost:
        """Makes the error for a guest that is gone or silent, with where it stands if it lives, and the last lines of its console
        and of QEMU's own messages."""
        return MachineLost(
            "guest",
            f"{what}{self.standing()}; {self.last_words()}",
            f"the whole console is {self.console.name} in the run directory",
        )

    def standing(self, looks: int = 3) -> str:
        """Says where the first processor of a silent guest is, at some moments, by the addresses of its System.map (nokaslr),
        and what it has used: a kernel that goes round in circles is told from one that waits."""
        seen: list[str] = []
        with suppress(Exception):  # it ends meanwhile, or its monitor is what broke
            while self.process.poll() is None and len(seen) < looks:
                words = {"command-line": "info registers"}
                found = AT.search(self._command("human-monitor-command", seconds=5, **words))
                seen.append(f"{'halted' if found['halted'] == '1' else 'at'} {found['at']}" if found else "unknown")
                time.sleep(0.05)
        return f" (its processor: {', '.join(seen)}; {self.processor_seconds():.0f} s used)" if len(seen) == looks else ""

    def last_words(self, most: int = 3) -> str:
        """Quotes what the kernel said of its end: the lines that name it, or else the last ones."""
        said = [
            line.strip()
            for path in (Path(f"{self.console}.qemu"), self.console)
            if path.exists()
            for line in path.read_text(errors="replace").splitlines()
            if line.strip()
        ]
        chosen = [line for line in said if TELLING.search(line)][:most] or said[-most:]
        return "on its console: " + " / ".join(chosen) if chosen else "its console is empty"

    def processor_seconds(self) -> float:
        """Gives the seconds of this host's processors that it has used so far (proc(5), stat: utime and stime)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[-1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Ends the process and leaves nothing of it behind."""
        if self._monitor is not None:
            with suppress(Exception):  # the connection broke with the process: nothing left to close
                self._monitor.close()
            self._monitor = None
        self._monitor_socket.close()
        self.socket.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        fleet.forget(self.process)
        errors = Path(f"{self.console}.qemu")
        if errors.exists() and not errors.stat().st_size:
            errors.unlink()


def describe(words: list[str]) -> str:
    """Gives a command line as one digest."""
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()


def guests() -> bool:
    """Says whether guests can run: then they are the machine, unless the user asks for this host."""
    try:
        return bool(disks.tool(BINARY))
    except LabError:
        return False
