"""The cgroup of a host that the local machine lives in: delegated by systemd, or a plain one where it may be made.

The harness stays outside of it. The agent sits in a leaf below it, since a group that gives controllers to its
children may hold no process itself (Documentation/admin-guide/cgroup-v2.rst, "No Internal Process Constraint").
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.errors import Unavailable
from harness.linux import mounts
from harness.linux.counters import CONTROLLERS
from harness.machine.host.journal import Journal

MOUNTS = Path(mounts.PATH)
SYSTEMD = Path("/run/systemd/system")  # there if systemd is PID 1 (sd_booted(3))
USERS = Path("/proc/self/uid_map")
GUEST = "or use --machine vm"
# docs/local.md, "In containers"; shown by `invoke testbed`. A hierarchy that a container mounts anew loses the options that
# the host has mounted it with (measured: nsdelegate and memory_recursiveprot, by trixie's podman on 6.1).
CONTAINER = "--privileged --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup -v /dev:/dev"


@dataclass(frozen=True)
class NewGroup:
    """The cgroup that a command is to have for itself. words: what stands before the command. unit: systemd's name of
    the group, manager: "system" or "user", of whose units; group: the directory of a plain one, "" for systemd's."""

    words: tuple[str, ...]
    unit: str = ""
    manager: str = ""
    group: str = ""

    def prepare(self, journal: Journal) -> None:
        """Notes the group, and makes a plain one, with the controllers that there are."""
        if self.unit:
            journal.note("unit", self.unit, self.manager)
        if self.group:
            given = Path(self.group).parent / "cgroup.subtree_control"
            journal.note("controllers", given, given.read_text())
            journal.note("group", self.group)
            os.mkdir(self.group)
            for controller in CONTROLLERS:
                with suppress(OSError):  # one that this kernel lacks; without memory Lab says so
                    given.write_text(f"+{controller}")


def _is_root(group: str | Path) -> bool:
    """Says whether a group is the hierarchy's root: every other has a cgroup.type."""
    return not Path(group, "cgroup.type").exists()


def hierarchy(mountinfo: str | None = None) -> Path:
    """Finds where cgroup v2 is mounted with its memory controller. Raises Unavailable where it is nowhere."""
    found = [mount.point for mount in mounts.parse(mountinfo or MOUNTS.read_text()) if mount.kind == "cgroup2"]
    if not found:
        raise Unavailable(
            "cgroup v2", "it is not mounted here", f"boot with systemd.unified_cgroup_hierarchy=1 (systemd) or mount it, {GUEST}"
        )
    for path in found:
        try:
            if "memory" in Path(path, "cgroup.controllers").read_text().split():
                return Path(path)
        except OSError:
            continue
    if not _is_root(found[0]):
        raise Unavailable(
            f"cgroup v2 at {found[0]}",
            "it is a container's own group, and the memory controller was not given to it",
            f"have root run the container, with {CONTAINER}, {GUEST}",
        )
    raise Unavailable(
        f"cgroup v2 at {found[0]}",
        "the memory controller is not in it (version 1 has it, or it is off)",
        f"boot with systemd.unified_cgroup_hierarchy=1 and without cgroup_disable=memory, {GUEST}",
    )


def _unreachable(environment: dict[str, str]) -> str | None:
    """Says why an ordinary user's systemd can't be asked, None if it can."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    if not runtime:
        return "there is no session (XDG_RUNTIME_DIR is not set)"
    if not Path(runtime, "systemd/private").exists():
        return f"no systemd of yours runs ({runtime}/systemd/private is missing)"
    return None


def _by_systemd(name: str, manager: str) -> NewGroup:
    # --collect: a failed scope goes too. Without Delegate an OOM kill in it would end all of it (OOMPolicy=stop).
    words = ("systemd-run", f"--{manager}", "--scope", "--quiet", "--collect", "-p", "Delegate=yes", "--unit", name)
    return NewGroup(words, unit=f"{name}.scope", manager=manager)


def choose(name: str, root: bool, environment: dict[str, str] | None = None) -> NewGroup:
    """Chooses how a new machine gets a group of its own. Raises Unavailable, with what to type, where there is none."""
    at = hierarchy()
    environment = dict(os.environ) if environment is None else environment
    if SYSTEMD.is_dir() and shutil.which("systemd-run"):
        if root:
            return _by_systemd(name, "system")
        why = _unreachable(environment)
        if why is None:
            return _by_systemd(name, "user")
        user = os.getuid()
        raise Unavailable(
            "your delegated cgroup",
            why,
            f"type: sudo loginctl enable-linger {user} && export XDG_RUNTIME_DIR=/run/user/{user}; or run as root, {GUEST}",
        )
    return _plain(name, at)


def _occupied(at: Path) -> bool:
    """Says whether a group that is not the hierarchy's root holds processes while the memory controller stays with it."""
    given = Path(at, "cgroup.subtree_control").read_text().split()
    return not _is_root(at) and "memory" not in given and bool(Path(at, "cgroup.procs").read_text().strip())


def _rootless() -> bool:
    """Says whether root of this user namespace is somebody else outside of it (user_namespaces(7))."""
    return USERS.read_text().split()[:2] != ["0", "0"]


def _plain(name: str, at: Path) -> NewGroup:
    if _rootless():
        raise Unavailable(
            f"cgroup v2 at {at}",
            "there is no systemd to delegate a group, and root is an ordinary user outside of this user namespace",
            f"have root run the container, with {CONTAINER}, {GUEST}",
        )
    if not os.access(at / "cgroup.subtree_control", os.W_OK) or not os.access(at, os.W_OK):
        raise Unavailable(
            f"cgroup v2 at {at}",
            "there is no systemd to delegate a group, and it can't be written to",
            f"run as root (a container: with {CONTAINER}), {GUEST}",
        )
    if _occupied(at):
        raise Unavailable(
            f"cgroup v2 at {at}",
            "it is no root but a container's own group, with processes in it: none below it gets a controller",
            f"run the container with {CONTAINER}, {GUEST}",
        )
    group = str(at / name)
    join = 'echo $$ >"$0/cgroup.procs"; exec "$@"'
    return NewGroup(("sh", "-ec", join, group), group=group)


def of_process(pid: int) -> Path:
    """Finds the group that a process is in. Raises Unavailable where it has none of version 2."""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        if line.startswith("0::"):
            return hierarchy() / line[4:]
    raise Unavailable("cgroup v2", f"process {pid} is in no group of it", GUEST)
