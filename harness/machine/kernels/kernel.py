"""One kernel: what its image tells, and what lies beside it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from harness.linux import architecture, flavours, releases
from harness.linux.architecture import Architecture
from harness.machine.kernels import ikconfig
from harness.machine.kernels.image import architecture_of, image_at, is_build, page_size_of, release_of

# Begins the digest of a kernel that is known by its version alone: of this host's own.
BY_VERSION = "version:"


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
    def architecture(self) -> Architecture:
        """Tells what it runs on, by its image; of this host's own kernel, whose image may be unreadable, by the host."""
        return architecture.of_host() if self.digest.startswith(BY_VERSION) else architecture_of(self.image)

    @property
    def page_size(self) -> int:
        """Tells the size of its pages in bytes, by its image; of this host's own kernel by the host."""
        return os.sysconf("SC_PAGE_SIZE") if self.digest.startswith(BY_VERSION) else page_size_of(self.image)

    @property
    def flavour(self) -> str:
        """Tells how its distribution has configured it: "cloud", "rt"; "" of one that does not say so."""
        return flavours.of(self.release)

    @property
    def name(self) -> str:
        """Gives its series, and its flavour where that is not the one of every day: "6.12", "6.12-rt"."""
        return flavours.label(self.series, self.flavour)

    @property
    def series(self) -> str:
        """Gives the first two numbers of the release."""
        return releases.series(self.release)


def kernel_at(path: Path) -> Kernel:
    """Describes the kernel at a path, with what lies beside it, in lib/modules of the same root, or in its build. Raises
    UsageError for what is no kernel."""
    image = image_at(path).absolute()
    release = release_of(image)
    # The root of a system, or of a package that dpkg -x has unpacked: the image lies in boot/, or with the modules.
    depth = 4 if image.match("usr/lib/modules/*/*") else 3 if image.match("lib/modules/*/*") else 1
    root = image.parents[depth] if depth < len(image.parents) else image.parent
    installed = [root / below / release for below in ("lib/modules", "usr/lib/modules")]
    trees = [image.parent, image.parent / "modules", *installed]
    configs = [image.parent / f"config-{release}", image.parent / "config", root / "boot" / f"config-{release}"]
    configs += [tree / "config" for tree in installed]
    if is_build(image):  # a build: its modules lie where they were compiled
        trees.append(image.parents[3])
        configs.append(image.parents[3] / ".config")
    digest = image_digest(image)
    config = next((place for place in configs if place.is_file()), None)
    return Kernel(
        label=str(image),
        release=release,
        image=image,
        modules=next((place for place in trees if (place / "kernel").is_dir()), None),
        config=config or ikconfig.embedded(image, digest),
        source=f"path {image}",
        digest=digest,
    )


def image_digest(image: Path) -> str:
    """Gives "sha256:…" of the whole file."""
    return f"sha256:{hashlib.sha256(image.read_bytes()).hexdigest()}"
