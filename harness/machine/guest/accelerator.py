"""Hardware virtualisation: used only where a real guest has answered under it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from harness import cache
from harness.agent import agent
from harness.errors import LabError
from harness.linux import architecture
from harness.linux.architecture import Architecture
from harness.machine import initramfs
from harness.machine.guest import qemu
from harness.machine.guest.heard import Heard
from harness.machine.guest.process import Qemu
from harness.machine.guest.qemu import Memory, Shape
from harness.machine.kernels.kernel import Kernel
from harness.machine.processes import fleet

# A /dev/kvm that lies shows nothing of its guest (vm-facts), one that works does so at once. Where this host is itself a guest,
# all that is slower, so that a whole boot is given more.
FIRST_WORD_SECONDS = 10
PROOF_SECONDS = 120


def host_boot() -> str:
    """Names this host's boot: what was proved holds until the next one."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def promising(guests: Architecture) -> str | None:
    """Says why KVM can't work here for guests of an architecture, None if it may: /dev/kvm alone is no proof (vm-facts: it
    opens, and guests hang)."""
    if architecture.host_machine() not in guests.native_on:
        return f"this host's processor runs no guests of {guests.name}"
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "/dev/kvm can't be opened"
    flags = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    if flags and not {"vmx", "svm"} & set(flags.group(1).split()):  # only x86 has such a line
        return "the processor has neither vmx nor svm"
    return None


def prove(kernel: Kernel, accelerator: str = "kvm") -> str:
    """Boots the real guest under KVM; gives "" if it answered, else what happened."""
    archive, _ = initramfs.make(kernel)
    with cache.workplace(cache.directory("kvm") / "proof") as directory, fleet.running():
        # Whatever the kernel says from its first instruction on: so a guest that goes on is told from one that hangs.
        loud = Shape(append=kernel.architecture.board.early)
        words = qemu.command_line(kernel, loud, archive, accelerator, Memory(), quiet=False)
        process = Qemu(words, directory / "console.log", accelerator=accelerator)
        try:
            agent.greet(Heard(process, FIRST_WORD_SECONDS), agent.patience(PROOF_SECONDS))
        except LabError as error:
            return str(error)
        finally:
            process.close()
    return ""


def choose(kernel: Kernel) -> tuple[str, str]:
    """Chooses "kvm" or "tcg", and says why it is not KVM. The proof is made once for each boot of this host."""
    reason = promising(kernel.architecture)
    if reason is None:
        kept = cache.directory("kvm") / f"{host_boot()}-{kernel.architecture.name}"
        if not kept.exists():
            proof = prove(kernel)
            with cache.replacing(kept) as new:
                new.write_text(proof)
        reason = kept.read_text()
    return ("tcg", reason) if reason else ("kvm", "")
