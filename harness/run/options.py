"""What a run is asked to be: every option of the commands that run experiments, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.linux.architecture import Architecture
from harness.paths import RUNS

if TYPE_CHECKING:
    from harness.machine.host.permissions import Permissions

# Which commands offer an option: all that run experiments, or those that name its group.
ALL, CLUSTER, DEBUGGER, HOST = "all", "cluster", "debugger", "host"


def option(default: Any, help: str, *, typed: str = "", repeated: bool = False, group: str = ALL) -> Any:
    """Declares a field that is typed on the command line. typed: the option's name, if that is not the field's; repeated:
    it may stand several times; group: the commands that offer it."""
    metadata = {"help": help, "typed": typed, "repeated": repeated, "group": group, "flag": default is False}
    return field(default_factory=lambda: default, metadata=metadata)


@dataclass(frozen=True)
class RunOptions:
    """What the user asked for.

    kernels: names, None for the default one. modules: of the only kernel. append: kernel arguments, several are an axis.
    sets: setting → the values to run under ({"lru": ("mglru",)}). trials, jobs: None for the default. gdb: a port, or the
    path of a socket. permissions: what may be done to this host, if it is the machine; worked out of `machine` and the
    options of the host.
    """

    machine: str = option("auto", "auto, vm or local (this host)")
    kernels: tuple[str | None, ...] = option(
        (None,),
        "a series (6.12), an exact version, a digest, or a path to a vmlinuz; several with commas between them",
        typed="kernel",
    )
    architecture: Architecture | None = option(
        None, "the architecture of guests: amd64, arm64 or i386 (default: this host's)", typed="arch"
    )
    modules: Path | None = option(None, "the kernel's modules directory")
    append: tuple[str, ...] = option((), "kernel arguments; given several times they are run one by one", repeated=True)
    trials: int | None = option(None, "trials of each experiment (default: its own number, 3)")
    sets: Mapping[str, tuple[str, ...]] = option(
        {},
        "a setting to run under: lru=classic,mglru (repeatable); memory and disk_size (MiB), disk_rate (MiB/s), cpus too",
        typed="set",
        repeated=True,
    )
    results: Path = option(RUNS, "where the run directory is made")
    jobs: int | None = option(None, "machines at work at once (default: from processors and memory)")
    fresh_boot: bool = option(False, "boot instead of restoring")
    mirror: str | None = option(None, "a Debian mirror to fetch kernels from")
    json: bool = option(False, "print verdicts.json")
    scheduler: str | None = option(None, "of a Dask cluster that runs it: tcp://HOST:8786 (docs/cluster.md)", group=CLUSTER)
    gdb: str = option(
        "",
        "a port, or the path of a socket, where each guest waits for a debugger; one trial (docs/bisect.md)",
        group=DEBUGGER,
    )
    allow_host_changes: bool = option(
        False, "local: experiments may change settings, swap and disks of this host; all is restored", group=HOST
    )
    throwaway_host: bool = option(
        False, "local: experiments may also kill processes and empty the memory of this host", group=HOST
    )
    directory: Path | None = option(None, "local: where disks are made (default: /var/tmp)", group=HOST)
    permissions: Permissions | None = None


def typed_name(one: Field[Any]) -> str:
    """Gives the name of a field's option on the command line, with underscores."""
    return str(one.metadata["typed"] or one.name)


def offered(*groups: str, without: tuple[str, ...] = ()) -> list[Field[Any]]:
    """Lists the fields whose options a command offers: those of all commands and of its groups, less the ones that it
    leaves out (by their typed names)."""
    return [
        one
        for one in fields(RunOptions)
        if one.metadata and one.metadata["group"] in {ALL, *groups} and typed_name(one) not in without
    ]
