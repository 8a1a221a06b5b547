"""What this machine can run, what it can't, and what to type to change that."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness import cache, catalogue
from harness.cli import host
from harness.cli.finding import Finding
from harness.errors import LabError, Unavailable
from harness.machine import allocators, disks
from harness.machine.guest import accelerator, qemu
from harness.machine.kernels import find
from harness.testbed import subordinate
from probes import build


def _tool(name: str, package: str) -> Finding:
    try:
        return Finding(name, True, disks.tool(name))
    except LabError:
        return Finding(name, False, "not installed", f"./bootstrap (package {package})")


def _kernel() -> Finding:
    try:
        kernel = find.by_name(offline=True)
    except LabError as error:
        return Finding("guest kernel", False, str(error), "invoke kernels.fetch 6.12")
    return Finding("guest kernel", True, f"{kernel.release} ({kernel.source})")


def _acceleration() -> Finding:
    reason = accelerator.promising()
    said = reason or "promising; a guest must answer under it before it is used"
    return Finding("hardware virtualisation", reason is None, said, "guests run without it, slower", vital=False)


def _memory() -> Finding:
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Finding("free memory", free > 1 << 30, f"{free >> 20:,} MiB", "a guest takes 1 GiB at most: end something")


def _room() -> Finding:
    free = shutil.disk_usage(cache.directory()).free
    return Finding(
        "room for snapshots",
        free > 4 << 30,
        f"{free >> 20:,} MiB in {cache.directory()}",
        "free some, or name another place with FOLKLAB_CACHE",
        vital=free < 1 << 30,
    )


def _allocators() -> Iterator[Finding]:
    """Those that heap claims are asked of besides glibc's."""
    for name, allocator in allocators.ALLOCATORS.items():
        path = allocators.find(name)
        said = str(path) if path.exists() else "not here: its rows of the heap claims are skipped"
        yield Finding(
            name, path.exists(), said, f"python -m harness.machine.allocators, or install {allocator.package}", vital=False
        )


def _programs() -> Iterator[Finding]:
    """Real tools that experiments take along as witnesses."""
    wanted: dict[str, list[str]] = {}
    for experiment in catalogue.load().values():
        for path in experiment.needs.programs:
            wanted.setdefault(path, []).append(experiment.name)
    for path, names in wanted.items():
        there = Path(path).exists()
        yield Finding(
            path, there, f"for {', '.join(names)}" + ("" if there else ": skipped without it"), "./bootstrap", vital=False
        )


def _testbed() -> Finding:
    """Whether whole systems can be made here, for `invoke testbed` and what the test suite does of it."""
    try:
        subordinate.require()
    except Unavailable as error:
        return Finding("test bed", False, f"{error.thing}: {error.reason}", error.remedy, vital=False)
    return Finding("test bed", True, "mmdebstrap can make its systems", vital=False)


def examine() -> list[Finding]:
    """All findings, the vital ones first."""
    probes = all((build.BUILD / name).exists() for name in build.PROGRAMS)
    found = [
        _tool(qemu.BINARY, "qemu-system-x86"),
        _tool("mke2fs", "e2fsprogs"),
        _tool("mkswap", "util-linux"),
        _tool("setpriv", "util-linux"),
        Finding("probes", probes, "built" if probes else "not built", "./bootstrap"),
        _kernel(),
        _memory(),
        _room(),
        _acceleration(),
        *host.examine(),
        *_allocators(),
        *_programs(),
        _testbed(),
    ]
    return sorted(found, key=lambda finding: not finding.vital)


def can_run(findings: Sequence[Finding]) -> bool:
    """Whether experiments can run here in guests."""
    return all(finding.good for finding in findings if finding.vital)


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings:
        mark = "ok     " if finding.good else "MISSING" if finding.vital else "absent "
        yield f"{mark} {finding.what}: {finding.said}" + (f" -> {finding.remedy}" if not finding.good else "")
    count = len(catalogue.load())
    skipped = sum(experiment.needs.system for experiment in catalogue.load().values())
    if can_run(findings):
        yield f"{count - skipped} of {count} experiments can run here, in guests" + (
            f"; {skipped} need an installed system" if skipped else ""
        )
    else:
        yield "no experiment can run in a guest here until what is MISSING is there"
    yield from host.experiments()
