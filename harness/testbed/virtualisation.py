"""Guests under KVM, on a system of the test bed whose emulated processor virtualises: verdicts are those of emulated guests.

Nothing is learnt of KVM's speed there. What is: that its proof holds, that snapshots are made and restored, that the guest's
clock is the processor's, and that a /dev/kvm that lies is told apart.
"""

from __future__ import annotations

import time
from pathlib import Path

from harness.evidence import run_directory
from harness.testbed.guest import Guest
from harness.testbed.shown import Shown, collected

# A dozen, of each kind of thing that a machine does: sizes, memory of all kinds, caches and disks, reclaim and swap, the OOM
# killer, groups, traces. None that takes long: all of it is emulated twice.
EXPERIMENTS = (
    "page-size",
    "malloc-calls",
    "after-fork",
    "drop-page-cache",
    "tmpfs-dropped",
    "shm-shared-frames",
    "mode-2-kinds",
    "mlock-unevictable",
    "cold-pages",
    "oom-score-adjusted",
    "background-save",
    "segments-traced",
)
KERNELS = "mkdir -p $FOLKLAB_CACHE/kernels && cp -r /opt/lab/kernels/. $FOLKLAB_CACHE/kernels"
CHOICE = (
    "cd /opt/lab && python3 -c 'from harness.machine.guest import accelerator; from harness.machine.kernels import find; "
    'print(*accelerator.choose(find.by_name("{series}")), sep="\\n")\''
)
# One that can be opened and does nothing else, and none at all; a proof made before is one of this boot.
LYING = "mv /dev/kvm /dev/kvm-true; mknod -m 666 /dev/kvm c 1 3; rm -rf $FOLKLAB_CACHE/kvm"
TRUE_AGAIN = "mv -f /dev/kvm-true /dev/kvm; rm -rf $FOLKLAB_CACHE/kvm"


def under_kvm(guest: Guest, series: str, trials: int, into: Path) -> Shown:
    """Shows that a /dev/kvm that lies leaves guests emulated, and that verdicts under one that works are emulated guests'."""
    began = time.monotonic()
    guest.must(KERNELS)
    guest.must(LYING)
    lied, *reason = guest.must(CHOICE.format(series=series)).splitlines()
    guest.must(TRUE_AGAIN)
    found = collected(guest, "", " ".join(EXPERIMENTS), trials, f"--kernel {series} --settings first", into)
    if isinstance(found, str):
        return Shown("guests under KVM", False, found)
    cells = [run_directory.read_cell(run_directory.cell_directory(into, name)) for name in run_directory.cells_here(into)]
    accelerators = {cell["accelerator"] for cell in cells}
    return Shown(
        "guests under KVM",
        found.holds and accelerators == {"kvm"} and lied == "tcg" and bool(reason),
        f"{found.text()}\n    accelerated by {', '.join(sorted(accelerators))}; with a /dev/kvm that lies by {lied}"
        f" ({' '.join(reason)[:200]})\n    in {time.monotonic() - began:.0f} s",
    )
