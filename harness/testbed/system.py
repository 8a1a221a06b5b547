"""The installed systems of the test bed: made of the distribution's packages, once, and kept in the cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import cache
from harness.errors import LabError
from harness.linux.sizes import MIB
from harness.machine.kernels import archive
from harness.machine.kernels.kernel import Kernel
from harness.paths import ROOT
from harness.testbed import subordinate
from probes import build

PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "dbus-user-session",
    "libpam-systemd",
    "python3",
    "procps",
    "util-linux",
    "e2fsprogs",
    "udev",
    "kmod",
    "mount",
    "libjemalloc2",
    "libtcmalloc-minimal4",
    "podman",
    "crun",
    "uidmap",
)
# The last: plugins for containers' networks, of which these have none (45 MB).
LEFT_OUT = ("/usr/share/man", "/usr/share/doc", "/usr/share/locale", "/usr/share/info", "/usr/lib/cni")
# What the project needs (pyproject.toml), and psutil, beside which `invoke bench --long` measures a sample there.
LIBRARIES = (
    "cffi",
    "invoke",
    "msgspec",
    "qemu.qmp",
    "zstandard",
    "pandas",
    "pyarrow",
    "matplotlib",
    "rich",
    "jinja2",
    "psutil",
)
# Slow under emulation and of no use here (measured: 12-14 s to boot with them, 6-8 without).
MASKED = (
    "systemd-udevd.service",
    "systemd-udev-trigger.service",
    "getty@tty1.service",
    "getty.target",
    "systemd-binfmt.service",
    "systemd-random-seed.service",
    "systemd-journal-flush.service",
    "systemd-tmpfiles-clean.timer",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "dev-hugepages.mount",
    "proc-sys-fs-binfmt_misc.automount",
    "e2scrub_reap.service",
    "e2scrub_all.timer",
    "fstrim.timer",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "podman.service",
    "podman.socket",
    "podman-restart.service",
    "podman-auto-update.service",
    "podman-auto-update.timer",
    "netavark-dhcp-proxy.service",
    "netavark-dhcp-proxy.socket",
)
# The agent that carries out what the test bed asks: not the one under test, which the local machine starts.
SERVICE = """\
[Unit]
Description=The test bed's agent
[Service]
ExecStart=/bin/sh -c 'exec /opt/agent 3 3<>/dev/vport0p1'
KillMode=process
Delegate=no
[Install]
WantedBy=multi-user.target
"""
# Bytes: the disk with the project on it, and what each kernel adds (a cloud kernel unpacked has at most 110 MB).
DISK, KERNEL = 64 * MIB, 256 * MIB
USERS = {"delegated": 1000, "plain": 1001}  # the first has a systemd of its own (lingering), the second has none


@dataclass(frozen=True)
class System:
    """A suite of the distribution, and the series of the kernel that it runs on in the test bed. settings: "first" or
    "last": under which of their settings experiments run there, where they run under one. cpus: processors. memory: bytes.
    virtualises: it has QEMU, and a processor with SVM, which QEMU's TCG emulates (target/i386/tcg/sysemu/svm_helper.c)."""

    name: str
    suite: str
    series: str
    settings: str
    cpus: int
    memory: int = 1024 * MIB
    virtualises: bool = False

    @property
    def packages(self) -> tuple[str, ...]:
        """Lists the distribution's packages that it is made of."""
        return (*PACKAGES, "qemu-system-x86") if self.virtualises else PACKAGES


SYSTEMS = (
    System("bookworm", "bookworm", "6.12", "first", 2),
    System("trixie", "trixie", "6.1", "last", 1),
    # Guests of 512 MiB with a snapshot each, and room for what the system itself caches. One processor: emulated ones take turns.
    System("bookworm-kvm", "bookworm", "6.12", "", 1, memory=4096 * MIB, virtualises=True),
)


def _python(tree: Path) -> str:
    """Gives the version of the system's Python: "3.11"."""
    return next(
        path.name.removeprefix("python")
        for path in sorted((tree / "usr/bin").glob("python3.*"))
        if path.name.count(".") == 1 and path.name[-1].isdigit()
    )


