"""The lab's own programs for guests, built for each architecture, and all that they are linked with."""

from __future__ import annotations

import subprocess
import threading
from functools import cache
from pathlib import Path

from harness.errors import LabError, Unavailable
from harness.linux.architecture import ALL, Architecture
from harness.machine import elf
from probes import build

# Where a cross compiler's package has its libraries, and where a system has those of another architecture of its own.
PLACES = ("/usr/{prefix}/lib", "/usr/{prefix}/sys-root/usr/lib", "/usr/lib/{prefix}", "/lib/{prefix}")
_building = threading.Lock()


def built(architecture: Architecture) -> Path:
    """Gives the directory of the agent and the probe for an architecture; those of another than this host's are built when a
    guest first needs them. Raises Unavailable without its compiler."""
    with _building:
        return _built(architecture)


@cache
def _built(architecture: Architecture) -> Path:
    if not architecture.is_native:
        try:
            build.build_foreign(architecture.compiler)
        except FileNotFoundError:
            reason = f"there is no {architecture.compiler} here, which makes them"
            raise Unavailable(
                f"probes for {architecture.name}", reason, f"install {architecture.compiler_packages}, or use bootstrap --arch"
            ) from None
        except subprocess.CalledProcessError as error:
            raise LabError(
                f"probes for {architecture.name}",
                f"{architecture.compiler} refused them (exit status {error.returncode}); its messages stand above",
                f"install {architecture.compiler_packages}",
            ) from None
    return build.folder(architecture.compiler)


def on(architecture: Architecture, path: Path) -> Path:
    """Gives the file that a guest of an architecture gets for a program of this host's: the lab's own are built for each."""
    return build.folder(architecture.compiler) / path.name if path.parent == build.BUILD else path


def why_not(architecture: Architecture, path: Path) -> str | None:
    """Says why a program can't run in a guest of an architecture: it is not here, or for another one. None if it can."""
    if not path.exists():
        return (
            f"this host has no {path}: run ./bootstrap, or install the package that it is from "
            "(allocators: libjemalloc2, libtcmalloc-minimal4)"
        )
    found = elf.read(path)
    runs = {one.elf for one in ALL.values() if architecture.machine in one.native_on}
    return f"this host's {path.name} is no program for {architecture.name}" if found and found.machine not in runs else None


@cache
def libraries(program: Path, architecture: Architecture) -> dict[str, Path]:
    """Maps the paths at which a program for another architecture than this host's looks for its loader and libraries to those
    that its compiler came with. Raises LabError for one that is not there."""
    places = [Path(place.format(prefix=architecture.prefix)) for place in PLACES]
    found: dict[str, Path] = {}
    asked = [program]
    while asked:
        told = elf.read(asked.pop())
        if told is None:
            raise LabError(str(program), "it is no program", "remove probes/build: it is built again")
        names = [told.interpreter.lstrip("/")] if told.interpreter else []
        for name in [*names, *(f"lib/{one}" for one in told.needed)]:
            if Path(name).name in {Path(one).name for one in found}:
                continue
            library = next((place / Path(name).name for place in places if (place / Path(name).name).exists()), None)
            if library is None:
                raise LabError(str(program), f"its library {name} is not here", f"install {architecture.compiler_packages}")
            found[name] = library
            asked.append(library)
    return found
