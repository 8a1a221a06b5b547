"""What this machine can run, what it can't, and what to type to change that."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness import cache, catalogue, paths
from harness.claims import settings
from harness.errors import LabError, Unavailable
from harness.linux import architecture, mounts
from harness.machine import allocators, disks, slots
from harness.machine.guest import accelerator
from harness.machine.guest.confinement import GROUPS, confinement
from harness.machine.host import cgroup, journal, local, permissions
from harness.machine.host.permissions import Permissions
from harness.machine.kernels import find, running
from harness.testbed import subordinate
from probes import build

# From include/uapi/linux/capability.h: what experiments with changes use, and for what.
CAPABILITIES = {
    21: "CAP_SYS_ADMIN (mounts, swap, page frames)",
    14: "CAP_IPC_LOCK (locking memory)",
    24: "CAP_SYS_RESOURCE (lower oom_score_adj)",
    19: "CAP_SYS_PTRACE (other processes' pages)",
    34: "CAP_SYSLOG (the kernel's log)",
}
# Without them most experiments are skipped.
OPTIONS = ("MEMCG", "SWAP", "TMPFS", "PROC_PAGE_MONITOR", "EXT4_FS", "BLK_DEV_LOOP", "DEBUG_INFO_BTF", "LRU_GEN", "TRACING")
# What brings what is missing.
SETS_UP = "./bootstrap" if paths.CHECKOUT else "install it"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. vital: without it no experiment runs. remedy: what to type, if anything helps."""

    what: str
    good: bool
    said: str
    remedy: str = ""
    vital: bool = True


def _tool(name: str, package: str) -> Finding:
    try:
        return Finding(name, True, disks.tool(name))
    except LabError:
        return Finding(name, False, "not installed", f"{SETS_UP} (package {package})")


def _kernel() -> Finding:
    try:
        kernel = find.by_name(offline=True)
    except LabError as error:
        return Finding("guest kernel", False, str(error), "invoke kernels.fetch 6.12")
    return Finding("guest kernel", True, f"{kernel.release} ({kernel.source})")


def _acceleration() -> Finding:
    reason = accelerator.promising(architecture.of_host())
    said = reason or "promising; a guest must answer under it before it is used"
    return Finding("hardware virtualisation", reason is None, said, "guests run without it, slower", vital=False)


def _confinement() -> Iterator[Finding]:
    """Says how QEMU is confined: a guest that took it over would be there."""
    with suppress(LabError):  # without QEMU there is nothing to confine
        found = confinement(disks.tool(architecture.of_host().board.qemu))
        whole = found.sandbox == GROUPS and (found.user is not None or os.geteuid() != 0)
        yield Finding("confinement of guests", whole, str(found), "a QEMU with seccomp; docs/threat-model.md", vital=False)


def _memory() -> Finding:
    available = slots.memory_available()
    return Finding("available memory", available > 1 << 30, f"{available >> 20:,} MiB", "most guests take 1 GiB: end something")


def _room() -> Finding:
    try:
        free = shutil.disk_usage(cache.directory()).free
    except Unavailable as error:
        return Finding("room for snapshots", False, f"{error.thing}: {error.reason}", error.remedy)
    return Finding(
        "room for snapshots",
        free > 4 << 30,
        f"{free >> 20:,} MiB in {cache.directory()}",
        "free some, or name another place with FOLKLAB_CACHE",
        vital=free < 1 << 30,
    )


def _allocators() -> Iterator[Finding]:
    """Looks for the allocators that heap claims are asked of besides glibc's."""
    for name, allocator in allocators.ALLOCATORS.items():
        path = allocators.find(name)
        said = str(path) if path.exists() else "not here: its rows of the heap claims are skipped"
        yield Finding(
            name, path.exists(), said, f"python -m harness.machine.allocators, or install {allocator.package}", vital=False
        )


def _programs() -> Iterator[Finding]:
    """Looks for the real tools that experiments take along as witnesses."""
    wanted: dict[str, list[str]] = {}
    for name, one in catalogue.entries().items():
        for path in one["data"]["needs"]["programs"]:
            wanted.setdefault(path, []).append(name)
    for path, names in wanted.items():
        there = Path(path).exists()
        yield Finding(path, there, f"for {', '.join(names)}" + ("" if there else ": skipped without it"), SETS_UP, vital=False)


def _testbed() -> Finding:
    """Says whether whole systems can be made here, for `invoke testbed` and what the test suite does of it."""
    try:
        subordinate.require()
    except Unavailable as error:
        return Finding("test bed", False, f"{error.thing}: {error.reason}", error.remedy, vital=False)
    return Finding("test bed", True, "mmdebstrap can make its systems", vital=False)


def _groups() -> Finding:
    """Tells the mode of the control groups, as far as the local machine has to know it."""
    kinds = {mount.kind for mount in mounts.parse(cgroup.MOUNTS.read_text())}
    first, second = "cgroup" in kinds, "cgroup2" in kinds
    mode = "hybrid" if first and second else "version 2" if second else "version 1" if first else "not mounted"
    try:
        at = cgroup.hierarchy()
    except LabError as error:
        return Finding("cgroups of this host", False, f"{mode}; {error.reason}", error.remedy, vital=False)
    return Finding("cgroups of this host", True, f"{mode} at {at}, with the memory controller", vital=False)


