"""The options of the commands that run experiments: typed text → RunOptions."""

from __future__ import annotations

import functools
import inspect
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.base import Command, task_of, whole_number
from harness.errors import Unavailable, UsageError
from harness.linux import architecture
from harness.linux.sizes import MIB
from harness.run.options import RunOptions, offered, typed_name

if TYPE_CHECKING:
    from harness.machine.host.permissions import Permissions

# A trial's boot is kept, as its snapshot, some 50 MB each: a thousand of them take what all snapshots may take together.
MOST_TRIALS = 1000
MOST_JOBS = 16  # for each processor: two guests fill one (harness/machine/slots.py)
MACHINES = ("auto", "vm", "local")


def running(
    *groups: str, without: tuple[str, ...] = (), called: str | None = None, **help: str
) -> Callable[[Callable[..., int | None]], Command]:
    """Makes a command of a function that runs experiments: it gets its own arguments as they were typed, and all options
    that it offers as one RunOptions, `options`.

    groups: of options (harness/run/options.py) that it offers besides those that all offer. without: options that it does
    not offer, by their names. called: the command's name, if that is not the function's. help: a line for each argument of
    its own.
    """
    given = offered(*groups, without=without)

    def decorate(body: Callable[..., int | None]) -> Command:
        own = [one for one in inspect.signature(body).parameters.values() if one.name != "options"]

        @functools.wraps(body)
        def run(context: Any, **typed: Any) -> int | None:
            texts = {one.name: typed.pop(typed_name(one)) for one in given}
            return body(context, **typed, options=meant(texts))

        made = [
            inspect.Parameter(
                typed_name(one),
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=False if one.metadata["flag"] else None,
            )
            for one in given
        ]
        run.__signature__ = inspect.Signature([*own, *made])  # type: ignore[attr-defined]
        lines = {typed_name(one): one.metadata["help"] for one in given}
        repeated = tuple(typed_name(one) for one in given if one.metadata["repeated"])
        return task_of(run, {**help, **lines}, called=called, own=True, repeated=repeated)

    return decorate


def meant(texts: dict[str, Any]) -> RunOptions:
    """Reads options as they were typed, by the names of their fields; None and [] for those that were left out.

    Raises UsageError for what can't be meant.
    """
    found = {name: READ.get(name, lambda text: text)(text) for name, text in texts.items() if text not in (None, [])}
    options = RunOptions(**found)
    if options.gdb:
        options = replace(options, trials=1, jobs=1)
    return options


def sets(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Reads --set: lru=classic,mglru → {"lru": ("classic", "mglru")}. Raises UsageError for a setting that there is not."""
    from harness.claims import settings
    from harness.claims.checks import nearest

    found = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if name not in settings.names():
            raise UsageError(f"--set {text}", "there is no such setting", nearest(name, settings.names()))
        if not equals or not values:
            raise UsageError(f"--set {text}", "it is no setting=value", f"{name} can be {settings.can_be(name)}")
        for value in values.split(","):
            if not settings.fits(name, value):
                raise UsageError(f"--set {text}", f"{name} can't be {value!r}", f"{name} can be {settings.can_be(name)}")
        if name == "memory" and max(map(int, values.split(","))) > (most := host_memory() // MIB):
            raise UsageError(f"--set {text}", f"this host has {most} MiB itself", "name less")
        found[name] = tuple(dict.fromkeys(values.split(",")))
    return found


def kernels(text: str) -> tuple[str, ...]:
    """Reads --kernel: one, or several with commas between them; the path of a file may have commas in it."""
    found = tuple(dict.fromkeys(filter(None, (name.strip() for name in text.split(",")))))
    return (text,) if Path(text).exists() or not found else found


def host_memory() -> int:
    """Gives the memory of this host, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def results(text: str) -> Path:
    """Reads --results."""
    if not text or Path(text).is_file():
        raise UsageError(f"--results {text or repr(text)}", "it is no directory", "name one, which is made if it is not there")
    return Path(text)


def trials(text: str) -> int | None:
    """Reads --trials."""
    count = whole_number("trials", text)
    if count is not None and count < 1:
        raise UsageError(f"--trials {text}", "a verdict needs at least one trial", "leave it out for 3")
    if count is not None and count > MOST_TRIALS:
        raise UsageError(f"--trials {text}", f"a run has {MOST_TRIALS} at most", "start several runs")
    return count


def jobs(text: str) -> int | None:
    """Reads --jobs."""
    count = whole_number("jobs", text)
    if count is not None and count < 1:
        raise UsageError(f"--jobs {text}", "it takes at least one machine", "leave it out")
    most = MOST_JOBS * (os.cpu_count() or 1)
    if count is not None and count > most:
        raise UsageError(f"--jobs {text}", f"{most} machines at once are the most for this host's processors", "leave it out")
    return count


def debugger(text: str) -> str:
    """Reads --gdb."""
    if (text.isdecimal() and not 0 < int(text) < 65536) or re.search(r"[,:\s]", text):
        raise UsageError(f"--gdb {text}", "it is neither a port nor the path of a socket", "for instance --gdb 1234")
    return text


# Field → how its option is read; the others are taken as they were typed.
READ: dict[str, Callable[[Any], Any]] = {
    "kernels": kernels,
    "architecture": architecture.named,
    "modules": Path,
    "append": lambda texts: tuple(dict.fromkeys(texts)),
    "trials": trials,
    "sets": sets,
    "results": results,
    "jobs": jobs,
    "gdb": debugger,
    "directory": Path,
}


def permissions(options: RunOptions) -> Permissions | None:
    """Works out what may be done to this host; None for guests, which are the machine wherever they can run, unless this
    host is asked for. Raises UsageError for what contradicts itself, Unavailable where this host can't be the machine."""
    from harness.machine.guest import qemu
    from harness.machine.host import local
    from harness.machine.host.permissions import Permissions

    machine, directory = options.machine, options.directory
    if machine not in MACHINES:
        raise UsageError(f"--machine {machine}", f"there are the machines {', '.join(MACHINES)}", "leave it out")
    asked = options.allow_host_changes or options.throwaway_host
    named = any(name is not None for name in options.kernels)
    if machine == "vm" and asked:
        raise UsageError("--allow-host-changes", "a guest changes nothing of this host", "leave out --machine vm")
    if named and (machine == "local" or asked):
        raise UsageError("--kernel", "this host has one kernel", "leave it out, or use --machine vm")
    if directory is not None and not os.access(directory, os.W_OK | os.X_OK):
        remedy = "name one on the disk that is in question"
        raise UsageError(f"--directory {directory}", "there is no such directory that can be written to", remedy)
    if options.architecture and (machine == "local" or asked):
        raise UsageError("--arch", "this host is of one architecture", "leave it out, or use --machine vm")
    named = named or options.architecture is not None
    if machine == "vm" or named or (machine == "auto" and not asked and qemu.guests()):
        if directory is not None:
            raise UsageError(f"--directory {directory}", "guests have disks of their own", "add --machine local")
        return None
    try:
        local.require()
    except Unavailable:
        if machine == "auto" and not asked:
            return None  # neither can be: how to have guests, which need nothing of this host, is the better answer
        raise
    return Permissions(asked, options.throwaway_host, directory)
