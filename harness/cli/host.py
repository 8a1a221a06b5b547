"""What this host has to offer to the local machine, and which experiments could run on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from harness import catalogue
from harness.claims import settings
from harness.cli.finding import Finding
from harness.errors import LabError
from harness.machine.host import cgroup, journal, local, permissions
from harness.machine.host.permissions import Permissions
from harness.machine.kernels import running

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


def _groups() -> Finding:
    """The mode of the control groups, as far as the local machine has to know it."""
    mounts = cgroup.MOUNTS.read_text()
    first, second = " - cgroup " in mounts, " - cgroup2 " in mounts
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


def examine() -> Iterator[Finding]:
    """All findings about the host itself: none is vital, since guests need none of it."""
    yield _groups()
    yield _delegation()
    yield from _oomd()
    yield _privileges()
    yield _settings()
    yield _configuration()
    yield from _left_behind()


def usable() -> bool:
    """Whether experiments can run on this host itself."""
    try:
        local.require()
    except LabError:
        return False
    return True


def experiments() -> Iterator[str]:
    """Which experiments run on this host, and why the others are skipped."""
    try:
        local.require()
    except LabError as error:
        yield f"no experiment can run on this host itself (--machine local): {error}"
        return
    reasons: dict[str, list[str]] = {}
    for experiment in catalogue.load().values():
        reasons.setdefault(permissions.why_not(experiment.needs, Permissions()) or "", []).append(experiment.name)
    yield f"{len(reasons.get('', []))} experiments run on this host itself (--machine local): {', '.join(reasons.get('', []))}"
    for reason, names in sorted(reasons.items()):
        if reason:
            yield f"{len(names)} are skipped, {reason}: {', '.join(names)}"
