"""The settings of a trial: pinned on its machine before anything is measured, and read back."""

from __future__ import annotations

import os

from harness.agent.agent import DENIALS
from harness.agent.constants import MS_REMOUNT
from harness.agent.wire import Reply
from harness.claims import settings as known
from harness.claims.needs import Needs
from harness.claims.settings import CGROUP_OPTIONS, Settings
from harness.errors import LabError, Skip
from harness.lab.system import System
from harness.linux import mounts

CGROUP = "/sys/fs/cgroup"
FEATURES = "/sys/kernel/cgroup/features"


class Absent(Skip):
    """The kernel does not have the setting that this cell is about (`setting`): there is no row for it."""

    def __init__(self, setting: str, why: str) -> None:
        super().__init__(why)
        self.setting = setting


def pin(system: System, settings: Settings, needs: Needs) -> dict[str, str | None]:
    """Sets what is pinned and reads every setting back. Raises Absent where the kernel has no such setting."""
    machine, pins = system.machine, settings.pins()
    options = _mount_options(system, pins)
    paths = _paths(needs, system)
    texts = {name: _text(reply) for name, reply in _read(system, paths).items()}
    for name, path in paths.items():
        value, text = pins.get(name), texts[name]
        if value is None or name in {*machine.pinned, *machine.left} or known.stands(name, text, value):
            continue
        if text is None and known.matters(name, getattr(settings, name)):
            what = "multi-generational LRU" if name == "lru" else f"{path}, so no {name}={value}"
            raise Absent(name, f"this kernel has no {what}")
        reply = system.hand.attempt.put(path, value)
        if reply.error and text is not None and name != "thp":
            remedy = "run as root" if reply.error in DENIALS else "this kernel has no such value: leave it out of --set"
            raise LabError(path, f"{value} can't be set: {os.strerror(reply.error)}", remedy)
        texts[name] = system.find(path)
    found: dict[str, str | None] = {
        name: known.read_back(name, texts.get(name)) for name in known.PATHS if name in paths or name != "readahead"
    }
    return {
        **found,
        **options,
        **machine.pinned,
        "malloc": settings.malloc,
        "memory": str(needs.memory),
        "cpus": str(needs.cpus),
        **needs.disk_conditions(),
    }


def _paths(needs: Needs, system: System) -> dict[str, str]:
    """Maps setting → path; that of the disk only where the experiment has one and the machine is the experiment's own."""
    disk = next((disk.name for disk in needs.disks if disk.kind != "swap"), None)
    if disk is None or system.machine.name != "vm":
        return {name: path for name, path in known.PATHS.items() if name != "readahead"}
    block = system.device(disk).rsplit("/", 1)[-1]
    return {name: path.replace("{disk}", block) for name, path in known.PATHS.items()}


def _read(system: System, paths: dict[str, str]) -> dict[str, Reply]:
    """Reads all files together: a round trip for each takes many times as long."""
    waiting = {name: system.hand.begin.slurp(path) for name, path in paths.items()}
    return {name: pending.wait() for name, pending in waiting.items()}


def _text(reply: Reply) -> str | None:
    return None if reply.error else reply.text.decode(errors="replace")


def _mount_options(system: System, pins: dict[str, str]) -> dict[str, str | None]:
    """Mounts cgroup2 again with the options that are pinned, where it has others, and reads them back."""
    known_here = set((system.find(FEATURES) or "").split())
    now = _mounted(system)
    wanted = {name: pins.get(name, "Y" if name in now else "N") for name in CGROUP_OPTIONS}
    if missing := [name for name, value in wanted.items() if value == "Y" and name not in known_here]:
        raise Absent(missing[0], f"this kernel's cgroup2 has no mount option {missing[0]}")
    if {name for name, value in wanted.items() if value == "Y"} != now & {*CGROUP_OPTIONS}:
        kept = now & known_here - {*CGROUP_OPTIONS} | {name for name, value in wanted.items() if value == "Y"}
        system.hand.mount("cgroup2", CGROUP, "cgroup2", ",".join(sorted(kept)), MS_REMOUNT)
        now = _mounted(system)
        for name, value in wanted.items():
            if (name in now) != (value == "Y"):
                raise LabError(f"cgroup2's mount option {name}", f"it did not become {value}", "see the run's evidence")
    return {name: ("Y" if name in now else "N") if name in known_here else None for name in CGROUP_OPTIONS}


def _mounted(system: System) -> set[str]:
    """Gives the options with which cgroup2 is mounted; none where it is nowhere."""
    text = system.find("/proc/self/mountinfo") or ""
    return next((set(mount.super_options) for mount in mounts.parse(text) if mount.kind == "cgroup2"), set())
