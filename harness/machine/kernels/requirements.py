"""What a guest needs of its kernel's configuration: named when a kernel does not come up, never to forbid one.

A configuration tells what is missing where a boot has failed. It does not decide whether a kernel boots: options are
renamed and merged from one series to the next, and a guest that answers has all that it needs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.machine.kernels import modules
from harness.machine.kernels.kernel import Kernel

# What must be built in, beside what describes the guest's devices and the serial console (`built_in`): its first file system
# and programs, the file systems that the agent mounts, the sockets and signals it works with, the sandbox.
BUILT_IN = (
    "CONFIG_BLK_DEV_INITRD",
    "CONFIG_BINFMT_ELF",
    "CONFIG_PROC_FS",
    "CONFIG_SYSFS",
    "CONFIG_DEVTMPFS",
    "CONFIG_TMPFS",
    "CONFIG_UNIX",
    "CONFIG_SIGNALFD",
    "CONFIG_CGROUPS",
    "CONFIG_MEMCG",
)


def built_in(kernel: Kernel) -> tuple[str, ...]:
    """Names the options that must be built into a kernel of its architecture."""
    board = kernel.architecture.board
    return (*_width(kernel), board.devices, board.console, *BUILT_IN)


def _width(kernel: Kernel) -> tuple[str, ...]:
    return ("CONFIG_64BIT",) if kernel.architecture.bits == 64 else ()


def signs(kernel: Kernel) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Lists what a console says when something is missing, and the options that provide it; the first that is found explains
    all that follows from it. The agent's own words stand in probes/agent/init.c, the kernel's in init/main.c and
    init/do_mounts.c."""
    board = kernel.architecture.board
    return (
        (r"agent: devtmpfs on ", ("CONFIG_DEVTMPFS",)),
        (r"agent: sysfs on ", ("CONFIG_SYSFS",)),
        (r"agent: proc on ", ("CONFIG_PROC_FS",)),
        (r"agent: cgroup2 on ", ("CONFIG_CGROUPS", "CONFIG_MEMCG")),
        (r"agent: no port", (board.devices, "CONFIG_VIRTIO_MMIO", "CONFIG_VIRTIO_CONSOLE")),
        (
            r"Unable to mount root fs|[Nn]o working init|No init found|Failed to execute",
            ("CONFIG_BLK_DEV_INITRD", "CONFIG_BINFMT_ELF", *_width(kernel)),
        ),
    )


@dataclass(frozen=True)
class Lacking:
    """Options that a kernel lacks: those that it was built without, and those whose modules did not come along. source: what
    tells, "configuration" or "console"; of a console's signs nobody knows which of both it is."""

    options: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    source: str = "configuration"

    def __bool__(self) -> bool:
        return bool(self.options or self.modules)

    def __str__(self) -> str:
        parts = [", ".join(self.options)] if self.options else []
        if self.modules:
            parts.append(f"the modules of {', '.join(self.modules)}, which did not come along")
        return " and ".join(parts)

    @property
    def sentence(self) -> str:
        """Says "by its configuration it lacks CONFIG_A", or what its console lets one think."""
        return f"by its {self.source} it {'lacks' if self.source == 'configuration' else 'seems to lack'} {self}"

    @property
    def remedy(self) -> str:
        """Says what to do about them."""
        build, name = "build it with these options", "name the directory of its modules with --modules"
        if self.source == "console":
            return f"{build}, or {name}"
        return " and ".join([*([build] if self.options else []), *([name] if self.modules else [])])


def by_configuration(kernel: Kernel) -> Lacking:
    """Names the options that the kernel's configuration, and its modules, surely lack; none where nothing is known."""
    wanted = {option: name for name, option in modules.REQUIRED.items()}
    missing = modules.missing(kernel, list(modules.REQUIRED))
    absent = [option for option, name in wanted.items() if name in missing]
    if not kernel.config:
        return Lacking(tuple(absent))
    values = _values(kernel.config)
    options = [option for option in built_in(kernel) if values.get(option) != "y"]
    options += [option for option in absent if option not in values]
    return Lacking(tuple(options), tuple(option for option in absent if option in values))


def by_console(kernel: Kernel, said: str) -> tuple[str, ...]:
    """Names the options that may be missing by what a guest's console said."""
    if not said.strip():
        return (kernel.architecture.board.console,)
    return next((options for pattern, options in signs(kernel) if re.search(pattern, said)), ())


def lacking(kernel: Kernel, console: str) -> Lacking:
    """Gives what a kernel that does not come up lacks, by its configuration, or else by what its console said. A console's signs
    are guesses: of what the configuration says that it is there, none is made."""
    if found := by_configuration(kernel):
        return found
    there = _values(kernel.config) if kernel.config else {}
    return Lacking(tuple(option for option in by_console(kernel, console) if option not in there), source="console")


def _values(config: Path) -> dict[str, str]:
    """Maps the options that are set in a configuration to "y", "m" or their values."""
    return dict(re.findall(r"^(CONFIG_\w+)=(.*)$", config.read_text(errors="replace"), re.M))
