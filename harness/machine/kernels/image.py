"""The file of a kernel: what a bzImage tells of itself (Documentation/arch/x86/boot.rst), or an image for arm64, and what
another file is instead."""

from __future__ import annotations

import bz2
import lzma
import os
import stat
import struct
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import zstandard

from harness.errors import UsageError
from harness.linux import architecture, releases
from harness.linux.architecture import Architecture
from harness.machine.kernels import arm_image

SECTOR = 0x200  # bytes; the setup code follows the boot sector
# Where the header's fields lie, in bytes from the start of the file.
SETUP_SECTORS, PARAGRAPHS, BOOT_FLAG, MAGIC, VERSION, XLOADFLAGS = 0x1F1, 0x1F4, 0x1FE, 0x202, 0x20E, 0x236
KERNEL_64 = 1  # of XLOADFLAGS: it has the 64-bit entry point (XLF_KERNEL_64), since protocol 2.12 (v3.8)
VMLINUZ = "give the path of a vmlinuz"
# Where the kernels of a system lie, and of a package that dpkg -x has unpacked, below its root.
BUILDS = ("arch/*/boot/bzImage", "arch/*/boot/Image", "arch/*/boot/Image.gz")  # where a kernel's own build puts it
PLACES = ("boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz", "lib/modules/*/vmlinuz", "vmlinuz-*", "vmlinuz", *BUILDS)
# elf(5), e_machine, as elf.h has it, of architectures that the lab has no guests of.
MACHINES = {8: "mips", 20: "ppc", 21: "ppc64", 22: "s390", 40: "arm", 243: "riscv", 258: "loongarch"}
# Other kernels, by what stands where: the headers of riscv (Documentation/arch/*/boot*.rst), of arm's zImage, and
# of EFI's packed images (drivers/firmware/efi/libstub/zboot-header.S).
OTHERS = (
    (0x38, b"RSC\x05", "riscv"),
    (0x24, b"\x18\x28\x6f\x01", "arm"),
)
CPIO = (b"070701", b"070702", b"070707")
PACKED: dict[bytes, tuple[str, str, Callable[[bytes], bytes]]] = {
    b"\x1f\x8b": ("gzip", "gunzip", lambda data: zlib.decompressobj(wbits=31).decompress(data)),
    b"\x28\xb5\x2f\xfd": ("zstd", "unzstd", lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)),
    b"\xfd7zXZ\x00": ("xz", "unxz", lambda data: lzma.LZMADecompressor().decompress(data)),
    b"BZh": ("bzip2", "bunzip2", lambda data: bz2.BZ2Decompressor().decompress(data)),
}


def image_at(path: Path) -> Path:
    """Gives the kernel's file for a path that a user names: the file, or the one kernel in a system's root or an unpacked
    package. Raises UsageError for what is neither."""
    thing = f"kernel {path}"
    try:
        kind = path.stat().st_mode
    except OSError as error:
        raise _unreadable(path, error) from None
    if stat.S_ISDIR(kind):
        found = {image.resolve(): image for place in PLACES for image in sorted(path.glob(place))}
        if len(found) == 1:
            return next(iter(found.values()))
        if not found:
            raise UsageError(thing, "is a directory without a kernel (boot/vmlinuz-*, usr/lib/modules/*/vmlinuz)", VMLINUZ)
        names = ", ".join(str(image) for image in sorted(found.values())[:3])
        raise UsageError(thing, f"is a directory with {len(found)} kernels", f"give the path of one: {names}")
    if not stat.S_ISREG(kind):
        what = "a FIFO" if stat.S_ISFIFO(kind) else "a socket" if stat.S_ISSOCK(kind) else "a device"
        raise UsageError(thing, f"is {what}, no file", VMLINUZ)
    return path


