"""What a guest needs of its kernel's configuration: named when a kernel does not come up, never to forbid one.

A configuration tells what is missing where a boot has failed. It does not decide whether a kernel boots: options are
renamed and merged from one series to the next, and a guest that answers has all that it needs.
"""

from __future__ import annotations

import re

from harness.machine.kernels import modules
from harness.machine.kernels.kernel import Kernel

# What must be built in: the guest's first file system and programs, its devices as ACPI describes them, the serial
# console, the file systems that the agent mounts, the sockets and signals it works with, the sandbox.
BUILT_IN = (
    "CONFIG_64BIT",
    "CONFIG_BLK_DEV_INITRD",
    "CONFIG_BINFMT_ELF",
    "CONFIG_ACPI",
    "CONFIG_SERIAL_8250_CONSOLE",
    "CONFIG_PROC_FS",
    "CONFIG_SYSFS",
    "CONFIG_DEVTMPFS",
    "CONFIG_TMPFS",
    "CONFIG_UNIX",
    "CONFIG_SIGNALFD",
    "CONFIG_CGROUPS",
    "CONFIG_MEMCG",
)

# What a console says when something is missing, and the options that provide it; the first that is found explains all
# that follows from it. The agent's own words stand in probes/agent/init.c, the kernel's in init/main.c and init/do_mounts.c.
SIGNS = (
    (r"agent: devtmpfs on ", ("CONFIG_DEVTMPFS",)),
    (r"agent: sysfs on ", ("CONFIG_SYSFS",)),
    (r"agent: proc on ", ("CONFIG_PROC_FS",)),
    (r"agent: cgroup2 on ", ("CONFIG_CGROUPS", "CONFIG_MEMCG")),
    (r"agent: no port", ("CONFIG_ACPI", "CONFIG_VIRTIO_MMIO", "CONFIG_VIRTIO_CONSOLE")),
    (
        r"Unable to mount root fs|[Nn]o working init|No init found|Failed to execute",
        ("CONFIG_BLK_DEV_INITRD", "CONFIG_BINFMT_ELF", "CONFIG_64BIT"),
    ),
)
SILENT = ("CONFIG_SERIAL_8250_CONSOLE",)


def by_configuration(kernel: Kernel) -> list[str]:
    """Names the options that the kernel's configuration, and its modules, surely lack; none where nothing is known."""
    lacking = [modules.REQUIRED[name] for name in modules.missing(kernel, list(modules.REQUIRED))]
    if kernel.config:
        options = set(kernel.config.read_text(errors="replace").splitlines())
        lacking = [option for option in BUILT_IN if f"{option}=y" not in options] + lacking
    return lacking


def by_console(said: str) -> list[str]:
    """Names the options that are missing by what a guest's console said."""
    if not said.strip():
        return list(SILENT)
    return next((list(options) for pattern, options in SIGNS if re.search(pattern, said)), [])


def sentence(kernel: Kernel, console: str) -> str:
    """Says "by its configuration it lacks CONFIG_A, CONFIG_B", or by its console; "" where neither tells."""
    for source, lacking in (("configuration", by_configuration(kernel)), ("console", by_console(console))):
        if lacking:
            return f"by its {source} it lacks {', '.join(lacking)}"
    return ""
