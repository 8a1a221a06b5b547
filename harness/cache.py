"""The user's cache: kernels, disks and snapshots. Deleting it costs time and nothing else.

It vouches for its large files by their digests: `making` writes one, `intact` tells whether it still is what was written.
What a killed process has left half made is nobody's: `sweep` removes it.
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from harness.errors import LabError, Unavailable

PRIVATE = 0o700  # of the cache itself: what lies in it runs as a kernel, or with a probe
NEW = ".new."  # begins the names of what is being made
ABANDONED_SECONDS = 3600  # what older versions have left half made has no lock: nothing takes an hour to make
BLOCK = 1 << 16
ZEROS = bytes(BLOCK)
LOCK_SECONDS = 900  # to make a snapshot takes seconds, and minutes where its boots are lost on a busy host
PAUSE = 0.01
DIGEST = ".digest"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
log = logging.getLogger(__name__)


def place(*parts: str) -> Path:
    """Names a directory below the cache, for who reads; it may not be there. FOLKLAB_CACHE names another place for all of
    it."""
    return Path(os.environ.get("FOLKLAB_CACHE") or user_directory("XDG_CACHE_HOME", "~/.cache"), *parts)


def user_directory(variable: str, usual: str) -> Path:
    """Names the lab's directory below one of the user's, as the XDG Base Directory Specification (0.8) has them."""
    named = os.environ.get(variable, "")
    return Path(named if named.startswith("/") else os.path.expanduser(usual), "folklab")  # a relative one is to be ignored


def directory(*parts: str) -> Path:
    """Gives a directory below the cache, made if missing. Raises Unavailable where it can't be made or written to."""
    path = place(*parts)
    try:
        if not path.is_dir():
            _make_root()
            path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError(13, os.strerror(13))
    except OSError as error:
        raise unusable(path, error) from None
    return path


def _make_root() -> None:
    """Makes the cache itself, for its user alone."""
    place().parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        place().mkdir(PRIVATE)


def make_private() -> None:
    """Takes everybody else's rights to a cache at its usual place, which older versions have made; one that FOLKLAB_CACHE
    names keeps the rights that it was given."""
    if not os.environ.get("FOLKLAB_CACHE"):
        with suppress(OSError):
            if place().stat().st_mode & 0o077:
                place().chmod(PRIVATE)


def unusable(path: Path, error: OSError) -> Unavailable:
    """Makes the error for a cache that can't be written to."""
    why = error.strerror or str(error)
    return Unavailable(f"cache {path}", why, "make room, or name a directory that you can write to in FOLKLAB_CACHE")


def name_of(*made_from: object) -> str:
    """Gives a name for what is made from these, and for nothing else."""
    import hashlib  # loads OpenSSL, which most commands have no use for

    return hashlib.sha256(repr(made_from).encode()).hexdigest()[:24]


def temporary(path: Path) -> tuple[str, Path]:
    """Gives prefix and parent of what is being made in place of a path."""
    return f"{NEW}{path.name}.", path.parent


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a new file that takes the place of `path` at once when the block ends well: no reader sees half of it. Raises
    Unavailable where the cache is full."""
    prefix, parent = temporary(path)
    try:
        handle, name = tempfile.mkstemp(dir=parent, prefix=prefix)
    except OSError as error:
        raise unusable(parent, error) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # while its maker lives
        yield Path(name)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        if error.errno in FULL:
            raise unusable(parent, error) from None
        raise
    finally:
        os.close(handle)
        Path(name).unlink(missing_ok=True)


@contextmanager
def workplace(path: Path) -> Iterator[Path]:
    """Gives a new directory beside `path`, gone when the block ends; what is made there is renamed to `path`."""
    prefix, parent = temporary(path)
    try:
        made = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
    except OSError as error:
        raise unusable(parent, error) from None
    handle = os.open(made, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield made
    finally:
        os.close(handle)
        shutil.rmtree(made, ignore_errors=True)


def discard(path: Path) -> None:
    """Removes a directory of the cache: under its name at once, so that nobody finds half of it."""
    prefix, parent = temporary(path)
    if path.is_dir():
        gone = tempfile.mkdtemp(dir=parent, prefix=prefix)
        with suppress(OSError):  # another process was first
            os.rename(path, gone)  # onto an empty one
        shutil.rmtree(gone, ignore_errors=True)


def sweep() -> list[Path]:
    """Removes what killed processes have left half made, anywhere in the cache, and tells what that was."""
    make_private()
    found = [*place().glob("*/.*"), *place("snapshots").glob("*/.*")]
    return [path for path in found if _was_left(path) and remove(path)]


def _was_left(path: Path) -> bool:
    """Says whether nobody is making this any more: no process holds its lock, or it is too old to have had one."""
    try:
        found = path.stat()
        if not path.name.startswith(NEW):
            half_made = path.name.startswith(".work-") or path.parent.parent == place("snapshots")
            return half_made and time.time() - found.st_mtime > ABANDONED_SECONDS
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return time.time() - found.st_ctime > 1  # younger: its maker is just taking the lock
    except OSError:
        return False
    finally:
        os.close(handle)


def remove(path: Path) -> bool:
    """Removes a file, or a directory with what is in it as far as that goes. Says whether it is gone."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    return not path.exists()


