"""Which file of C sources uses which: by the headers that it includes, by the symbols of its object."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from probes import build

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
Uses = dict[str, set[str]]  # a file → the files that it uses


@dataclass(frozen=True)
class Object:
    """The symbols of a compiled file that others see, and those of others that it needs."""

    defines: frozenset[str]
    needs: frozenset[str]


def files(*suffixes: str) -> dict[str, Path]:
    """Finds the sources: path in probes/ → file."""
    found = (path for folder in build.FOLDERS for path in sorted(folder.iterdir()) if path.suffix in suffixes)
    return {str(path.relative_to(build.HERE)): path for path in found}


def includes(texts: Mapping[str, str]) -> Uses:
    """Reads the #include lines: a header is named plainly, whatever its folder. Raises KeyError for one that is not there."""
    places = {Path(name).name: name for name in texts}
    return {name: {places[header] for header in INCLUDE.findall(text)} for name, text in texts.items()}


def symbols(listed: str) -> Object:
    """Reads what `nm` prints."""
    kinds = [line.split()[-2:] for line in listed.splitlines() if line.strip()]
    return Object(
        frozenset(name for kind, name in kinds if kind in set("TDBRVWC")), frozenset(name for kind, name in kinds if kind == "U")
    )


def compile_file(source: Path, into: Path) -> Object:
    """Compiles one file as the build does, but for what needs a C library's header or a linker."""
    subprocess.run(["cc", *build.FLAGS, *build.INCLUDES, "-c", source, "-o", into], check=True)
    return symbols(subprocess.run(["nm", into], check=True, capture_output=True, text=True).stdout)


def compile_all(directory: Path) -> dict[str, Object]:
    """Compiles every C file: path in probes/ → what it defines and needs."""
    sources = files(".c")
    made = [directory / name.replace("/", "-").replace(".c", ".o") for name in sources]
    with ThreadPoolExecutor() as pool:
        return dict(zip(sources, pool.map(compile_file, sources.values(), made), strict=True))


def calls(objects: Mapping[str, Object]) -> Uses:
    """Which object needs a symbol that which other one defines. A program's `main` is nobody's."""
    places = {symbol: name for name, made in objects.items() for symbol in made.defines}
    return {name: {places[symbol] for symbol in made.needs if symbol in places} for name, made in objects.items()}


def circle(uses: Mapping[str, Iterable[str]]) -> list[str]:
    """Finds files that use each other in a circle, the first one again at its end; [] if there are none."""
    try:
        TopologicalSorter(uses).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []
