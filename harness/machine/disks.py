"""Disk images for guests: an ext4 file system and a swap area, made as files without root, once, in the cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from harness import cache
from harness.claims.needs import Disk
from harness.errors import LabError, Unavailable
from harness.linux.sizes import MIB

# Fixed, so that an image made again is the same image.
UUID = "8a1f6c2e-5d0b-4c3a-9e47-1b2d3c4e5f60"
# Without lazy initialisation: a kernel thread that finishes mkfs's work in the guest would move Cached and Buffers
# at random (measured: +48 and +28 KiB).
EXT4 = (
    "mke2fs",
    "-q",
    "-F",
    "-t",
    "ext4",
    "-b",
    "{block}",
    "-U",
    UUID,
    "-m",
    "0",
    "-O",
    "{features}",
    "-E",
    f"lazy_itable_init=0,lazy_journal_init=0,nodiscard,hash_seed={UUID}",
)
SWAP = ("mkswap", "-q", "-U", UUID)
SECONDS = 300  # to make one takes a tenth of a second


def tool(name: str) -> str:
    """Finds a program of the system's; in /sbin too, which an ordinary user's PATH leaves out. Raises Unavailable."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise Unavailable(name, "it is not installed", "run ./bootstrap")
    return found


def image(disk: Disk) -> Path:
    """Makes a disk's image, once: a sparse file, never written to (guests work on a copy that goes with them)."""
    kept = cache.directory("disks") / f"{disk.kind}-{disk.size // MIB}M-{disk.block}.raw"
    if cache.intact(kept):
        return kept
    command = {"ext4": EXT4, "swap": SWAP, "raw": ()}[disk.kind]
    with cache.making(kept) as new:
        os.truncate(new, disk.size)
        if command:
            words = [word.format(block=disk.block, features="^resize_inode") for word in command]
            _run([tool(words[0]), *words[1:], str(new)], kept)
    return kept


def digest(disk: Disk) -> str:
    """Gives the digest of a disk's image."""
    return cache.intact(image(disk)) or ""


def _run(words: list[str], kept: Path) -> None:
    """Runs a program that fills an image. Raises LabError where it fails: mostly since the disk below is full."""
    environment = {**os.environ, "LC_ALL": "C", "E2FSPROGS_FAKE_TIME": "1700000000"}
    try:
        subprocess.run(words, check=True, capture_output=True, env=environment, timeout=SECONDS, errors="replace")
    except subprocess.CalledProcessError as error:
        why = (error.stderr.strip().splitlines() or [f"exit status {error.returncode}"])[-1]
    except subprocess.TimeoutExpired:
        why = f"it takes longer than {SECONDS} s"
    else:
        return
    raise LabError(f"disk image {kept}", f"{words[0]}: {why}", "make room, or name another place in FOLKLAB_CACHE")
