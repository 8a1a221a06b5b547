"""The `local` machine: this host itself, with the agent as a child process in a delegated cgroup.

The agent and its probes live in a mount and an IPC namespace of their own (namespaces(7)), on a root that has the same
files at the same places as a guest's. So mounts, System V objects and message queues go with the last process, however
it ends; what a namespace can't hold (settings, swap, loop devices, the cgroup) is undone by the journal.
"""

from __future__ import annotations

import ctypes
import gc
import os
import socket
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.agent.agent import Agent, Info, greet, patience
from harness.claims.needs import Disk
from harness.errors import LabError, MachineLost, Skip
from harness.linux import architecture, mounts
from harness.machine import allocators, disks, initramfs
from harness.machine.host import cgroup
from harness.machine.host.journal import Journal
from harness.machine.host.permissions import Permissions, swaps
from harness.machine.host.write_guard import WriteGuard
from harness.machine.kernels.modules import Module
from harness.machine.processes import STOPPED_SECONDS, Stops, fleet
from harness.machine.slots import Place

# In the cgroup and the namespaces already: leaves the group to its children, builds the root, becomes the agent.
# /dev/shm is the machine's own unless the experiment asks what the system has there; tracefs is mounted where no one has.
START = """
group=$cgroups$(sed -n 's/^0:://p' /proc/self/cgroup)
mkdir "$group/agent"
echo $$ >"$group/agent/cgroup.procs"
mount -t ramfs ramfs "$root"
cp -R "$files/." "$root"
for place in proc sys dev; do mount --rbind "/$place" "$root/$place"; done
mount -t tmpfs -o mode=755 tmpfs "$root/mnt"
[ "$shm" = system ] || mount -t tmpfs -o mode=1777,huge=never tmpfs "$root/dev/shm"
[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs "$root/sys/kernel/tracing" || :
exec chroot "$root" /init "$@"
"""
START_SECONDS = 30
# On these a file takes memory as soon as it has blocks.
MEMORY = {"tmpfs", "ramfs"}
PR_SET_THP_DISABLE = 41  # include/uapi/linux/prctl.h


@dataclass(frozen=True)
class Host:
    """What an experiment asks of this host: programs, disks and processors as a guest's Shape has them; thp, system
    (whether it looks at what the installed system has made) as its settings and needs say."""

    programs: tuple[tuple[str, str], ...]
    disks: tuple[Disk, ...]
    thp: str
    system: bool
    permissions: Permissions
    cpus: int = 1


@dataclass(eq=False)
class Local:
    """The agent on this host. work: the directory for disks, gone with the machine."""

    host: Host
    journal: Journal
    work: Path
    process: subprocess.Popen[bytes]
    socket: socket.socket
    console: Path
    name: str = "local"
    accelerator: str = "host"
    boots: int = 1
    restored: bool = False
    idle: int = 1_000_000_000  # as long as a procedure takes: others run on this host meanwhile
    groups: str = ""
    place: Place | None = None
    _devices: dict[str, str] = field(default_factory=dict)
    _stops: Stops = field(init=False)
    agent: Agent = field(init=False)
    info: Info = field(init=False)

    def __post_init__(self) -> None:
        self._stops = Stops(self.process.pid)

    @property
    def pinned(self) -> dict[str, str]:
        """Tells that THP is switched off, for the probes alone (prctl(2), PR_SET_THP_DISABLE)."""
        return {"thp": "never"} if self.host.thp == "never" else {}

    @property
    def left(self) -> frozenset[str]:
        """Names the settings about swap, where there is none and none will be switched on."""
        return frozenset() if self.host.permissions.changes or swaps() else frozenset({"zswap", "swappiness", "page_cluster"})

    @property
    def facts(self) -> dict[str, Any]:
        """Tells the circumstances. oomd: whether systemd-oomd runs, which may kill under pressure; disks_on: the file system of
        the disks."""
        return {
            "oomd": Path("/run/systemd/oom").exists(),
            "disks_on": file_system(self.work),
            "group": self.groups,
            "changes": self.host.permissions.changes,
            "throwaway": self.host.permissions.throwaway,
        }

    def lost(self, what: str) -> MachineLost:
        """Makes the error for an agent that is gone or silent, with the last lines that it printed."""
        said = [line[:300] for line in self.console.read_text(errors="replace").splitlines()] if self.console.exists() else []
        return MachineLost(
            "agent on this host",
            f"{what}; it said: {' / '.join(said[-3:]) or 'nothing'}",
            "`invoke doctor` says what this host lacks; --machine vm needs none of it",
        )

    def look(self) -> None:
        """Raises MachineLost for an agent that was stopped from outside."""
        if self._stops.too_long():
            raise self.lost(f"it was stopped from outside, for {STOPPED_SECONDS} s")

    def greet(self) -> None:
        """Takes the agent's first reply; from then on each request is looked at before it is sent."""
        self.agent, self.info = greet(self, patience(START_SECONDS))
        self.groups = str(cgroup.of_process(self.info.agent_pid).parent / "lab")
        guard = WriteGuard(self.journal, self.groups, self.host.permissions.changes, f"/proc/{self.info.agent_pid}/root")
        self.agent.look_at_requests(guard.before)

    def device(self, name: str) -> str:
        """Gives a loop device over a copy of the image that a guest's disk has. Raises LabError."""
        if name not in self._devices:
            disk = next((one for one in self.host.disks if one.name == name), None)
            if disk is None:
                raise LabError(f"disk {name}", "the machine has none of that name", "name it in the experiment's needs")
            self._devices[name] = self._attach(disk)
        return self._devices[name]

    def _attach(self, disk: Disk) -> str:
        file = self.work / f"{disk.name}.raw"
        self.journal.note("loop", file)
        image = disks.image(disk, os.sysconf("SC_PAGE_SIZE"))
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", str(image), str(file)], check=True)
        _fill_holes(file, disk.size)
        # Without direct I/O the file is cached beside the device's own pages (measured: 64 MiB read, Cached +130 MiB).
        for words in (["--direct-io=on"], []):
            done = subprocess.run([disks.tool("losetup"), *words, "--show", "--find", str(file)], capture_output=True, text=True)
            if done.returncode == 0:
                return done.stdout.strip()
        raise LabError(
            f"disk {disk.name}",
            f"no loop device: {done.stderr.strip()}",
            "run as root where /dev/loop-control is, or use --machine vm",
        )

    def modules(self, wanted: Sequence[str]) -> list[Module]:
        """Gives none: what this host has loaded is there. Raises Skip for a module that is not."""
        for name in wanted:
            if not Path("/sys/module", name.replace("-", "_")).exists():
                raise Skip(f"this host has not loaded the module {name}: run modprobe {name}, or use --machine vm")
        return []

    environment = staticmethod(allocators.environment)

    def processor_seconds(self) -> float:
        """Gives the processor seconds of the whole group, the probes that have ended too (cpu.stat is there without the cpu
        controller)."""
        text = Path(self.groups).parent.joinpath("cpu.stat").read_text()
        return int(text.split()[1]) / 1e6

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def quiet(self) -> AbstractContextManager[None]:
        return nullcontext()

    def close(self) -> None:
        """Ends the agent, and with it every probe."""
        self.socket.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            with suppress(subprocess.TimeoutExpired):  # the kernel is at it
                self.process.wait(10)
        fleet.forget(self.process)


