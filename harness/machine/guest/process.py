"""One QEMU process: started and confined, its monitor, its console, its end."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from harness import cache
from harness.agent.agent import patience
from harness.errors import LabError, MachineLost
from harness.linux import architecture
from harness.linux.sizes import MIB
from harness.machine import disks
from harness.machine.guest.confinement import confinement
from harness.machine.guest.monitor import Monitor
from harness.machine.guest.qemu import MARK
from harness.machine.processes import STOPPED_SECONDS, Stops, fleet, is_stopped, with_parent

# What on a console names the reason of an end: the kernel's own words, the agent's, QEMU's.
TELLING = re.compile(
    r"Kernel panic|BUG:|Oops|sysrq: Trigger|Out of memory and no killable|^agent:|^qemu-system|is corrupt|System halted"
)
HALTED = "System halted"  # a kernel that can't unpack itself (arch/x86/boot/compressed/error.c), and one that was told to halt


MONITOR_SECONDS = 60  # for an answer of the monitor's, on a quiet host: it takes some milliseconds
ENDINGS = {
    signal.SIGBUS: "the disk below the cache is full, make room or name another place in FOLKLAB_CACHE",
    signal.SIGXFSZ: "a file would be larger than allowed (ulimit -f)",
    signal.SIGSYS: "its sandbox refused a system call",
}
STANDING_SECONDS = 2  # for an answer that would only explain the error
ENDING_SECONDS = 10
# A quiet boot prints some 20 lines, one that is lost and tried again 40 KiB. Whatever a guest prints beyond this, it is
# not what the kernel under test has to say.
CONSOLE_LIMIT = 16 * MIB
READ_LIMIT = MIB  # as much of its end is looked through for what the guest said last
LINE_LIMIT = 300  # characters of a line that is quoted
MARKED = re.compile(f"{MARK}([rwl])([^{MARK}]*){MARK}")


class Opened:
    """The files that QEMU's words name (qemu.file_word), opened for it. others: whether it runs as another user, who can
    open again only what everybody may read, or what is its own."""

    def __init__(self, kept: ExitStack, owner: int | None) -> None:
        self._kept, self._owner = kept, owner
        self.descriptors: list[int] = []

    def words(self, words: list[str]) -> list[str]:
        """Gives the words with the descriptors' names in place of the paths."""
        return [MARKED.sub(lambda found: self._name(found[1], found[2]), word) for word in words]

    def _name(self, use: str, path: str) -> str:
        try:
            handle = {"r": self._read, "w": self._write, "l": self._listen}[use](path)
        except OSError as error:
            raise LabError(f"file {path}", error.strerror or str(error), "a guest needs it: see what became of it") from error
        self.keep(handle)
        return str(handle) if use == "l" else f"/proc/self/fd/{handle}"

    def keep(self, handle: int) -> int:
        self.descriptors.append(handle)
        self._kept.callback(os.close, handle)
        return handle

    def _read(self, path: str) -> int:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        if self._owner is None or os.fstat(handle).st_mode & 0o004:
            return handle
        with open(handle, "rb") as file:  # root may read it, QEMU may not: it gets a copy (memfd_create(2))
            copy = os.memfd_create("folklab")
            size = os.fstat(file.fileno()).st_size
            sent = 0
            while sent < size and (count := os.sendfile(copy, file.fileno(), sent, size - sent)):
                sent += count
            return copy

    def _write(self, path: str) -> int:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if self._owner is not None and os.fstat(handle).st_uid != self._owner:
            os.fchown(handle, self._owner, self._owner)
        return handle

    def _listen(self, where: str) -> int:
        """Opens the socket where a debugger is waited for: a port of this host's own, or a path."""
        listening = socket.socket(socket.AF_INET if where.isdecimal() else socket.AF_UNIX)
        try:
            if where.isdecimal():
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listening.bind(("127.0.0.1", int(where)))
            else:
                if Path(where).is_socket():  # of an earlier guest
                    Path(where).unlink()
                listening.bind(where)
            listening.listen(1)
            return listening.detach()
        finally:
            listening.close()


