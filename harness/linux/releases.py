"""Releases of the kernel as `uname -r` names them: what one may look like, their series, and their order. Pure.

Versions of distributions' packages are another matter, with epochs and "~" (deb-version(7)): they are ordered in
harness/machine/kernels/archive.py.
"""

from __future__ import annotations

import math
import re
from typing import TypeAlias

from harness.errors import UsageError

Order: TypeAlias = tuple[tuple[int, ...], float, list[tuple[str, int]]]
# uname(2) gives 64 bytes and a final zero to a release (include/uapi/linux/utsname.h, __NEW_UTS_LEN). Characters: those
# of the releases and labels that distributions and the kernel's own LOCALVERSION make.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+~-]{0,63}")


def checked(name: str, thing: str) -> str:
    """Gives a release or label that may become part of a path and be shown anywhere. thing: what it is the name of.

    Raises UsageError for any other: with a slash it would lead out of its directory, with an escape sequence it would act
    on a terminal. Whatever comes from an image, a guest, a file of a run, an archive or a command line is asked here first.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{thing} {ascii(name)[:80]}",
            "it is no name of a kernel",
            "one has letters, digits and _ . + ~ - in it, begins with a letter or digit, and is 64 bytes long at most",
        )
    return name


def series(release: str) -> str:
    """Gives the first two numbers of a release or version: "6.12" of 6.12.117+deb13-cloud-amd64."""
    numbers = re.match(r"\d+\.\d+", release)
    return numbers[0] if numbers else release


def order(release: str) -> Order:
    """Gives what releases, and series, are compared by: their numbers, then what follows them, numbers in it as numbers.

    A candidate ("7.3-rc2", "7.3.0-rc2") comes before the release that it is one of, and 7.3 is 7.3.0.
    """
    numbers = re.match(r"[\d.]*", release)
    first = numbers[0] if numbers else ""
    parts = [int(part) for part in first.split(".") if part]
    candidate = re.search(r"(?<![a-z])rc(\d+)", release)
    rest = release[candidate.end() if candidate else len(first) :]
    return (
        (*parts, *[0] * (3 - len(parts))),
        int(candidate[1]) if candidate else math.inf,
        [(text, int(digits or 0)) for text, digits in re.findall(r"(\D*)(\d*)", rest)],
    )


def within(release: str, since: str | None, until: str | None) -> bool:
    """Says whether a release or series is `since` or later and before `until`; None leaves that end open."""
    here = order(release)
    return (since is None or here >= order(since)) and (until is None or here < order(until))
