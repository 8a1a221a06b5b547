"""The journal of a host: each change stands on disk before it is made, and is undone on every way out.

A file of JSON lines: first the boot that it belongs to, then the changes in order. A living run holds a lock on it,
so one that nobody holds was left behind by a killed run: `restore_left` undoes it at the start of the next command.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from harness.errors import LabError, Unavailable
from harness.machine.disks import tool
from harness.machine.host import journals

SUFFIX = ".journal"
NEW = ".new"  # of one that nothing is noted in yet
BOOT = Path("/proc/sys/kernel/random/boot_id")
# Writing one of a pair sets the other to 0 (Documentation/admin-guide/sysctl/vm.rst), and changing THP recalculates
# min_free_kbytes (mm/khugepaged.c, set_recommended_min_free_kbytes, v6.12): both are written down.
_VM = "/proc/sys/vm"
_PAIRS = [
    (f"{_VM}/overcommit_ratio", f"{_VM}/overcommit_kbytes"),
    (f"{_VM}/dirty_ratio", f"{_VM}/dirty_bytes"),
    (f"{_VM}/dirty_background_ratio", f"{_VM}/dirty_background_bytes"),
]
TOGETHER = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])} | {
    "/sys/kernel/mm/transparent_hugepage/enabled": f"{_VM}/min_free_kbytes"
}
TRACING = "/sys/kernel/tracing"
GROUP_SECONDS = 10
STARTING_SECONDS = 5
UNDOING_SECONDS = 5


@dataclass(frozen=True)
class Change:
    """One change of the host. kind: a key of UNDO; place: what is changed; before: what it takes to undo it."""

    kind: str
    place: str
    before: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.place}" + (f" (was {self.before})" if self.before else "")

    def undo(self) -> None:
        """Undoes the change; does nothing where it was never made, or is undone. Raises OSError or CalledProcessError."""
        UNDO[self.kind](self.place, self.before)


def value_of(text: str) -> str:
    """Reads what to write to have a setting as its file's text has it: "always [madvise] never" → "madvise"."""
    return text[text.index("[") + 1 : text.index("]")] if "[" in text else text.strip()


def _set(path: str, before: str) -> None:
    if value_of(Path(path).read_text()) != before:
        Path(path).write_text(before)


def _run(*words: str) -> str:
    return subprocess.run([tool(words[0]), *words[1:]], check=True, capture_output=True, text=True).stdout


