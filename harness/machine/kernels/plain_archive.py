"""An archive of Debian's for systems without apt (Fedora, Arch): lists and packages over plain HTTP, each verified.

A suite's InRelease is signed, and gpgv verifies it by Debian's keys; it has the digests of the lists, and these have those of
the packages. So nobody between here and the archive can change anything unnoticed.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import re
import subprocess
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

import zstandard

from harness.errors import LabError, Unavailable
from harness.linux.sizes import MIB

ASKING_SECONDS = 60  # without a byte from the archive
WEAK = {"1", "2", "3"}  # digests that a signature must not stand on: MD5, SHA-1, RIPEMD-160 (RFC 4880, 9.4)
LARGEST = 2048 * MIB  # of a file of the archive: all of Debian's list takes 12 MB, a kernel's modules 110
AT_ONCE = 4
SOURCE = re.compile(r"deb \[arch=(?P<arch>\S+) .*signed-by=(?P<rings>\S+)\] (?P<base>\S+) (?P<suite>\S+) main")


@dataclass(frozen=True)
class Suite:
    """One suite of an archive for an architecture: its URL, its name, and the files of the keys that may have signed it."""

    base: str
    name: str
    rings: tuple[str, ...]
    arch: str

    @property
    def list(self) -> str:
        """Names the list of its packages."""
        return f"main/binary-{self.arch}/Packages.xz"


def suites(sources: Iterable[str]) -> list[Suite]:
    """Reads lines of sources.list that name the keys."""
    found = [SOURCE.fullmatch(line) for line in sources]
    return [Suite(one["base"], one["suite"], tuple(one["rings"].split(",")), one["arch"]) for one in found if one]


def lists(sources: Iterable[str]) -> Iterator[tuple[str, str, bytes]]:
    """Yields (base URL, suite, text of the list of packages) of all suites that are there and signed. Raises Unavailable where
    none is."""
    asked = suites(sources)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(_list_or_why, asked))
    if not any(isinstance(answer, bytes) for answer in answers):
        errors = [answer for answer in answers if isinstance(answer, LabError)]
        errors.sort(key=lambda error: isinstance(error, Missing))  # no mirror has all suites that may exist
        why = f"{errors[0].thing}: {errors[0].reason}" if errors else "no suite of it is named"
        raise Unavailable("the archive", why, "check the network, or name a kernel by its path")
    for suite, answer in zip(asked, answers, strict=True):
        if isinstance(answer, bytes):
            yield suite.base, suite.name, answer


def _list_or_why(suite: Suite) -> bytes | LabError:
    try:
        return _list(suite)
    except LabError as error:
        return error


def _list(suite: Suite) -> bytes:
    place = f"{suite.base}/dists/{suite.name}"
    release = verified(fetched(f"{place}/InRelease"), suite.rings).decode(errors="replace")
    until = re.search(r"^Valid-Until: (.*)$", release, re.M)
    if until and parsedate_to_datetime(until[1].replace("UTC", "+0000")).timestamp() < time.time():
        raise LabError(f"{place}/InRelease", f"its signature held until {until[1]}", "name another mirror")
    digest = re.search(rf"^ ([0-9a-f]{{64}}) +\d+ {re.escape(suite.list)}$", release, re.M)
    if not digest:
        raise LabError(f"{place}/InRelease", f"names no {suite.list}", "name another mirror")
    try:
        return lzma.decompress(checked(fetched(f"{place}/{suite.list}"), digest[1], f"{place}/{suite.list}"))
    except lzma.LZMAError as error:
        raise LabError(f"{place}/{suite.list}", f"can't be unpacked ({error})", "name another mirror") from None


def verified(signed: bytes, rings: Iterable[str]) -> bytes:
    """Gives the text that Debian's keys have signed. Raises LabError for any other, Unavailable without gpgv."""
    words = ["gpgv", "--status-fd", "2", "--output", "-", *(word for ring in rings for word in ("--keyring", ring))]
    try:
        done = subprocess.run(words, input=signed, capture_output=True, timeout=ASKING_SECONDS)
    except FileNotFoundError:
        raise Unavailable("gpgv", "it is missing here, which verifies the archive", "install gnupg, or name a path") from None
    except subprocess.TimeoutExpired:
        raise LabError("gpgv", f"it took longer than {ASKING_SECONDS} s", "try again") from None
    if not _good(re.findall(r"^\[GNUPG:\] (.*)$", done.stderr.decode(errors="replace"), re.M)):
        raise LabError("InRelease", "no key of Debian's has signed it", "name another mirror")
    return done.stdout


def _good(status: list[str]) -> bool:
    """Says whether a sound signature stands there, and none that is false (doc/DETAILS of GnuPG). Several keys sign a suite, and
    one that is unknown here is no harm."""
    good, kind = False, ""
    for line in status:
        word, *rest = line.split()
        if word in {"GOODSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG", "BADSIG", "ERRSIG"}:
            kind = word
        if word == "BADSIG":
            return False
        if word == "VALIDSIG" and kind == "GOODSIG" and len(rest) > 7 and rest[7] not in WEAK:
            good = True
    return good


def checked(data: bytes, sha256: str, thing: str) -> bytes:
    """Gives what has this digest. Raises LabError for anything else."""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise LabError(thing, "it is not what was signed (Hash Sum mismatch)", "try again, or name another mirror")
    return data


class Missing(LabError):
    """The archive has no file of that name."""


def fetched(url: str) -> bytes:
    """Downloads a file. Raises Missing for one that is not there, LabError where nothing answers."""
    remedy = "check the network, or name another mirror"
    try:
        with urllib.request.urlopen(url, timeout=ASKING_SECONDS) as answer:  # noqa: S310 (the scheme is that of the named mirror)
            data: bytes = answer.read(LARGEST + 1)
    except urllib.error.HTTPError as error:
        raise (Missing if error.code == 404 else LabError)(url, f"{error.code} {error.reason}", remedy) from None
    except (OSError, ValueError) as error:
        gone = isinstance(getattr(error, "reason", None), FileNotFoundError)  # of a file: URL
        raise (Missing if gone else LabError)(url, str(error), remedy) from None
    if len(data) > LARGEST:
        raise LabError(url, f"it is larger than {LARGEST // MIB} MiB", remedy)
    return data


def unpack(package: bytes, into: Path) -> None:
    """Unpacks what a package installs below `into` (deb(5)). Raises LabError for a file that is no package."""
    try:
        data = next(content for name, content in _members(package) if name.startswith("data.tar"))
        if data.startswith(b"\x28\xb5\x2f\xfd"):
            data = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read()
        with tarfile.open(fileobj=io.BytesIO(data)) as tree:
            tree.extractall(into, filter="tar")
    except (StopIteration, ValueError, tarfile.TarError, lzma.LZMAError, EOFError, zstandard.ZstdError) as error:
        raise LabError("package", f"can't be unpacked ({error or 'it has no data'})", "name another version") from None


def _members(package: bytes) -> Iterator[tuple[str, bytes]]:
    """Yields the files in an ar archive (ar(5)). Raises ValueError for what is none."""
    if not package.startswith(b"!<arch>\n"):
        raise ValueError("no ar archive")
    at = 8
    while at + 60 <= len(package):
        head = package[at : at + 60]
        size = int(head[48:58])
        yield head[:16].decode(errors="replace").rstrip(" /"), package[at + 60 : at + 60 + size]
        at += 60 + size + size % 2