def release_of(image: Path) -> str:
    """Reads the release that a bzImage tells, as `uname -r` would. Raises UsageError for any other file."""
    try:
        with image.open("rb") as file:
            head = file.read(SECTOR + 0x10000)  # the version's offset has 16 bits
            size = file.seek(0, os.SEEK_END)
    except OSError as error:
        raise _unreadable(image, error) from None
    thing = f"kernel {image}"
    if arm_image.is_one(head):
        return releases.checked(arm_image.release(image), f"release of {image}")
    if head[BOOT_FLAG : BOOT_FLAG + 2] != b"\x55\xaa" or head[MAGIC : MAGIC + 4] != b"HdrS":
        raise UsageError(thing, *_instead(head, image))
    code = struct.unpack_from("<I", head, PARAGRAPHS)[0] * 16
    whole = max((head[SETUP_SECTORS] + 1) * SECTOR, VERSION + 2) + code
    if size < whole:
        raise UsageError(thing, f"is cut short ({size} of {whole} bytes)", "copy it again")
    (offset,) = struct.unpack_from("<H", head, VERSION)
    words = head[SECTOR + offset :].partition(b"\0")[0].split()
    if not offset or not words:
        raise UsageError(thing, "does not tell its release", "give the vmlinuz of a Linux kernel")
    return releases.checked(words[0].decode("ascii", errors="replace"), f"release of {image}")


@cache
def architecture_of(image: Path) -> Architecture:
    """Tells what an image runs on, in which `release_of` has found a release."""
    with image.open("rb") as file:
        head = file.read(SECTOR + XLOADFLAGS)
    if arm_image.is_one(head):
        return architecture.ARM64
    return architecture.AMD64 if head[XLOADFLAGS] & KERNEL_64 else architecture.I386


@cache
def page_size_of(image: Path) -> int:
    """Tells the size of the pages of an image's kernel, in bytes."""
    with image.open("rb") as file:
        head = file.read(SECTOR)
    return arm_image.page_size(head) if arm_image.is_one(head) else 4096  # x86 has no other


def is_build(image: Path) -> bool:
    """Says whether an image lies where the kernel's own build puts it."""
    return any(image.match(place) for place in BUILDS)


def _unreadable(path: Path, error: OSError) -> UsageError:
    remedy = "copy it to a place of yours" if isinstance(error, PermissionError) else "check the path"
    return UsageError(f"kernel {path}", f"cannot be read ({error.strerror})", remedy)


def _instead(head: bytes, image: Path) -> tuple[str, str]:
    """Says what a file is that is no bzImage, and what to do."""
    for at, mark, machine in OTHERS:
        if head.startswith(mark, at):
            return _of_another(machine)
    if head[:4] == b"\x7fELF":
        machine = MACHINES.get(int.from_bytes(head[18:20], "big" if head[5:6] == b"\2" else "little"), "")
        if machine:
            return _of_another(machine)
        return "is an ELF file", "give that build's arch/x86/boot/bzImage or arch/arm64/boot/Image"
    if head.startswith(CPIO):
        return "is an initramfs", f"{VMLINUZ}, the kernel beside it"
    if head.startswith(b"!<arch>\ndebian-binary"):
        return "is a Debian package", f"unpack it with `dpkg -x {image.name} DIRECTORY`, and give the directory"
    if head.startswith(b"\xed\xab\xee\xdb"):
        return "is an RPM package", f"unpack it with `rpm2cpio {image.name} | cpio -id`, and give its vmlinuz"
    for mark, (name, tool, unpack) in PACKED.items():
        if head.startswith(mark):
            return _packed(head, name, tool, unpack)
    if head[:2] == b"MZ" and b".linux" in head[:0x1000]:  # a section of that name (systemd-stub(7))
        return "is a unified kernel image", "give the vmlinuz that was put into it"
    return "is no kernel for x86 or arm64 (no bzImage, no Image)", VMLINUZ


def _of_another(machine: str) -> tuple[str, str]:
    known = ", ".join(architecture.ALL)
    return f"is a kernel for {machine}", f"give the vmlinuz of one for {known}"


def _packed(head: bytes, name: str, tool: str, unpack: Callable[[bytes], bytes]) -> tuple[str, str]:
    try:
        inside = unpack(head)
    except (ValueError, EOFError, OSError, zlib.error, lzma.LZMAError, zstandard.ZstdError):
        inside = b""
    if inside.startswith(CPIO):
        return f"is an initramfs (packed with {name})", f"{VMLINUZ}, the kernel beside it"
    return f"is packed with {name}", f"unpack it with {tool}, if there is a bzImage in it"
