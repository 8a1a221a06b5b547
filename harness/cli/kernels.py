"""The commands about kernels: which there are, fetched, the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import errors
from harness.cli.base import command, say, say_json, warn
from harness.errors import Unavailable, UsageError
from harness.linux import architecture
from harness.linux.architecture import Architecture

ARCH = "of guests of this architecture: amd64, arm64 or i386 (default: this host's)"
MIRROR = "a Debian mirror to fetch kernels from"
JSON = "print it as JSON (docs/json.md)"


@command(
    called="kernels", arch=ARCH, mirror=MIRROR, offline="ask no mirror", try_="a kernel (as --kernel) to boot here", json=JSON
)
def kernels_(
    context: Any,
    arch: str | None = None,
    mirror: str | None = None,
    offline: bool = False,
    try_: str | None = None,
    json: bool = False,
) -> int:
    """List the kernels that are here, that are fetched, and that can be fetched, and which of them boot here; --try boots
    one."""
    from harness.cli import as_data, listing
    from harness.machine.kernels import boots, find, labels

    if try_ and json:
        raise UsageError("--json", "--try boots a kernel, and lists none", "leave one of them out")
    of = architecture.named(arch) if arch else None
    if try_:
        return tried(try_, of, mirror)
    unreachable = "not asked" if offline else ""
    try:
        offered = [] if offline else find.offers(arch=of, mirror=mirror)
    except Unavailable as error:  # what is here can be told all the same
        warn(error)
        offered, unreachable = [], str(error)
    if json:
        here = {"archive": find.fetched(of), "host": find.installed(), "own": labels.labelled()}
        say_json(as_data.kernels(offered, here, boots.said, unreachable))
        return errors.AS_KNOWN
    for line in listing.kernel_lines(offered, find.fetched(of), find.installed(), labels.labelled(), boots.said):
        say(line)
    return errors.AS_KNOWN


def tried(name: str, of: Architecture | None, mirror: str | None) -> int:
    """Boots a kernel, mounts a disk and switches swap on there. Raises LabError where any of it fails."""
    from harness.machine.guest import boot_check
    from harness.machine.kernels import boots, find

    kernel = find.by_name(name, arch=of, mirror=mirror)
    boot_check.prove(kernel)
    say(f"{kernel.release}  {boots.said(kernel)}")
    return errors.AS_KNOWN


@command(name="a series (6.1) with a flavour (6.1-rt) or without, a release or a version", arch=ARCH, mirror=MIRROR)
def fetch(context: Any, name: str, arch: str | None = None, mirror: str | None = None) -> int:
    """Fetch a kernel into the cache, verified by its distribution's signature."""
    from harness.machine.kernels import find

    kernel = find.fetch(name, arch=architecture.named(arch) if arch else None, mirror=mirror)
    say(f"{kernel.release}  {kernel.source}")
    return errors.AS_KNOWN


@command(path="a vmlinuz or bzImage", label="what --kernel shall call it", modules="its modules directory")
def add(context: Any, path: str, label: str, modules: str | None = None) -> int:
    """Give a kernel of your own a label, under which it stands beside the others; it stays where it is."""
    from harness.machine.kernels import labels, requirements

    kernel = labels.add(label, Path(path), Path(modules) if modules else None)
    say(f"{label}  {kernel.release}  {kernel.digest[:19]}…")
    if lacking := requirements.by_configuration(kernel):
        say(f"  {lacking.sentence}, and does not come up as a guest so; {lacking.remedy}")
    return errors.AS_KNOWN


@command(label="of the kernel")
def forget(context: Any, label: str) -> int:
    """Take a label away; the kernel's files are not touched."""
    from harness.machine.kernels import labels

    labels.forget(label)
    return errors.AS_KNOWN
