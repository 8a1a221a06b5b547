"""Flavours of a distribution's kernels: one source, configured for clouds, for machines of all kinds, or for real time."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.linux import architecture
from harness.linux.architecture import Architecture

# The end of a release that `uname -r` tells: the architecture ("" where it does not tell that), and the flavour. Debian's are
# linux-image-cloud-amd64, -amd64, -rt-amd64 and their like, Ubuntu's -generic and -kvm.
RELEASE_ENDS = {
    "-cloud-amd64": ("amd64", "cloud"),
    "-rt-amd64": ("amd64", "rt"),
    "-amd64": ("amd64", "amd64"),
    "-cloud-arm64": ("arm64", "cloud"),
    "-rt-arm64": ("arm64", "rt"),
    "-arm64-16k": ("arm64", "16k"),
    "-arm64": ("arm64", "arm64"),
    "-rt-686-pae": ("i386", "rt"),
    "-686-pae": ("i386", "pae"),
    "-686": ("i386", "686"),
    "-generic": ("", "generic"),
    "-kvm": ("", "kvm"),
}
UBUNTU = ("generic", "kvm")
# What a name without a flavour means: a kernel with few drivers and the guest's devices at hand, or else what comes nearest.
DEFAULTS = ("cloud", "pae", *UBUNTU)
NAME = re.compile(r"\d+\.\d+\S*")


@dataclass(frozen=True)
class Name:
    """A kernel as a user names it. version: a series, a release without its flavour, or a package's version; flavour: "" where
    none is named."""

    version: str
    flavour: str = ""

    def means(self, *names: str) -> bool:
        """Says whether a kernel, by its release and version, is one of those that are named."""
        return matches(self.version, *names) and self.flavour in ("", of(names[0]))

    def picks(self, *names: str) -> bool:
        """Says whether it is the one that an archive gives for the name, also where that names no flavour."""
        return self.means(*names) and (bool(self.flavour) or of(names[0]) in DEFAULTS)


def parsed(name: str) -> Name | None:
    """Reads "6.12", "6.12-rt", "6.12.118+deb13-cloud-amd64" or "6.12.118-1"; None for what is no such name."""
    if not NAME.fullmatch(name):
        return None
    ends = {end: flavour for end, (_, flavour) in RELEASE_ENDS.items()}
    ends |= {f"-{flavour}": flavour for flavour in ends.values()}
    for end, flavour in ends.items():
        if name.endswith(end) and NAME.fullmatch(version := name.removesuffix(end)):
            return Name(version, flavour)
    return Name(name)


def of(release: str) -> str:
    """Tells the flavour of a release, "" of one that names none."""
    return _end_of(release)[1]


def architecture_of(release: str) -> Architecture | None:
    """Tells the architecture of a release, None of one that names none."""
    return architecture.ALL.get(_end_of(release)[0])


def _end_of(release: str) -> tuple[str, str]:
    return next((told for end, told in RELEASE_ENDS.items() if release.endswith(end)), ("", ""))


def ends(of_architecture: Architecture) -> tuple[str, ...]:
    """Lists the ends of the releases of an architecture."""
    return tuple(end for end, (name, _) in RELEASE_ENDS.items() if name in ("", of_architecture.name))


def label(series: str, flavour: str) -> str:
    """Gives the name under which the newest kernel of a series and flavour is found."""
    return f"{series}-{flavour}" if flavour and flavour not in DEFAULTS else series


def matches(wanted: str, *names: str) -> bool:
    """Says whether a name is the wanted one or goes on from it: "6.1" is in 6.1.0-56, but not in 6.12."""
    return any(re.match(re.escape(wanted) + r"(?![0-9A-Za-z])", name) for name in names) or not wanted