def scratch(owner: int | None) -> int:
    """Opens the directory of the files that QEMU makes for a guest's changes to its disks, and removes from it at once."""
    place = cache.directory("scratch")
    if owner is not None and place.stat().st_uid != owner:
        os.chown(place, owner, owner)
    for left in place.iterdir():  # QEMU was killed in between
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > ENDING_SECONDS:
                left.unlink()
    return os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def read_end(path: Path, limit: int = READ_LIMIT) -> str:
    """Reads the last bytes of what a guest has printed; nothing where there is no such file."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - limit))
            return file.read(limit).decode(errors="replace")
    except OSError:
        return ""


class Qemu:
    """A running QEMU with a monitor and one channel (`socket`) to the guest's agent.

    words: what `command_line` made. console: the file for the guest's serial console. incoming: wait for a
    snapshot's state instead of booting; `files` are open descriptors that go with the process.
    """

    def __init__(
        self,
        words: list[str],
        console: Path,
        *,
        accelerator: str = "tcg",
        incoming: bool = False,
        files: tuple[int, ...] = (),
    ) -> None:
        fleet.check()
        self.console, self.messages = console, Path(f"{console}.qemu")
        binary = disks.tool(words[0])
        confined = confinement(binary)
        ours, theirs = socket.socketpair()
        monitor, monitored = socket.socketpair()
        try:
            with theirs, monitored, ExitStack() as kept:
                owner = confined.owner(accelerator)
                opened = Opened(kept, owner)
                rest = opened.words(words[1:])
                printed = opened.keep(os.open(console, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644))
                place = opened.keep(scratch(owner))
                command = [
                    *with_parent(os.getpid(), confined.before(accelerator)),
                    binary,
                    *confined.words(),
                    *rest,
                    "-add-fd",
                    f"fd={printed},set=1",
                    "-chardev",
                    "file,id=con,path=/dev/fdset/1",
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
                with open(self.messages, "wb") as said:
                    self.process = fleet.launch(
                        command,
                        pass_fds=(theirs.fileno(), monitored.fileno(), *opened.descriptors, *files),
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        stderr=said,
                        start_new_session=True,
                        env={**os.environ, "TMPDIR": f"/proc/self/fd/{place}"},
                    )
        except BaseException:
            ours.close()
            monitor.close()
            raise
        self.socket = ours
        self._monitor = Monitor(monitor, self.look)
        self._stops = Stops(self.process.pid)
        self._gone: MachineLost | None = None
        self._telling = False
        self._registers = re.compile(architecture.board_of(words[0]).registers, re.DOTALL)

    def monitor(self, command: str, **arguments: Any) -> Any:
        """Carries out a command of the monitor's; raises MachineLost if QEMU refuses, is gone or does not answer in time."""
        try:
            return self._monitor.command(command, patience(MONITOR_SECONDS), **arguments)
        except MachineLost:
            raise
        except Exception as error:
            raise self.lost(f"QEMU's monitor: {command}: {error}") from error

    def give_file(self, name: str, descriptor: int) -> None:
        """Gives QEMU an open file by a name of its monitor's. Raises MachineLost as `monitor` does."""
        try:
            self._monitor.give_file(name, descriptor, patience(MONITOR_SECONDS))
        except MachineLost:
            raise
        except Exception as error:
            raise self.lost(f"QEMU's monitor: a file for it: {error}") from error

    def look(self) -> None:
        """Raises MachineLost for a QEMU that was stopped, for a guest that prints without end or has halted, and for one that was
        given up before."""
        if self._telling:
            return  # the error is being made, which asks the monitor
        if self._gone:
            raise self._gone
        if self._stops.too_long():
            raise self.lost(f"QEMU was stopped from outside, for {STOPPED_SECONDS} s")
        if HALTED in read_end(self.console, LINE_LIMIT):
            raise self.lost("it has halted")
        for path in (self.console, self.messages):
            if path.exists() and path.stat().st_size > CONSOLE_LIMIT:
                raise self.lost(f"it printed more than {CONSOLE_LIMIT // MIB} MiB")

    def lost(self, what: str) -> MachineLost:
        """Makes the error for a guest that is gone or silent, with where it stands if it lives, and the last lines of its console
        and of QEMU's own messages."""
        self._telling = True
        self._gone = MachineLost(
            "guest",
            f"{what}{self.standing()}{self.ending()}; {self.last_words()}",
            f"the whole console is {self.console.name} in the run directory",
        )
        self._telling = False
        return self._gone

    def standing(self, looks: int = 3) -> str:
        """Says where the first processor of a silent guest is, at some moments, by the addresses of its System.map (nokaslr),
        and what it has used: a kernel that goes round in circles is told from one that waits."""
        seen: list[str] = []
        with suppress(Exception):  # it ends meanwhile, or its monitor is what broke
            while self.process.poll() is None and not is_stopped(self.process.pid) and len(seen) < looks:
                words = {"command-line": "info registers"}
                found = self._registers.search(self._monitor.command("human-monitor-command", STANDING_SECONDS, **words))
                halted = found is not None and found.groupdict().get("halted") == "1"
                seen.append(f"{'halted' if halted else 'at'} {found['at']}" if found else "unknown")
                time.sleep(0.05)
        used = self.processor_seconds()
        return f" (its processor: {', '.join(seen)}; {used:.0f} s used)" if len(seen) == looks and used is not None else ""

    def ending(self) -> str:
        """Says how the process ended, where a signal ended it: a disk that is full below its memory's file kills it so
        (SIGBUS, mmap(2))."""
        with suppress(subprocess.TimeoutExpired):
            code = self.process.wait(0.2)  # its sockets are closed a moment before
            if code < 0:
                why = ENDINGS.get(signal.Signals(-code), "")
                return f" (QEMU was killed by {signal.Signals(-code).name}{why and ': ' + why})"
        return ""

    def last_words(self, most: int = 3) -> str:
        """Quotes what the kernel said of its end: the lines that name it, or else the last ones."""
        texts = (read_end(path) for path in (self.messages, self.console))
        said = [line.strip()[:LINE_LIMIT] for text in texts for line in text.splitlines() if line.strip()]
        chosen = [line for line in said if TELLING.search(line)][:most] or said[-most:]
        return "on its console: " + " / ".join(chosen) if chosen else "its console is empty"

    def processor_seconds(self) -> float | None:
        """Gives the seconds of this host's processors that it has used so far (proc(5), stat: utime and stime); None once it has
        ended, as it does when its kernel panics."""
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[-1].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Ends the process and leaves nothing of it behind."""
        if self.process.poll() is None:
            self.process.kill()
        self._monitor.close()
        self.socket.close()
        with suppress(subprocess.TimeoutExpired):  # the kernel is at it: it is killed all the same
            self.process.wait(ENDING_SECONDS)
        fleet.forget(self.process)
        if self.messages.exists() and not self.messages.stat().st_size:
            self.messages.unlink()
