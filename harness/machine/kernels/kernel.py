"""One kernel: what its image tells (Documentation/arch/x86/boot.rst), and what lies beside it."""

from __future__ import annotations

import hashlib
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.linux import releases
from harness.machine.kernels import ikconfig

SECTOR = 0x200  # bytes; the setup code follows the boot sector
# Where the header's fields lie, in bytes from the start of the file.
SETUP_SECTORS, PARAGRAPHS, BOOT_FLAG, MAGIC, VERSION, XLOADFLAGS = 0x1F1, 0x1F4, 0x1FE, 0x202, 0x20E, 0x236
KERNEL_64 = 1  # of XLOADFLAGS: it has the 64-bit entry point (XLF_KERNEL_64), since protocol 2.12 (v3.8)


@dataclass(frozen=True)
class Kernel:
    """A kernel that can be booted.

    label: what names it to find(); release: as its image tells; modules: the directory that holds the tree
    ("kernel/…"), None for a bare image; config: None when it did not come along; source: package, version and
    suite, or the path; digest: "sha256:…" of the image; version: of its package, "" when it came from none.
    """

    label: str
    release: str
    image: Path
    modules: Path | None
    config: Path | None
    source: str
    digest: str
    version: str = ""

    @property
    def architecture(self) -> str:
        """Tells what its machine is, as `uname -m` would: "x86_64" or "i686"."""
        with self.image.open("rb") as file:
            file.seek(XLOADFLAGS)
            return "x86_64" if file.read(1)[0] & KERNEL_64 else "i686"

    @property
    def series(self) -> str:
        """Gives the first two numbers of the release."""
        return releases.series(self.release)


def kernel_at(image: Path) -> Kernel:
    """Describes the kernel at a path, with what lies beside it, in lib/modules of the same root, or in its build."""
    release = image_release(image)
    image = image.absolute()
    tree = image.parent.parent / "lib/modules" / release
    trees = [image.parent, image.parent / "modules", tree]
    configs = [image.parent / f"config-{release}", image.parent / "config", tree / "config"]
    if image.match("arch/*/boot/bzImage"):  # a build: its modules lie where they were compiled
        trees.append(image.parents[3])
        configs.append(image.parents[3] / ".config")
    digest = image_digest(image)
    config = next((path for path in configs if path.is_file()), None)
    return Kernel(
        label=str(image),
        release=release,
        image=image,
        modules=next((path for path in trees if (path / "kernel").is_dir()), None),
        config=config or ikconfig.embedded(image, digest),
        source=f"path {image}",
        digest=digest,
    )


def module_tree(directory: Path, release: str) -> Path:
    """Finds the tree ("kernel/…") at or below a directory that the user names. Raises UsageError without one."""
    for tree in (directory, directory / release, directory / "lib/modules" / release):
        if (tree / "kernel").is_dir():
            return tree.absolute()
    raise UsageError(
        f"modules {directory}",
        f"has no module tree of {release}",
        "give the directory that holds kernel/, or the one that modules_install was given",
    )


def image_release(image: Path) -> str:
    """Reads the release that a bzImage tells, as `uname -r` would. Raises UsageError for any other file."""
    try:
        with image.open("rb") as file:
            head = file.read(SECTOR + 0x10000)  # the version's offset has 16 bits
            size = file.seek(0, os.SEEK_END)
    except OSError as error:
        remedy = "copy it to a place of yours" if isinstance(error, PermissionError) else "check the path"
        raise UsageError(f"kernel {image}", f"cannot be read ({error.strerror})", remedy) from None
    if head[:4] == b"\x7fELF":
        raise UsageError(f"kernel {image}", "is an ELF file", "give that build's arch/x86/boot/bzImage")
    if head[BOOT_FLAG : BOOT_FLAG + 2] != b"\x55\xaa" or head[MAGIC : MAGIC + 4] != b"HdrS":
        raise UsageError(f"kernel {image}", "is no kernel for x86 (no bzImage)", "give the path of a vmlinuz")
    code = struct.unpack_from("<I", head, PARAGRAPHS)[0] * 16
    whole = max((head[SETUP_SECTORS] + 1) * SECTOR, VERSION + 2) + code
    if size < whole:
        raise UsageError(f"kernel {image}", f"is cut short ({size} of {whole} bytes)", "copy it again")
    (offset,) = struct.unpack_from("<H", head, VERSION)
    words = head[SECTOR + offset :].partition(b"\0")[0].split()
    if not offset or not words:
        raise UsageError(f"kernel {image}", "does not tell its release", "give the vmlinuz of a Linux kernel")
    return releases.checked(words[0].decode("ascii", errors="replace"), f"release of {image}")


def image_digest(image: Path) -> str:
    """Gives "sha256:…" of the whole file."""
    return f"sha256:{hashlib.sha256(image.read_bytes()).hexdigest()}"