@contextmanager
def lock(path: Path, what: str, check: Callable[[], None] = lambda: None, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Holds a lock that one process or thread has at a time; the kernel frees it when the holder dies.

    what: is locked. check: is called while another holds it; its exception ends the wait. Raises LabError after so many
    seconds.
    """
    deadline = time.monotonic() + seconds
    while True:
        with open(path, "a+") as file:
            if locked(file.fileno(), path):
                file.truncate(0)
                file.write(str(os.getpid()))
                file.flush()
                yield
                return
            file.seek(0)
            holder = file.read(20).strip() or "unknown"
        check()
        if time.monotonic() > deadline:
            raise LabError(what, f"process {holder} has been at it for {seconds:.0f} s", "see what it waits for, or end it")
        time.sleep(PAUSE)


def locked(handle: int, path: Path) -> bool:
    """Says whether this process has the lock now, and the file is still the one of that name."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(handle).st_ino == path.stat().st_ino
    except (BlockingIOError, FileNotFoundError):
        return False


# Files that are vouched for


def digest_of(path: Path) -> str:
    """Computes the digest of a file's content (SHA-256 of its size and of each block that is not all zeros, with its offset):
    holes cost nothing, and one that was filled with zeros is no change."""
    import hashlib

    found = hashlib.sha256()
    with open(path, "rb", buffering=0) as file:
        size, at = os.fstat(file.fileno()).st_size, 0
        found.update(size.to_bytes(8, "little"))
        while at < size:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA) // BLOCK * BLOCK
            except OSError:  # ENXIO: only a hole follows
                break
            block = os.pread(file.fileno(), BLOCK, at)
            if block != ZEROS[: len(block)]:
                found.update(at.to_bytes(8, "little") + block)
            at += BLOCK
    return found.hexdigest()


def state_of(path: Path) -> list[int]:
    """Gives what changes whenever a file is written to: where it is, its size and its times. The time of its last change
    (ctime) is the kernel's own: no program sets it back."""
    found = path.stat()
    return [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]


@lru_cache
def warn_once(line: str) -> None:
    """Tells the user of damage, once in this process."""
    log.warning(line)


@contextmanager
def making(path: Path) -> Iterator[Path]:
    """Gives a new file that takes the place of `path`, as `replacing` does, and vouches for it from then on."""
    with replacing(path) as new:
        yield new
        digest = digest_of(new)
    _vouch(path, digest)


def _vouch(path: Path, digest: str) -> None:
    with replacing(path.with_name(path.name + DIGEST)) as new:
        new.write_text(json.dumps({"digest": digest, "state": state_of(path)}))


def intact(path: Path) -> str | None:
    """Gives the digest of a file that is as it was made; None for one that is missing, that nobody vouches for, or that is
    damaged, which is said in a line. It is read only where its state is another than the last time."""
    try:
        kept = json.loads(path.with_name(path.name + DIGEST).read_text())
        digest, state = str(kept["digest"]), kept["state"]
        if state != state_of(path):
            if digest_of(path) != digest:
                raise ValueError
            _vouch(path, digest)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        warn_once(f"{path}: it is damaged, and is made anew")
        return None
    return digest
