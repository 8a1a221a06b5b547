"""A lab bench in a real guest, for tests: restored from the snapshots that experiments use too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.claims.needs import Needs
from harness.claims.settings import Settings
from harness.evidence.recording import Recorder
from harness.lab.lab import Lab
from harness.machine import slots
from harness.machine.guest import accelerator, snapshots
from harness.machine.guest.qemu import Shape
from harness.machine.kernels import find
from harness.machine.kernels.kernel import Kernel
from harness.machine.processes import fleet


def every_kernel() -> list[Kernel]:
    """The kernel that runs take by default; in long tests (`invoke test --long`) the newest fetched one of each series."""
    newest: dict[str, Kernel] = {}
    fetched = [kernel for kernel in find.fetched() if kernel.label == kernel.series]  # not of every flavour
    for kernel in (fetched if os.environ.get("FOLKLAB_LONG") else []) or [find.by_name()]:
        newest.setdefault(kernel.series, kernel)
    return list(newest.values())


# What `./bootstrap test` fetches for tests of several kernels, and of one whose file systems are modules.
OLD, ORDINARY = "5.10", "6.1-amd64"


def two_kernels() -> tuple[str, str]:
    """Gives the series of an old kernel and of the default one; a test is skipped where the archive has no old one."""
    if OLD not in {kernel.label for kernel in find.fetched()}:
        pytest.skip(f"kernel {OLD} is not fetched: `./bootstrap test` does it, where the archive has it")
    return OLD, find.by_name().series


@contextmanager
def lab_in(
    kernel: Kernel,
    directory: Path,
    needs: Needs | None = None,
    settings: Settings | None = None,
    programs: tuple[tuple[str, str], ...] = (),
) -> Iterator[Lab]:
    """A lab whose recording is DIRECTORY/recording.jsonl.zst. programs: name in the guest → path here."""
    needs, settings = needs or Needs(), settings or Settings()
    shape = Shape(needs.memory, needs.cpus, needs.disks, needs.nodes, settings.thp, needs.append, programs)
    recorder = Recorder(directory / "recording.jsonl.zst")
    try:
        chosen = accelerator.choose(kernel)[0]
        with (
            fleet.running(),
            slots.Place(),
            snapshots.restore(kernel, shape, chosen, 0, directory / "console.log") as guest,
        ):
            lab = Lab(guest, recorder, needs, settings)
            lab.start(experiment="test", version=1)
            yield lab
            lab.close()
    finally:
        recorder.close()
