"""Other ways to the same thing, where they are installed: virtme-ng for guests, psutil for counters.

A peer that can't be asked is named in the result with the reason, it is never left out silently.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from harness import cache
from harness.errors import LabError
from harness.machine.kernels import archive
from harness.machine.kernels.kernel import Kernel

SECONDS = 180  # for a boot of virtme-ng's: 17 s were seen on a host at rest (vm-facts)
INSTALL = "pip install 'folklab[bench]'"


class Missing(Exception):
    """This peer can't be asked here; the text says why, and what to type."""


@dataclass(frozen=True)
class VirtmeNg:
    """virtme-ng, booting one kernel without hardware virtualisation: its `vng`, and the image."""

    program: Path
    image: Path

    def boot(self) -> float:
        """Measures seconds from launch until a command that a guest was given (cat /proc/meminfo) has answered.

        It answers into a directory of the host's: standard output reaches us only where the host has udev.
        Its own ending is not on the clock. Raises LabError if no answer comes.
        """
        with tempfile.TemporaryDirectory(prefix="folklab-") as directory:
            answer = Path(directory, "meminfo")
            words = [
                str(self.program),
                "--disable-kvm",
                "--force-9p",
                "--disable-monitor",
                "--memory",
                "1G",
                "--cpus",
                "1",
                "--run",
                str(self.image),
                "--rwdir",
                directory,
                "--exec",
                f"cat /proc/meminfo > {answer}",
            ]
            path = f"{self.program.parent}:{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
            began = time.monotonic()
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PATH": path},
                start_new_session=True,
            )
            try:
                while not (answer.exists() and answer.stat().st_size):
                    if process.poll() is not None or time.monotonic() - began > SECONDS:
                        raise LabError(
                            "virtme-ng", f"no answer after {time.monotonic() - began:.0f} s", f"try it: {' '.join(words)}"
                        )
                    time.sleep(0.002)
                seconds = time.monotonic() - began
                process.wait(SECONDS)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, 9)
                    process.wait()
        return seconds


def virtme_ng(kernel: Kernel) -> VirtmeNg:
    """Finds virtme-ng with the sister of a Debian cloud kernel: the same version with the drivers that it needs (the cloud
    kernel has no 9p and can't mount its root). Fetched into the cache once. Raises Missing."""
    program = Path(sys.executable).parent / "vng"
    if not program.exists():
        found = shutil.which("vng")
        if not found:
            raise Missing(f"it is not installed: {INSTALL}")
        program = Path(found)
    if not shutil.which("depmod", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"):
        raise Missing("it needs depmod: apt-get install kmod")
    release = kernel.release.replace("-cloud", "")
    if release == kernel.release:
        raise Missing(f"no kernel with 9p is known to be a sister of {kernel.release}")
    tree = cache.directory("peers") / release
    image = tree / "boot" / f"vmlinuz-{release}"
    if not image.exists():
        try:
            archive.unpack_own(f"linux-image-{release}", tree)
        except LabError as error:
            raise Missing(f"its kernel is not in this system's archive ({error.reason})") from error
    return VirtmeNg(program, image)


def has_psutil() -> str | None:
    """Says why psutil can't be asked, None if it can."""
    return None if importlib.util.find_spec("psutil") else f"it is not installed: {INSTALL}"
