"""The `local` machine: this host itself, with the agent as a child process in a delegated cgroup.

The agent and its probes live in a mount and an IPC namespace of their own (namespaces(7)), on a root that has the same
files at the same places as a guest's. So mounts, System V objects and message queues go with the last process, however
it ends; what a namespace can't hold (settings, swap, loop devices, the cgroup) is undone by the journal.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import platform
import socket
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import cache
from harness.errors import LabError, MachineLost
from harness.machine import disks, initramfs, qemu, scope
from harness.machine.agent import Agent, Info
from harness.machine.changes import Changes
from harness.machine.journal import Journal
from harness.machine.kernel import Kernel, kernel_at
from harness.machine.vm import greet, patience
from harness.needs import GIB, Disk, Needs

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


@dataclass(frozen=True)
class Permissions:
    """What the user lets an experiment do to this host. changes: settings, swap, caches, disks, all restored
    afterwards; throwaway: also what may kill other processes or empty the memory; directory: where disks are made,
    None for the system's place for temporary files that are kept on disk."""

    changes: bool = False
    throwaway: bool = False
    directory: Path | None = None

    @property
    def place(self) -> Path:
        """For what is to lie on a disk: /tmp may be a tmpfs."""
        return (self.directory or Path("/var/tmp")).absolute()


@dataclass(frozen=True)
class Host:
    """What an experiment asks of this host: programs and disks as a guest's Shape has them; thp, system (whether it
    looks at what the installed system has made) as its settings and needs say."""

    programs: tuple[tuple[str, str], ...]
    disks: tuple[Disk, ...]
    thp: str
    system: bool
    permissions: Permissions


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
    idle: int = 1_000_000_000       # as long as a procedure takes: others run on this host meanwhile
    groups: str = ""
    _devices: dict[str, str] = field(default_factory=dict)
    agent: Agent = field(init=False)
    info: Info = field(init=False)

    @property
    def pinned(self) -> dict[str, str]:
        """THP is switched off for the probes alone (prctl(2), PR_SET_THP_DISABLE)."""
        return {"thp": "never"} if self.host.thp == "never" else {}

    @property
    def left(self) -> frozenset[str]:
        """What is about swap, where there is none and none will be switched on."""
        return frozenset() if self.host.permissions.changes or swaps() else frozenset({"zswap", "swappiness", "page_cluster"})

    @property
    def facts(self) -> dict[str, Any]:
        """oomd: whether systemd-oomd runs, which may kill under pressure; disks_on: the file system of the disks."""
        return {"oomd": Path("/run/systemd/oom").exists(), "disks_on": file_system(self.work), "group": self.groups,
                "changes": self.host.permissions.changes, "throwaway": self.host.permissions.throwaway}

    def lost(self, what: str) -> MachineLost:
        said = self.console.read_text(errors="replace").splitlines() if self.console.exists() else []
        return MachineLost("agent on this host", f"{what}; it said: {' / '.join(said[-3:]) or 'nothing'}",
                           "`invoke doctor` says what this host lacks; --machine vm needs none of it")

    def greet(self) -> None:
        """Takes the agent's first reply; from then on each request is looked at before it is sent."""
        self.agent, self.info = greet(self, patience(START_SECONDS))
        self.groups = str(scope.of_process(self.info.agent_pid).parent / "lab")
        changes = Changes(self.journal, self.groups, self.host.permissions.changes)
        self.agent.channel.before = changes.before

    def device(self, name: str) -> str:
        """A loop device over a copy of the image that a guest's disk has."""
        if name not in self._devices:
            disk = next((one for one in self.host.disks if one.name == name), None)
            if disk is None:
                raise LabError(f"disk {name}", "the machine has none of that name", "name it in the experiment's needs")
            self._devices[name] = self._attach(disk)
        return self._devices[name]

    def _attach(self, disk: Disk) -> str:
        file = self.work / f"{disk.name}.raw"
        self.journal.note("loop", file)
        subprocess.run(["cp", "--sparse=always", "--reflink=auto", str(disks.image(disk)), str(file)], check=True)
        # Without direct I/O the file is cached beside the device's own pages (measured: 64 MiB read, Cached +130 MiB).
        for words in (["--direct-io=on"], []):
            done = subprocess.run([disks.tool("losetup"), *words, "--show", "--find", str(file)],
                                  capture_output=True, text=True)
            if done.returncode == 0:
                return done.stdout.strip()
        raise LabError(f"disk {disk.name}", f"no loop device: {done.stderr.strip()}",
                       "run as root where /dev/loop-control is, or use --machine vm")

    def processor_seconds(self) -> float:
        """Of the whole group, the probes that have ended too (cpu.stat is there without the cpu controller)."""
        text = Path(self.groups).parent.joinpath("cpu.stat").read_text()
        return int(text.split()[1]) / 1e6

    def close(self) -> None:
        """Ends the agent, and with it every probe."""
        self.socket.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        qemu.fleet.remove(self)