def _delegation() -> Finding:
    try:
        chosen = cgroup.choose("folklab", os.geteuid() == 0)
    except LabError as error:
        return Finding("a cgroup for the local machine", False, f"{error.thing}: {error.reason}", error.remedy, vital=False)
    by = f"delegated by systemd ({chosen.manager})" if chosen.unit else f"a plain one, {chosen.group}"
    return Finding("a cgroup for the local machine", True, by, vital=False)


def _oomd() -> Iterator[Finding]:
    if Path("/run/systemd/oom").exists():
        yield Finding(
            "systemd-oomd", True, "runs; under pressure it may kill a sandbox, and each recording notes it", vital=False
        )


def _privileges() -> Finding:
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    held = int(status["CapEff"], 16)
    missing = [name for number, name in CAPABILITIES.items() if not held >> number & 1]
    who = "root" if os.geteuid() == 0 else f"user {os.geteuid()}"
    return Finding(
        "privileges",
        not missing,
        who + (f", without {', '.join(missing)}" if missing else ""),
        "what needs them is skipped on this host",
        vital=False,
    )


def _configuration() -> Finding:
    config = running.kernel().config
    if config is None:
        return Finding("configuration of this kernel", False, "it can't be read", "install the kernel's package", vital=False)
    lines = config.read_text(errors="replace").splitlines()
    missing = [name for name in OPTIONS if not any(line.startswith(f"CONFIG_{name}=") for line in lines)]
    return Finding(
        "configuration of this kernel",
        not missing,
        f"without {', '.join(missing)}" if missing else f"{config}: all that experiments ask for",
        "experiments that need them are skipped",
        vital=False,
    )


def _settings() -> Finding:
    found = []
    for name in ("thp", "lru", "swappiness", "overcommit"):
        path = Path(settings.PATHS[name])
        found.append(f"{name} {settings.read_back(name, path.read_text() if path.exists() else None) or 'absent'}")
    swap = ", ".join(permissions.swaps()) or "none"
    return Finding("settings of this host", True, f"{', '.join(found)}, swap {swap}", vital=False)


def _left_behind() -> Iterator[Finding]:
    for path, changes in journal.look():
        yield Finding(
            "journal left by a killed run",
            False,
            f"{path}: {'; '.join(map(str, changes)) or 'empty'}",
            "type: invoke restore",
            vital=False,
        )


def examine_host() -> Iterator[Finding]:
    """Gives all findings about the host itself: none is vital, since guests need none of it."""
    yield _groups()
    yield _delegation()
    yield from _oomd()
    yield _privileges()
    yield _settings()
    yield _configuration()
    yield from _left_behind()


def usable() -> bool:
    """Says whether experiments can run on this host itself."""
    try:
        local.require()
    except LabError:
        return False
    return True


def reasons() -> dict[str, list[str]]:
    """Maps why experiments are skipped on this host itself, "" for those that run → their names."""
    found: dict[str, list[str]] = {}
    for experiment in catalogue.load().values():
        found.setdefault(permissions.why_not(experiment.needs, Permissions()) or "", []).append(experiment.name)
    return found


def experiments() -> Iterator[str]:
    """Lists which experiments run on this host, and why the others are skipped."""
    try:
        local.require()
    except LabError as error:
        yield f"no experiment can run on this host itself (--machine local): {error}"
        return
    found = reasons()
    yield f"{len(found.get('', []))} experiments run on this host itself (--machine local): {', '.join(found.get('', []))}"
    for reason, names in sorted(found.items()):
        if reason:
            yield f"{len(names)} are skipped, {reason}: {', '.join(names)}"


def examine() -> list[Finding]:
    """Gives all findings, the vital ones first."""
    board = architecture.of_host().board
    probes = all((build.BUILD / name).exists() for name in build.PROGRAMS)
    found = [
        _tool(board.qemu, board.package),
        _tool("mke2fs", "e2fsprogs"),
        _tool("mkswap", "util-linux"),
        _tool("setpriv", "util-linux"),
        Finding("probes", probes, "built" if probes else "not built", SETS_UP),
        _kernel(),
        _memory(),
        _room(),
        _acceleration(),
        *_confinement(),
        *examine_host(),
        *_allocators(),
        *_programs(),
        _testbed(),
    ]
    return sorted(found, key=lambda finding: not finding.vital)


def can_run(findings: Sequence[Finding]) -> bool:
    """Says whether experiments can run here in guests."""
    return all(finding.good for finding in findings if finding.vital)


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings:
        mark = "ok     " if finding.good else "MISSING" if finding.vital else "absent "
        yield f"{mark} {finding.what}: {finding.said}" + (f" -> {finding.remedy}" if not finding.good else "")
    count = len(catalogue.entries())
    skipped = sum(one["data"]["needs"]["system"] for one in catalogue.entries().values())
    if can_run(findings):
        yield f"{count - skipped} of {count} experiments can run here, in guests" + (
            f"; {skipped} need an installed system" if skipped else ""
        )
    else:
        yield "no experiment can run in a guest here until what is MISSING is there"
    yield from experiments()