def _fill_holes(file: Path, size: int) -> None:
    """Gives all of a disk's file blocks, where there is room for twice as much: a hole that is written to takes metadata
    of the file system below, and Buffers count it (measured: 2 pages while mkfs wrote)."""
    free = os.statvfs(file)
    if file_system(file).split()[0] not in MEMORY and free.f_bavail * free.f_frsize > 2 * size:
        subprocess.run(["fallocate", "--length", str(size), str(file)], capture_output=True)


def _be_quiet() -> None:
    """Keeps Python's own heap still, which is counted too while it drives the trial: no huge page at once (measured where
    THP is always: AnonPages +512 between two samples), no collection that gives memory back in between."""
    ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)
    gc.collect()
    gc.freeze()


@contextmanager
def machine(host: Host, console: Path) -> Iterator[Local]:
    """Gives this host as a machine; undoes whatever was changed when the block ends, however it does."""
    _be_quiet()
    name = f"folklab-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    chosen = cgroup.choose(name, os.geteuid() == 0)
    with Journal.begin() as journal, ExitStack() as stack:
        work = host.permissions.place / name
        journal.note("directory", work)
        _lay_out(work, host)
        chosen.prepare(journal)
        local = _start(host, journal, work, chosen, console)
        stack.callback(local.close)
        local.greet()
        yield local


def _lay_out(work: Path, host: Host) -> None:
    """Makes the files of the root, and the directory where it is mounted."""
    work.mkdir(mode=0o700)
    for path in ("root", *(f"files/{path}" for path in initramfs.DIRECTORIES)):
        (work / path).mkdir(parents=True)
    for path, data in initramfs.programs(architecture.of_host(), ((name, Path(where)) for name, where in host.programs)).items():
        file = work / "files" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        file.chmod(0o755)


def _start(host: Host, journal: Journal, work: Path, chosen: cgroup.NewGroup, console: Path) -> Local:
    fleet.check()
    ours, theirs = socket.socketpair()
    # An ordinary user is root of a user namespace of his own: there he may mount (user_namespaces(7)).
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    with theirs, open(console, "wb") as said:
        # As many processors as a guest has: each of them keeps pages back that no list shows (mm/swap.c, cpu_fbatches).
        processors = ",".join(map(str, sorted(os.sched_getaffinity(0))[: host.cpus]))
        words = [
            *chosen.words,
            "taskset",
            "--cpu-list",
            processors,
            "unshare",
            *user,
            "--mount",
            "--ipc",
            "sh",
            "-ec",
            START,
            "sh",
            str(theirs.fileno()),
            *(["nothp"] if host.thp == "never" else []),
        ]
        variables = {
            "cgroups": str(cgroup.hierarchy()),
            "root": str(work / "root"),
            "files": str(work / "files"),
            "shm": "system" if host.system else "own",
            "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin",
        }
        process = fleet.launch(
            words,
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **variables},
        )
    return Local(host, journal, work, process, ours, console)


def file_system(path: Path) -> str:
    """Names the type of the file system that a path lies on, and where that is mounted: "ext4 at /"."""
    mount = mounts.holding(mounts.parse(cgroup.MOUNTS.read_text()), path)
    return f"{mount.kind} at {mount.point}" if mount else "? at "


def require() -> None:
    """Raises Unavailable, with what to type, where no experiment can run on this host."""
    cgroup.choose("folklab", os.geteuid() == 0)
    for name in ("unshare", "chroot", "mount", "taskset"):
        disks.tool(name)