def _swap_off(path: str, on_device: str) -> None:
    """Switches a swap area off. swapoff(2) itself tells what is none. /proc/swaps can't: it names what was switched on in a mount
    namespace that is gone by the rest of its path ("/loop0"). on_device: "/dev/loop3 name" of a file on a disk that was
    mounted there alone; while it is swapped to, that disk can be mounted again, and the file is found on it."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.swapoff(path.encode()) and ctypes.get_errno() not in {errno.EINVAL, errno.ENOENT, errno.ENXIO}:
        raise OSError(ctypes.get_errno(), f"swapoff {path}: {os.strerror(ctypes.get_errno())}")
    if on_device:
        _run(
            "unshare",
            "--mount",
            "sh",
            "-ec",
            'mount "$1" /mnt || exit 0; swapoff "/mnt/$2" || ! grep -q "^/*$2[[:space:]]" /proc/swaps',
            "sh",
            *on_device.split(" ", 1),
        )


def _detach(file: str, _: str) -> None:
    for line in _run("losetup", "--associated", file).splitlines():
        _run("losetup", "--detach", line.partition(":")[0])


def _remove_directory(path: str, _: str) -> None:
    if os.path.lexists(path):
        shutil.rmtree(path)


def _remove_group(path: str, _: str) -> None:
    """Kills all that is in a cgroup and removes it with all below it."""
    deadline = time.monotonic() + GROUP_SECONDS
    for group in [root for root, _, _ in os.walk(path, topdown=False)]:
        while os.path.exists(group):
            with suppress(FileNotFoundError, ProcessLookupError):
                for pid in Path(group, "cgroup.procs").read_text().split():
                    os.kill(int(pid), signal.SIGKILL)
            try:
                os.rmdir(group)
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def _stop_unit(unit: str, manager: str) -> None:
    """Ends a scope, which goes by itself with its last process: one that is gone is no error. It is killed first, since a
    stop waits 90 seconds for a process that ignores its signal."""
    for words in (["kill", "--signal=KILL", unit], ["stop", unit]):
        subprocess.run([tool("systemctl"), f"--{manager}", *words], capture_output=True)


def _withdraw_controllers(path: str, before: str) -> None:
    """Takes back the controllers that were not given to the children before; one that another group uses by now stays."""
    for name in set(Path(path).read_text().split()) - set(before.split()):
        with suppress(OSError):
            Path(path).write_text(f"-{name}")


def _trace(script: str, *words: str) -> None:
    """Runs a shell's words with tracefs mounted, for them alone where this host has mounted it nowhere: what a machine
    has made there stays when its own mount is gone."""
    _run(
        "unshare",
        "--mount",
        "sh",
        "-ec",
        f"[ -e {TRACING}/events ] || mount -t tracefs tracefs {TRACING}; {script}",
        "sh",
        *words,
    )


def _remove_instance(path: str, _: str) -> None:
    """Removes an instance of tracing: tracefs removes a directory with the files in it."""
    _trace('[ ! -d "$1" ] || rmdir "$1"', path)


def _forget_events(path: str, before: str) -> None:
    """Removes the definitions of kprobe_events that were not there before: "p:kprobes/name …" is removed by "-:kprobes/name"."""
    _trace(
        r"""for name in $(sed -n 's/^[^:]*:\([^ ]*\).*/\1/p' "$1"); do
                   case "$2" in *":$name "*) ;; *) echo "-:$name" >>"$1" ;; esac
               done""",
        path,
        before,
    )


UNDO: dict[str, Callable[[str, str], None]] = {
    "setting": _set,
    "swap": _swap_off,
    "loop": _detach,
    "directory": _remove_directory,
    "group": _remove_group,
    "unit": _stop_unit,
    "controllers": _withdraw_controllers,
    "instance": _remove_instance,
    "events": _forget_events,
}
PROCESSES = {"unit", "group"}
# What a reboot does not undo by itself: settings have been given their values anew since.
LASTING = {"directory"}


def _undone(change: Change) -> list[str]:
    """Undoes a change, or says why that can't be. A child of a killed run may be undoing the same at this moment, and what
    another process holds may be let go of: so it is tried for some seconds."""
    deadline = time.monotonic() + UNDOING_SECONDS
    while True:
        try:
            change.undo()
            return []
        except (OSError, subprocess.CalledProcessError, LabError) as error:
            if time.monotonic() > deadline:
                said = error.stderr.strip() if isinstance(error, subprocess.CalledProcessError) else ""
                return [f"{change}: {said or error}"]
        time.sleep(0.05)


class Journal:
    """An open journal, held by this process. A context manager: leaving undoes all that was noted, newest first."""

    def __init__(self, file: IO[str], path: Path) -> None:
        self._file, self.path = file, path
        self._noted: set[tuple[str, str]] = set()

    @classmethod
    def begin(cls) -> Journal:
        """Begins a journal, which this process holds."""
        path = journals.directory() / f"{os.getpid()}-{time.time_ns()}{SUFFIX}"
        new = path.with_suffix(NEW)
        try:
            journals.directory().mkdir(parents=True, exist_ok=True)
            file = open(new, "x+")  # noqa: SIM115 - closed by restore()
        except OSError as error:
            why = error.strerror or str(error)
            raise Unavailable(
                f"journals in {journals.directory()}", why, "name a place that you can write to in FOLKLAB_STATE"
            ) from None
        fcntl.flock(file, fcntl.LOCK_EX)  # held before anyone can see it: it is no journal that was left behind
        journal = cls(file, path)
        journal._write({"boot": BOOT.read_text().strip()})
        os.rename(new, path)
        journal._sync_directory()
        return journal

    def _write(self, entry: dict[str, str]) -> None:
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def _sync_directory(self) -> None:
        fd = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def note(self, kind: str, place: str | Path, before: str = "") -> None:
        """Notes a change before it is made: the first note of a place counts. Returns once it is on disk."""
        if (kind, str(place)) not in self._noted:
            self._noted.add((kind, str(place)))
            self._write(asdict(Change(kind, str(place), before)))

    def note_setting(self, path: str) -> None:
        """Notes a setting as it stands now, with what changes by itself when it is written."""
        for one in (path, TOGETHER.get(path)):
            if one and os.path.exists(one):
                value = value_of(Path(one).read_text())
                if one == path or value != "0":  # the 0 of a pair stands for "by the other"
                    self.note("setting", one, value)

    def restore(self) -> list[Change]:
        """Undoes all of it, removes the journal and tells what was undone. Raises LabError naming what can't be; then the
        journal stays."""
        self._file.seek(0)
        boot, changes = read(self._file)
        if boot != BOOT.read_text().strip():
            changes = [change for change in changes if change.kind in LASTING]
        failed = []
        newest_first = changes[::-1]
        for change in sorted(newest_first, key=lambda one: one.kind not in PROCESSES):  # they hold the rest
            failed += _undone(change)
        if not failed:
            self.path.unlink()
        self._file.close()
        if failed:
            raise LabError(
                f"journal {self.path}", f"this can't be undone: {'; '.join(failed)}", "end what holds it and type: invoke restore"
            )
        return changes

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.restore()


def read(file: IO[str]) -> tuple[str, list[Change]]:
    """Reads a journal's boot and changes. A last line that was cut short belongs to a change that was never made."""
    boot, changes = "", []
    for line in file:
        try:
            entry = json.loads(line)
            if "boot" in entry:
                boot = entry["boot"]
            else:
                changes.append(Change(**entry))
        except (ValueError, TypeError):
            break
    return boot, changes


def left() -> Iterator[Journal]:
    """Yields the journals that killed runs have left behind, each taken over by this process."""
    for path in sorted(journals.directory().glob(f"*{SUFFIX}")):
        try:
            file = open(path, "r+")  # noqa: SIM115 - closed by restore()
        except FileNotFoundError:
            continue
        if _taken(file, path) and path.exists():  # its run may have ended between the two calls
            yield Journal(file, path)


def _owner(path: Path) -> Path:
    """Gives the /proc directory of the process that began a journal; it is there while that lives."""
    return Path("/proc", path.name.partition("-")[0])


def _taken(file: IO[str], path: Path) -> bool:
    """Says whether this process holds a journal now. One whose run is dead may be held for a moment by a child that the run was
    just starting: between fork and exec it has all of its parent's files (seen in one of 100 kills)."""
    owner, deadline = _owner(path), time.monotonic() + STARTING_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if owner.exists() or time.monotonic() > deadline:
                return False
        time.sleep(0.01)


def look() -> list[tuple[Path, list[Change]]]:
    """Lists what was left behind, without touching it."""
    found = []
    for journal in left():
        with journal._file as file:
            found.append((journal.path, read(file)[1]))
    return found


def restore_left() -> list[Change]:
    """Undoes all that was left behind. Raises LabError where something can't be undone."""
    for path in journals.directory().glob(f"*{NEW}"):
        if not _owner(path).exists():  # killed before it was a journal (seen in one of 100 kills)
            path.unlink(missing_ok=True)
    return [change for journal in left() for change in journal.restore()]
