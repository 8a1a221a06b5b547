"""Which kernels boot here: remembered once a guest of theirs has answered and mounted its disk, or has not."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from harness import cache
from harness.machine.kernels.kernel import Kernel


@dataclass(frozen=True)
class Boot:
    """What came of booting a kernel here. seconds: from launch to a guest's first reply. reason: why it does not serve, "" if it
    does."""

    accelerator: str
    seconds: float | None = None
    reason: str = ""

    def __str__(self) -> str:
        if self.reason:
            return f"does not boot here: {self.reason}"
        return f"boots here ({self.accelerator.upper()}{'' if self.seconds is None else f', {self.seconds} s'})"


def _kept(kernel: Kernel) -> Path:
    """Gives the file for a kernel: one image boots with its modules and not without."""
    return cache.place("proofs") / f"{kernel.digest.partition(':')[2]}{'' if kernel.modules else '-bare'}.json"


def remember(kernel: Kernel, boot: Boot) -> None:
    """Keeps what came of a boot. An answer counts for more than any silence: a busy host can miss a deadline."""
    if not proved(kernel):
        cache.directory("proofs")
        with cache.replacing(_kept(kernel)) as new:
            new.write_text(json.dumps(asdict(boot)))


def recall(kernel: Kernel) -> Boot | None:
    """Gives what came of a kernel's boots here, None if it was never tried."""
    try:
        return Boot(**json.loads(_kept(kernel).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def proved(kernel: Kernel) -> bool:
    """Says whether that kernel has ever served as a guest here."""
    found = recall(kernel)
    return found is not None and not found.reason


def said(kernel: Kernel) -> str:
    """Says it in words: "boots here (TCG, 2.4 s)", "does not boot here: …", "not tried"."""
    return str(recall(kernel) or "not tried")
