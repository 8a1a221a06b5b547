"""Flavours of a distribution's kernels: one source, configured for clouds, for machines of all kinds, or for real time."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The end of a release that `uname -r` tells, and its flavour. Debian's are linux-image-cloud-amd64, -amd64 and -rt-amd64,
# Ubuntu's -generic and -kvm.
RELEASE_ENDS = {"-cloud-amd64": "cloud", "-rt-amd64": "rt", "-amd64": "amd64", "-generic": "generic", "-kvm": "kvm"}
# What a name without a flavour means: a kernel with few drivers and the guest's devices at hand, or else Ubuntu's nearest.
DEFAULTS = ("cloud", "generic", "kvm")
OTHERS = ("amd64", "rt")
NAME = re.compile(r"(?P<version>\d+\.\d+\S*?)(?:-(?P<flavour>cloud|rt|generic|kvm)(?:-amd64)?|-(?P<ordinary>amd64))?")


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
    found = NAME.fullmatch(name)
    return Name(found["version"], found["flavour"] or found["ordinary"] or "") if found else None


def of(release: str) -> str:
    """Tells the flavour of a release, "" of one that names none."""
    return next((flavour for end, flavour in RELEASE_ENDS.items() if release.endswith(end)), "")


def label(series: str, flavour: str) -> str:
    """Gives the name under which the newest kernel of a series and flavour is found."""
    return f"{series}-{flavour}" if flavour in OTHERS else series


def matches(wanted: str, *names: str) -> bool:
    """Says whether a name is the wanted one or goes on from it: "6.1" is in 6.1.0-56, but not in 6.12."""
    return any(re.match(re.escape(wanted) + r"(?![0-9A-Za-z])", name) for name in names) or not wanted