def _run(*words: str | Path) -> None:
    # Packages' scripts want root's PATH.
    variables = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, env=variables)
    if done.returncode:
        raise LabError(f"test bed: {words[0]}", (done.stderr.strip() or done.stdout.strip())[-500:], "see `invoke doctor`")


def _as_root(*words: str | Path) -> None:
    _run(*subordinate.words(), *words)


def _bootstrap(system: System, tree: Path) -> None:
    leave_out = [f"--dpkgopt=path-exclude={path}/*" for path in LEFT_OUT]
    _as_root(
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        f"--include={','.join(system.packages)}",
        '--aptopt=APT::Install-Recommends "0"',
        "--dpkgopt=force-unsafe-io",
        *leave_out,
        system.suite,
        tree,
        *archive.sources_of(system.suite),
    )


def _furnish(tree: Path) -> None:
    """Makes users, services and Python's libraries."""
    for name, number in USERS.items():
        _as_root("chroot", tree, "useradd", "--create-home", "--uid", str(number), "--shell", "/bin/bash", name)
    linger = tree / "var/lib/systemd/linger"
    linger.mkdir(parents=True, exist_ok=True)
    (linger / "delegated").touch()
    units = tree / "etc/systemd/system"
    for unit in MASKED:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    (units / "testbed.service").write_text(SERVICE)
    wants = units / "multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / "testbed.service").symlink_to("/etc/systemd/system/testbed.service")
    shutil.copy(build.BUILD / "agent", tree / "opt/agent")
    (tree / "etc/machine-id").write_text(hashlib.md5(b"testbed", usedforsecurity=False).hexdigest() + "\n")
    _run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--target",
        tree / "opt/libraries",
        "--only-binary=:all:",
        f"--python-version={_python(tree)}",
        *LIBRARIES,
    )


def image(system: System) -> Path:
    """Makes the root file system of an installed system; guests write to a copy that goes with them."""
    agent = (build.BUILD / "agent").read_bytes()
    made_from = repr((system.suite, system.packages, LEFT_OUT, LIBRARIES, MASKED, SERVICE, USERS)).encode() + agent
    kept = cache.directory("testbed") / f"{system.suite}-{hashlib.sha256(made_from).hexdigest()[:16]}.ext4"
    if kept.exists():
        return kept
    subordinate.require()
    with (
        cache.lock(kept.with_suffix(".lock"), f"system {kept.name}", seconds=7200),
        tempfile.TemporaryDirectory(dir=cache.directory("testbed")) as work,
    ):
        tree = Path(work, "tree")
        try:
            _bootstrap(system, tree)
            _furnish(tree)
            with cache.replacing(kept) as new:
                os.truncate(new, 6 << 30)
                _make_ext4(new, tree)
        finally:  # it has files that subordinate ids own
            _as_root("rm", "-rf", tree)
    return kept


def _make_ext4(file: Path, tree: Path) -> None:
    _as_root(
        "mke2fs",
        "-q",
        "-F",
        "-t",
        "ext4",
        "-d",
        tree,
        "-O",
        "^has_journal,^metadata_csum",
        "-E",
        "lazy_itable_init=1,nodiscard",
        "-m",
        "0",
        file,
    )


def project(into: Path, kernels: Sequence[Kernel] = ()) -> Path:
    """Makes a disk with the project as it is installed here: its Python, its built programs; kernels as the cache has them."""
    with tempfile.TemporaryDirectory() as work:
        tree = Path(work)
        for name in ("harness", "experiments", "probes", ".ci"):
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "_native*.so"))
        shutil.copy(ROOT / "tasks.py", tree)
        # cffi builds it for Python's stable interface, whatever its name says.
        shutil.copy(build.NATIVE, tree / "probes/_native.abi3.so")
        for kernel in kernels:
            shutil.copytree(kernel.image.parent, tree / "kernels" / kernel.image.parent.name)
        into.touch()
        os.truncate(into, DISK + len(kernels) * KERNEL)
        _make_ext4(into, tree)
    return into
