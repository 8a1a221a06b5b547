"""The source of kernels: Debian's source packages, of which the cache keeps the folders that are asked for."""

from __future__ import annotations

import logging
import tarfile
import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness import cache
from harness.errors import LabError, Unavailable
from harness.linux import releases
from harness.linux.flavours import matches
from harness.machine.kernels import archive
from harness.machine.kernels.archive import Package, version_key

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """What is kept of a kernel's source: the files of some folders, as Debian's patches leave them.

    version: of the package.
    """

    version: str
    file: Path

    @property
    def series(self) -> str:
        return releases.series(self.version)

    @cached_property
    def kept(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self.file)

    @cached_property
    def folders(self) -> frozenset[str]:
        return frozenset(self.kept.comment.decode().split("\n"))

    def read(self, path: str) -> str | None:
        """Reads a file by its path in the tree, None if the tree has none of that name."""
        try:
            return self.kept.read(path).decode(errors="replace")
        except KeyError:
            return None

    def paths(self, folder: str) -> list[str]:
        return [path for path in self.kept.namelist() if path.rpartition("/")[0] == folder]


def source(name: str, folders: Collection[str], *, mirror: str | None = None) -> Source:
    """Gives the newest kept source of a series or version that has these folders, fetched if there is none.

    Raises Unavailable where the archive has none or does not answer.
    """
    kept = [one for one in _kept() if matches(name, one.version)]
    for one in kept:
        if one.folders.issuperset(folders):
            return one
    try:
        return _fetched(name, frozenset(folders).union(*(one.folders for one in kept)), mirror)
    except OSError as error:
        raise Unavailable(f"the source of {name}", str(error), "make room, or name another place in FOLKLAB_CACHE") from None


def _kept() -> list[Source]:
    files = cache.place("sources").glob("linux_*.zip")
    found = [Source(file.stem.partition("_")[2], file) for file in files]
    return sorted(found, key=lambda one: version_key(one.version), reverse=True)


def _offered(name: str, mirror: str | None, age_s: float) -> Iterator[Package]:
    listed = [one for one in archive.packages(mirror=mirror, age_s=age_s) if archive.SOURCE.fullmatch(one.name)]
    for one in sorted(listed, key=lambda one: version_key(one.version), reverse=True):
        if matches(name, one.version):
            yield one


def _fetched(name: str, folders: frozenset[str], mirror: str | None) -> Source:
    """Fetches the newest package that the archive delivers: it lists some that are gone already."""
    why, remedy = "no suite of the archive has its package", "name a series: 6.12"
    for age_s in (archive.INDEX_FRESH_S, 0.0):
        for package in _offered(name, mirror, age_s):
            try:
                return _store(package, folders)
            except LabError as error:
                why, remedy = error.reason, error.remedy
                log.info("%s %s: %s", package.name, package.version, why)
    raise Unavailable(f"the source of {name}", why, remedy)


def _store(package: Package, folders: frozenset[str]) -> Source:
    log.info("fetching the source of Linux %s (%d MB)", package.version, package.size // 10**6)
    kept = cache.directory("sources") / f"linux_{package.version}.zip"
    with archive.workplace() as place, cache.replacing(kept) as file:
        archive.unpack([package], place / "tree")
        tars = list((place / "tree").glob("usr/src/linux-source-*.tar.xz"))
        if not tars:
            raise LabError(package.name, "has no linux-source-*.tar.xz in it", "name another version")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed, tarfile.open(tars[0], "r|xz") as tree:
            packed.comment = "\n".join(sorted(folders)).encode()
            for member in tree:
                path = member.name.partition("/")[2]
                content = tree.extractfile(member) if member.isreg() and path.rpartition("/")[0] in folders else None
                if content:
                    packed.writestr(path, content.read())
    return Source(package.version, kept)
