"""The allocators that heap claims are asked of besides glibc's: where their libraries are, how they come here, and how
a program is given one of them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from harness import cache
from harness.errors import LabError
from harness.machine.kernels import archive

# Where distributions have the libraries of x86-64.
LIBRARIES = ("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/lib64")

GLIBC = "glibc"


@dataclass(frozen=True)
class Allocator:
    """An allocator's library. name: on a machine, below /programs; file: as distributions name it; package: Debian's and
    Ubuntu's."""

    name: str
    file: str
    package: str


ALLOCATORS = {
    "jemalloc": Allocator("libjemalloc.so", "libjemalloc.so.2", "libjemalloc2"),
    # The one without the profiler, which needs libunwind. Where it is called …4t64 the old name is provided.
    "tcmalloc": Allocator("libtcmalloc.so", "libtcmalloc_minimal.so.4", "libtcmalloc-minimal4"),
}


def environment(malloc: str) -> dict[str, str]:
    """Gives the variables with which a program on a machine uses that allocator; none for glibc's own."""
    return {} if malloc == GLIBC else {"LD_PRELOAD": f"/programs/{ALLOCATORS[malloc].name}"}


def _kept(allocator: Allocator) -> Path:
    return cache.place("allocators") / allocator.file


def find(name: str) -> Path:
    """Finds an allocator's library: the system's, else the fetched one; gives where that would be, if there is neither."""
    allocator = ALLOCATORS[name]
    installed = [Path(directory, allocator.file) for directory in LIBRARIES]
    return next((path for path in installed if path.exists()), _kept(allocator))


def fetch(name: str) -> Path:
    """Downloads a library into the cache if it is nowhere yet; nothing is installed. Raises LabError."""
    if (found := find(name)).exists():
        return found
    allocator = ALLOCATORS[name]
    with archive.workplace() as tree:
        archive.unpack_own(allocator.package, tree)
        libraries = [path for path in tree.rglob(allocator.file) if path.exists()]
        if not libraries:
            raise LabError(allocator.package, f"has no {allocator.file} in it", "install it with your package manager")
        cache.directory("allocators")
        with cache.replacing(found) as new:
            new.write_bytes(libraries[0].read_bytes())
        os.chmod(found, 0o755)
    return found


def main() -> int:
    """Makes sure that all are there: python -m harness.machine.allocators. Without them their rows are skipped."""
    status = 0
    for name in ALLOCATORS:
        try:
            fetch(name)
        except (LabError, OSError) as error:
            print(f"{name}: {error}; its rows of the heap claims will be skipped", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
