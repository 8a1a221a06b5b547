"""A tree of modules as modprobe sees it: their files, what is built in, aliases and soft dependencies (modprobe.d(5)).

depmod writes lists into an installed tree (modules.alias, modules.softdep). A package brings none of them, they are made when
it is installed: then the modules are asked themselves, for the aliases of algorithms and of file systems.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from harness import cache
from harness.errors import Unavailable, UsageError
from harness.machine.kernels import modinfo
from harness.machine.kernels.modinfo import Entries, name_of, normal

# The folders of kernel/ whose modules have the aliases that begin so (MODULE_ALIAS_CRYPTO, MODULE_ALIAS_FS). Others are not
# looked for: to unpack an ordinary kernel's four thousand modules takes a minute.
FOLDERS = {"crypto_": ("crypto", "arch/*/crypto"), "fs_": ("fs",)}


# Where a module tree of a release lies below what a user names: the tree itself, what modules_install was given, or a
# package unpacked by dpkg -x.
PLACES = ("", "{release}", "lib/modules/{release}", "usr/lib/modules/{release}")


def tree_at(directory: Path, release: str) -> Path:
    """Finds the tree ("kernel/…") of a release at or below a directory that the user names. Raises UsageError where there is
    none, or where its modules are made for another release."""
    thing = f"modules {directory}"
    for place in (directory / one.format(release=release) for one in PLACES):
        if (place / "kernel").is_dir():
            if (made_for := Tree(place).release()) not in ("", release):
                raise UsageError(thing, f"they are made for {made_for}, the kernel is {release}", "name its own modules")
            return place.absolute()
    raise UsageError(
        thing,
        f"has no module tree of {release}",
        "give the directory that holds kernel/, or the one that modules_install or dpkg -x was given",
    )


@dataclass(frozen=True)
class Tree:
    """The modules below a directory that holds kernel/."""

    place: Path

    def read(self, name: str) -> tuple[bytes, Entries]:
        """Reads a module, unpacked, and its entries. Raises UsageError for one that is damaged."""
        return _read(self.files()[name])

    def files(self) -> dict[str, Path]:
        """Maps the names of all modules to their files."""
        return _files(self.place)

    def builtin(self) -> frozenset[str]:
        """Names the modules that are built into the kernel, and their aliases."""
        return _builtin(self.place)

    @property
    def tells_builtin(self) -> bool:
        """Says whether it is known what is built in."""
        return (self.place / "modules.builtin").is_file()

    def named(self, name: str) -> tuple[str, ...] | None:
        """Resolves a name or alias to modules, as modprobe does; none of what is built in. None: nothing has that name."""
        name = normal(name)
        if name in self.files():
            return (name,)
        if name in self.builtin():
            return ()
        found = tuple(dict.fromkeys(module for pattern, module in self._aliases(name) if fnmatch.fnmatchcase(name, pattern)))
        if found:
            return found
        return () if any(fnmatch.fnmatchcase(name, pattern) for pattern in self.builtin()) else None

    def _aliases(self, name: str) -> tuple[tuple[str, str], ...]:
        if (listed := self.place / "modules.alias").is_file():
            return _listed_aliases(listed)
        folders = next((those for start, those in FOLDERS.items() if name.startswith(start)), ())
        return tuple(pair for folder in folders for pair in _own_aliases(self.place, folder))

    def softdeps(self, name: str, told: Entries) -> tuple[list[str], list[str]]:
        """Gives what shall be loaded before a module, and what after it, where it can be had. told: the module's entries."""
        before: dict[str, None] = {}
        after: dict[str, None] = {}
        for words in [*told.get("softdep", []), *_listed_softdeps(self.place / "modules.softdep").get(name, ())]:
            kind: dict[str, None] | None = None
            for word in words.split():
                if word in ("pre:", "post:"):
                    kind = before if word == "pre:" else after
                elif kind is not None:
                    kind[word] = None
        return list(before), list(after)

    def release(self) -> str:
        """Tells the release that its modules are made for ("vermagic"), "" of a tree without any."""
        for file in self.files().values():
            told = modinfo.entries(file, modinfo.unpacked(file)).get("vermagic", [""])
            return (told[0].split() or [""])[0]
        return ""


@lru_cache(maxsize=32)  # what one kernel's guests are asked for again and again
def _read(file: Path) -> tuple[bytes, Entries]:
    data = modinfo.unpacked(file)
    return data, modinfo.entries(file, data)


@lru_cache
def _files(place: Path) -> dict[str, Path]:
    found = {}
    for directory, _, names in os.walk(place):
        for name in names:
            if name.endswith(modinfo.SUFFIXES):
                found[name_of(name)] = Path(directory, name)
    return found


@lru_cache
def _builtin(place: Path) -> frozenset[str]:
    listed, told = place / "modules.builtin", place / "modules.builtin.modinfo"
    lines = listed.read_text(errors="replace").splitlines() if listed.is_file() else []
    # "crc32c_generic.alias=crypto-crc32c", since 5.2 (scripts/Makefile.vmlinux)
    aliases = re.findall(rb"\0?[^\0.]+\.alias=([^\0]+)", told.read_bytes()) if told.is_file() else []
    return frozenset([*map(name_of, lines), *(normal(alias.decode(errors="replace")) for alias in aliases)])


@lru_cache
def _listed_aliases(listed: Path) -> tuple[tuple[str, str], ...]:
    words = [line.split() for line in listed.read_text(errors="replace").splitlines()]
    return tuple((normal(line[1]), normal(line[2])) for line in words if len(line) == 3 and line[0] == "alias")


@lru_cache
def _own_aliases(place: Path, folder: str) -> tuple[tuple[str, str], ...]:
    """Asks the modules of a folder for their aliases, once: the cache keeps what they say, by their files' names, sizes and
    times."""
    files = sorted(file for root in place.glob(f"kernel/{folder}") for file in _files(root).values())
    states = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    kept = cache.place("aliases") / cache.name_of(states)
    try:
        return tuple((str(alias), str(name)) for alias, name in json.loads(kept.read_text()))
    except (OSError, ValueError, TypeError):
        found = tuple(_aliases_in(files))
    with suppress(Unavailable), cache.replacing(cache.directory("aliases") / kept.name) as new:
        new.write_text(json.dumps(found))
    return found


def _aliases_in(files: list[Path]) -> Iterator[tuple[str, str]]:
    for file in files:
        try:
            told = modinfo.entries(file, modinfo.unpacked(file))
        except UsageError:
            continue  # whoever asks for this one by its name hears of it
        for alias in told.get("alias", []):
            yield normal(alias), name_of(file.name)


@lru_cache
def _listed_softdeps(listed: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in listed.read_text(errors="replace").splitlines() if listed.is_file() else []:
        words = line.split(None, 2)
        if len(words) == 3 and words[0] == "softdep":
            found.setdefault(normal(words[1]), []).append(words[2])
    return found