@contextmanager
def machine(host: Host, console: Path) -> Iterator[Local]:
    """This host as a machine; whatever was changed is undone when the block ends, however it does."""
    name = f"folklab-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    chosen = scope.choose(name, os.geteuid() == 0)
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
    """The files of the root, and the place where it is mounted."""
    work.mkdir(mode=0o700)
    for path in ("root", *(f"files/{path}" for path in initramfs.DIRECTORIES)):
        (work / path).mkdir(parents=True)
    for path, data in initramfs.programs((name, Path(where)) for name, where in host.programs).items():
        file = work / "files" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        file.chmod(0o755)


def _start(host: Host, journal: Journal, work: Path, chosen: scope.Scope, console: Path) -> Local:
    qemu.fleet.check()
    ours, theirs = socket.socketpair()
    # An ordinary user is root of a user namespace of his own: there he may mount (user_namespaces(7)).
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    with theirs, open(console, "wb") as said:
        words = [*chosen.words, "unshare", *user, "--mount", "--ipc", "sh", "-ec", START, "sh", str(theirs.fileno()),
                 *(["nothp"] if host.thp == "never" else [])]
        variables = {"cgroups": str(scope.hierarchy()), "root": str(work / "root"), "files": str(work / "files"),
                     "shm": "system" if host.system else "own", "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
        process = qemu.launcher.submit(
            subprocess.Popen, words, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL, stdout=said,
            stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, **variables}).result()
    local = Local(host, journal, work, process, ours, console)
    qemu.fleet.add(local)
    return local


def swaps() -> list[str]:
    """The swap areas of this host that are switched on, as /proc/swaps names them."""
    return [line.split()[0] for line in Path("/proc/swaps").read_text().splitlines()[1:]]


def file_system(path: Path) -> str:
    """The type of the file system that a path lies on, and where that is mounted: "ext4 at /"."""
    best = ("?", "")
    for line in scope.MOUNTS.read_text().splitlines():
        fields = line.split()
        if path.is_relative_to(fields[4]) and len(fields[4]) >= len(best[1]):
            best = (fields[fields.index("-") + 1], fields[4])
    return " at ".join(best)


def kernel() -> Kernel:
    """The kernel that runs here, with what lies beside its image; where that can't be read, told by its version."""
    release = platform.release()
    image = Path(f"/boot/vmlinuz-{release}")
    if os.access(image, os.R_OK):
        found = kernel_at(image)
        if found.release == release:
            return found
    digest = hashlib.sha256(platform.version().encode()).hexdigest()
    config = Path(f"/boot/config-{release}")
    return Kernel(release, release, image, None, config if os.access(config, os.R_OK) else _own_config(digest),
                  "this host's", f"version:{digest}")


def _own_config(digest: str) -> Path | None:
    """The configuration that the kernel itself tells (CONFIG_IKCONFIG_PROC), None if it does not."""
    told = Path("/proc/config.gz")
    if not told.exists():
        return None
    kept = cache.directory("configs") / digest
    with cache.replacing(kept) as new:
        new.write_bytes(gzip.decompress(told.read_bytes()))
    return kept


def why_not(needs: Needs, permissions: Permissions) -> str | None:
    """Why an experiment is not run on this host, None if it is; the reason names what to type."""
    root, memory = os.geteuid() == 0, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    changes = needs.changes + (("disk",) if any(disk.rate for disk in needs.disks) else ())
    if needs.root and not root:
        return "it needs root"
    if needs.throwaway and not permissions.throwaway:
        return ("it may kill other processes or empty the machine's memory: only with --throwaway-host, on a machine that "
                "may be lost")
    if changes and not permissions.changes:
        return f"it changes {', '.join(changes)} of this host: only with --allow-host-changes, which restores them"
    for what, have, want in (("processors", os.cpu_count() or 1, needs.cpus), ("NUMA nodes", _nodes(), needs.nodes)):
        if have < want:
            return f"it needs {want} {what}, this host has {have}: a guest has them"
    if memory < needs.memory * 3 // 4:       # what the kernel keeps for itself is not in it
        return f"it needs {needs.memory >> 20} MiB of memory, this host has {memory >> 20}: a guest has them"
    if needs.throwaway and needs.memory < GIB and memory > 2 * needs.memory:
        return (f"it fills a machine of {needs.memory >> 20} MiB, this host has {memory >> 20}: a guest has that size")
    if any(disk.rate for disk in needs.disks):
        return "it needs a disk of limited speed: a guest has one"
    if "swap" in needs.changes and swaps():
        return "this host has swap of its own, which would take part: type swapoff -a first"
    lacking = [word for word in needs.append.split() if word not in Path("/proc/cmdline").read_text().split()]
    if lacking:
        return f"it needs {' '.join(lacking)} on the kernel's command line"
    return None


def _nodes() -> int:
    return max(1, len(list(Path("/sys/devices/system/node").glob("node[0-9]*"))))


def guests() -> bool:
    """Whether guests can run: then they are the machine, unless the user asks for this host."""
    try:
        return bool(disks.tool(qemu.BINARY))
    except LabError:
        return False


def require() -> None:
    """Raises Unavailable, with what to type, where no experiment can run on this host."""
    scope.choose("folklab", os.geteuid() == 0)
    for name in ("unshare", "chroot", "mount"):
        disks.tool(name)
