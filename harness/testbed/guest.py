"""A running guest of the test bed: an installed system in which commands are typed and files are fetched."""

from __future__ import annotations

import hashlib
import shlex
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness import cache
from harness.agent import agent
from harness.agent.target import hand_of
from harness.errors import LabError
from harness.linux.sizes import MIB
from harness.machine import initramfs
from harness.machine.guest import accelerator, qemu
from harness.machine.guest.process import Qemu
from harness.machine.kernels import find, modules
from harness.machine.kernels.kernel import Kernel
from harness.testbed import system
from harness.testbed.system import System
from probes import build

BOOT_SECONDS = 120
MODULES = (*initramfs.MODULES, "loop")
HYPERVISOR = "kvm-amd"
# clearcpuid=141: the kernel leaves cmpxchg16b alone, which QEMU 7.2's TCG gets wrong (vm-facts); user space keeps it, as
# Python's libraries need it. The rest as harness/machine/guest/qemu.py says.
APPEND = "quiet panic=-1 oops=panic mitigations=off clearcpuid=141 systemd.show_status=no systemd.firstboot=off"
# An interrupt that comes while the emulated SVM leaves a guest can be lost: QEMU's do_vmexit clears a bit of interrupt_request
# without a lock (7.2; mended by “treewide: clear bits of cs->interrupt_request with cpu_reset_interrupt()”, qemu-devel,
# 29 August 2025). In one of three runs the timer's stood in IRR, the processor was halted with interrupts on, and nothing woke it
# any more. A timer that fires once is not asked again; a periodic one is.
PERIODIC = "highres=off nohz=off"
ENVIRONMENT = {
    "PYTHONPATH": "/opt/libraries:/opt/lab",
    "PYTHONDONTWRITEBYTECODE": "1",
    "FOLKLAB_CACHE": "/var/tmp/cache",
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
}


@dataclass(frozen=True)
class Said:
    """What a command printed, both outputs together, and its exit status."""

    status: int
    text: str


class Guest:
    """Commands are typed as root, or as one of the system's users."""

    def __init__(self, process: Qemu) -> None:
        self.process = process
        self.agent, self.info = agent.greet(process, agent.patience(BOOT_SECONDS))
        self.hand = hand_of(self.agent)

    def type(self, command: str, user: str = "", seconds: float = 600, session: bool = True) -> Said:
        """Runs a shell command; session: with the environment of a login of that user's."""
        variables = dict(ENVIRONMENT)
        if user:
            variables["FOLKLAB_CACHE"] = f"/var/tmp/cache-{user}"
            if session:
                variables["XDG_RUNTIME_DIR"] = f"/run/user/{system.USERS[user]}"
        exports = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
        # The agent's hand has protected itself from the OOM killer; a user's command has no such protection.
        inner = f"cd /var/tmp; export {exports}; {command}"
        script = f"echo 0 >/proc/self/oom_score_adj; cd /; exec 2>&1 </dev/null; {inner}"
        if user:
            script = (
                f"echo 0 >/proc/self/oom_score_adj; exec 2>&1 </dev/null; "
                f"exec setpriv --reuid {user} --regid {user} --init-groups --reset-env sh -c {shlex.quote(inner)}"
            )
        words = ("/bin/sh", "-c", script)
        reply = self.hand.begin.execute(*words).wait(agent.patience(seconds))
        return Said(reply.value, reply.text.decode(errors="replace"))

    def must(self, command: str, user: str = "", seconds: float = 600) -> str:
        """Runs a command that must succeed and gives what it printed. Raises LabError if it fails."""
        said = self.type(command, user, seconds)
        if said.status:
            raise LabError(
                f"test bed: {command}", f"exit status {said.status >> 8}: {said.text[-600:]}", "see the guest's console"
            )
        return said.text

    def fetch(self, directory: str, into: Path) -> None:
        """Copies a directory of the guest's into one of this host's."""
        self.must(f"tar -C {directory} -cf /var/tmp/fetched.tar .")
        with tempfile.TemporaryFile() as file:
            while piece := self.hand.slurp("/var/tmp/fetched.tar", 0, 0, file.tell()).text:
                file.write(piece)
            self.must("rm /var/tmp/fetched.tar")
            file.seek(0)
            into.mkdir(parents=True, exist_ok=True)
            with tarfile.open(fileobj=file) as archive:
                archive.extractall(into, filter="data")


def _archive(kernel: Kernel, wanted: Sequence[str]) -> Path:
    """Makes the first file system: what loads the wanted modules, mounts the disk and hands over."""
    files = {"init": (build.BUILD / "handover").read_bytes()}
    for number, module in enumerate(modules.load_order(kernel, wanted)):
        files[f"modules/{number:02d}-{module.name}.ko"] = module.data
    data = initramfs.pack(files)
    kept = cache.directory("testbed") / f"{kernel.release}-{hashlib.sha256(data).hexdigest()[:16]}.cpio"
    with cache.replacing(kept) as new:
        new.write_bytes(data)
    return kept


def _drive(number: int, file: Path) -> list[str]:
    return [
        "-drive",
        f"if=none,id=d{number},file={qemu.file_word(file)},format=raw,cache=unsafe,snapshot=on",
        "-device",
        f"virtio-blk-device,drive=d{number}",
    ]


def command_line(kernel: Kernel, tested: System, root: Path, lab: Path, accelerated: str) -> list[str]:
    """Gives QEMU's command line for a system on one disk and the project on another."""
    board = kernel.architecture.board
    processor = "host" if accelerated == "kvm" else "max,-erms,-fsrm" + (",+svm,+npt" if tested.virtualises else "")
    return [
        board.qemu,
        "-M",
        "microvm,rtc=on",
        "-m",
        f"{tested.memory // MIB}M",
        *qemu.accelerated(accelerated, tested.cpus),
        "-cpu",
        processor,
        "-smp",
        str(tested.cpus),
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-no-reboot",
        "-kernel",
        qemu.file_word(kernel.image),
        "-initrd",
        qemu.file_word(_archive(kernel, (*MODULES, HYPERVISOR) if tested.virtualises else MODULES)),
        "-append",
        f"{board.arguments_under(accelerated)} {APPEND}" + (f" {PERIODIC}" if tested.virtualises else ""),
        "-device",
        "virtio-serial-device,max_ports=2",
        "-device",
        "virtserialport,chardev=ch,name=agent,nr=1",
        *_drive(0, root),
        *_drive(1, lab),
    ]


@contextmanager
def booted(tested: System, console: Path) -> Iterator[Guest]:
    """Boots a guest of an installed system, with the project at /opt/lab, users' caches made."""
    kernel = find.by_name(tested.series)
    with tempfile.TemporaryDirectory() as work:
        lab = system.project(Path(work, "lab.ext4"), [kernel] if tested.virtualises else ())
        # Whether a host's own KVM lends its virtualisation on is the host's matter: emulated, it is always there.
        chosen = "tcg" if tested.virtualises else accelerator.choose(kernel)[0]
        words = command_line(kernel, tested, system.image(tested), lab, chosen)
        process = Qemu(words, console, accelerator=chosen)
        try:
            guest = Guest(process)
            guest.must("mkdir -p /opt/lab && mount -o ro /dev/vdb /opt/lab")
            for user in system.USERS:
                guest.must(f"install -d -o {user} /var/tmp/cache-{user}")
            yield guest
        finally:
            process.close()
