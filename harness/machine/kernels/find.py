"""Kernels for guests: which are there, which can be had, and what each of them is."""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

from harness import cache
from harness.errors import INTERRUPTED, LabError, Unavailable, UsageError
from harness.linux import architecture, flavours, releases
from harness.linux.architecture import Architecture
from harness.machine.kernels import archive, labels
from harness.machine.kernels.archive import Offer
from harness.machine.kernels.kernel import Kernel, image_digest, kernel_at
from harness.machine.kernels.module_tree import tree_at

__all__ = ["Kernel", "Offer", "by_name", "fetch", "fetched", "installed", "offers"]

DEFAULT_SERIES = "6.12"  # a long-term kernel, and the one that both Debian 12 and Debian 13 offer
# Where packages put what is kept of them: in boot/ those of Ubuntu and of Debian up to 6.18, else with the
# modules. The image comes first, for what is kept is moved away.
LAYOUT = {
    "vmlinuz": ("boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz"),
    "config": ("boot/config-*", "usr/lib/modules/*/config"),
    "modules": ("lib/modules/*", "usr/lib/modules/*"),
}
FETCHING_SECONDS = 3600  # another process may be fetching, over a slow network
UNKNOWN_NAME_AGE_S = 600.0  # a name that a list older than this lacks is worth asking the archive again
log = logging.getLogger(__name__)


def by_name(
    name: str | None = None,
    *,
    arch: Architecture | None = None,
    modules: Path | None = None,
    mirror: str | None = None,
    offline: bool = False,
) -> Kernel:
    """Finds the kernel of that name; the network is used only for one that is not there yet.

    name: a series ("6.1"), one with a flavour ("6.1-rt"), a release or version, a label, a path (of an image, of a system's
    root or of an unpacked package), "sha256:…" or "6.1@sha256:…"; None: the default series, or else the newest kernel that
    can be had. arch: this host's, or that which a release names, where none is given. modules: a module tree instead of the
    kernel's own. mirror: URL of a Debian mirror. Raises UsageError for a name or path that is none, Unavailable for a kernel
    that cannot be had.
    """
    of = arch or (flavours.architecture_of(name.partition("@")[0]) if name else None) or architecture.of_host()
    if name is None:
        kernel = _default(of, mirror, offline)
    elif os.sep in name or Path(name).is_file():
        kernel = kernel_at(Path(name))
    else:
        kernel = labels.find(name) or _named(name, of, mirror, offline)
    if arch and kernel.architecture is not arch:
        raise UsageError(f"kernel {name}", f"is one for {kernel.architecture.name}, not {arch.name}", "leave out --arch")
    return replace(kernel, modules=tree_at(modules, kernel.release)) if modules else kernel


def fetch(name: str, *, arch: Architecture | None = None, mirror: str | None = None) -> Kernel:
    """Fetches the newest kernel of a series, or of a release or version, that the archive delivers, unless that is there
    already.

    Raises UsageError for a name that no suite offers, Unavailable when the archive does not answer, LabError
    when it does not deliver.
    """
    of = arch or flavours.architecture_of(name) or architecture.of_host()
    gone: list[Offer] = []
    listed = _offered(name, of, mirror)
    while True:
        try:
            return _stored_once(listed[0])
        except archive.Gone as error:
            log.info("%s %s is gone from the archive (%s)", listed[0].package, listed[0].version, error.reason)
            gone.append(listed[0])
            if len(gone) == 1:  # it may have been replaced since it was listed
                listed = _offered(name, of, mirror, age_s=0)
            listed = [offer for offer in listed if offer not in gone]
            if not listed:
                raise


def offers(*, arch: Architecture | None = None, mirror: str | None = None) -> list[Offer]:
    """Lists what the suites offer, newest first. Raises Unavailable when the archive does not answer."""
    return [replace(offer, fetched=_stored(offer) is not None) for offer in archive.offers(arch=arch, mirror=mirror)]


def fetched(arch: Architecture | None = None) -> list[Kernel]:
    """Lists the kernels of an architecture (this host's) in the cache, newest first; the newest of a series
    and flavour is labelled so, others by release."""
    found = [_load(info) for info in cache.place("kernels").glob("*/info.json")]
    those = [kernel for kernel in found if kernel and kernel.architecture is (arch or architecture.of_host())]
    kernels = sorted(those, key=lambda k: archive.version_key(k.version), reverse=True)
    newest = {kernel.name: kernel for kernel in reversed(kernels)}
    return [replace(one, label=one.name) if newest[one.name] is one else one for one in kernels]


def installed() -> list[Kernel]:
    """Lists the kernels of this system that its user can read, newest first."""
    kernels: dict[str, Kernel] = {}
    for image in [*Path("/boot").glob("vmlinuz-*"), *Path("/usr/lib/modules").glob("*/vmlinuz")]:
        try:
            kernel = kernel_at(image)
        except UsageError:
            continue
        kernels.setdefault(kernel.release, kernel)
    return sorted(kernels.values(), key=lambda k: releases.order(k.release), reverse=True)


# How a name is understood


def _default(of: Architecture, mirror: str | None, offline: bool) -> Kernel:
    """Finds the default series; where it cannot be had, the newest kernel fetched, offered or installed."""
    kernels = fetched(of)
    for kernel in kernels:
        if kernel.label == DEFAULT_SERIES:
            return kernel
    try:
        return _obtained(DEFAULT_SERIES, of, mirror, offline)
    except LabError as error:
        why = error
    if not kernels and isinstance(why, UsageError):
        # The archive answered, but has no such series (Ubuntu's): its newest serves.
        kernels = [fetch(archive.offers(arch=of, mirror=mirror)[0].release, arch=of, mirror=mirror)]
    kernels = kernels or [kernel for kernel in installed() if kernel.architecture is of]
    if not kernels:
        raise why
    log.warning("%s; using %s from %s", why, kernels[0].release, kernels[0].source)
    return kernels[0]


def _named(name: str, of: Architecture, mirror: str | None, offline: bool) -> Kernel:
    wanted, pin = _parsed(name)

    def fits(kernel: Kernel) -> bool:
        return (
            kernel.architecture is of
            and kernel.digest.startswith(pin)
            and (wanted is None or wanted.means(kernel.release, kernel.version))
        )

    def picked(kernel: Kernel) -> bool:  # a digest names the flavour too
        return fits(kernel) and (bool(pin) or wanted is None or wanted.picks(kernel.release, kernel.version))

    if kernel := _first(picked, fetched(of)):
        return kernel
    # An exact one of the system's own is as good as a fetched one; of a series the archive has the newest.
    exact = wanted is None or wanted.version != releases.series(wanted.version)
    if (pin or exact) and (kernel := _first(fits, installed())):
        return kernel
    if not wanted:
        raise Unavailable(f"kernel {name}", "none here has this digest", "add its series: SERIES@sha256:…")
    try:
        kernel = _obtained(name.partition("@")[0], of, mirror, offline)
    except LabError:
        if kernel := _first(fits, installed()):
            return kernel
        raise
    if not fits(kernel):
        raise Unavailable(
            f"kernel {name}",
            f"the archive now has {kernel.release}, {kernel.digest}",
            "name the release to which the digest belongs",
        )
    return kernel


def _parsed(name: str) -> tuple[flavours.Name | None, str]:
    """Reads name and digest of "6.12", "sha256:…" or "6.12@sha256:…", None and "" for the one that is not given."""
    typed, at, pin = ("", "@", name) if name.startswith("sha256:") else name.partition("@")
    if at and not re.fullmatch(r"sha256:[0-9a-f]{8,64}", pin):
        raise UsageError(f"kernel {name!r}", "is no digest", "type sha256: and at least 8 of its hex digits")
    wanted = flavours.parsed(typed)
    if not wanted and (typed or not at):
        raise _unknown(name, architecture.of_host(), [])
    return wanted, pin


def _first(fits: Callable[[Kernel], bool], kernels: list[Kernel]) -> Kernel | None:
    return next(filter(fits, kernels), None)


def _obtained(name: str, of: Architecture, mirror: str | None, offline: bool) -> Kernel:
    here = f"fetched are: {', '.join(kernel.label for kernel in fetched(of)) or 'none'}"
    if offline:
        raise Unavailable(f"kernel {name}", "is not fetched", here)
    try:
        return fetch(name, arch=of, mirror=mirror)
    except Unavailable as error:
        reason = f"cannot be fetched: {error.thing}: {error.reason}"
        raise Unavailable(f"kernel {name}", reason, f"{error.remedy} ({here})") from None


def _offered(name: str, of: Architecture, mirror: str | None, age_s: float = archive.INDEX_FRESH_S) -> list[Offer]:
    """Lists the offers that a name picks, the newest first. Raises UsageError for a name that picks none."""
    wanted = flavours.parsed(name)
    for age in (age_s, min(age_s, UNKNOWN_NAME_AGE_S)):
        listed = archive.offers(arch=of, mirror=mirror, age_s=age) if wanted else []
        if wanted and (picked := [offer for offer in listed if wanted.picks(offer.release, offer.version)]):
            return picked
    raise _unknown(name, of, listed)


def _unknown(name: str, of: Architecture, listed: list[Offer]) -> UsageError:
    names = [kernel.label for kernel in fetched(of)] + [offer.name for offer in listed] or [DEFAULT_SERIES]
    if len(_numbers(name)) > 2:
        names += [offer.release for offer in listed]
    asked = flavours.parsed(name)

    def far(other: str) -> tuple[list[int], bool]:
        parsed = flavours.parsed(other)
        return _distance(name, other), bool(asked and parsed and asked.flavour != parsed.flavour)

    nearest = sorted(dict.fromkeys(names), key=far)[:3]
    return UsageError(f"kernel {name!r}", "no kernel has this name", f"nearest: {', '.join(nearest)}")


def _numbers(name: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", name)[:3]]


def _distance(one: str, other: str) -> list[int]:
    return [abs(a - b) for a, b in zip_longest(_numbers(one), _numbers(other), fillvalue=0)]


# The cache of fetched kernels


def _home(offer: Offer) -> Path:
    return cache.place("kernels") / f"{offer.release}_{offer.version.replace(':', '_')}"


def _stored(offer: Offer) -> Kernel | None:
    return _first(lambda kernel: kernel.image.parent == _home(offer), fetched(flavours.architecture_of(offer.release)))


def _load(info: Path) -> Kernel | None:
    """Loads a fetched kernel, None if it is damaged. It is read only where its state is another than the last time."""
    try:
        home, record = info.parent, json.loads(info.read_text())
        kernel = Kernel(image=home / "vmlinuz", modules=home / "modules", config=home / "config", **record["kernel"])
        if cache.state_of(kernel.image) != record["stamp"]:
            if image_digest(kernel.image) != kernel.digest:
                raise ValueError
            _vouch(info, {"kernel": record["kernel"], "stamp": cache.state_of(kernel.image)})
        releases.checked(kernel.release, "release")
        return kernel
    except (OSError, ValueError, KeyError, TypeError, UsageError):
        cache.warn_once(f"kernel {info.parent.name} in the cache: it is damaged, and is fetched anew where it is needed")
    return None


def _vouch(info: Path, record: Mapping[str, object]) -> None:
    with suppress(Unavailable), cache.replacing(info) as new:  # a cache that can't be written to is read all the same
        new.write_text(json.dumps(record, indent=1))


def _stored_once(offer: Offer) -> Kernel:
    """Fetches an offer unless this or another process already has: one at a time over all of the user's."""
    try:
        with cache.lock(cache.directory("kernels") / ".lock", "the cache of kernels", seconds=FETCHING_SECONDS):
            if not (kernel := _stored(offer)):
                log.info("fetching Linux %s (%d MB)", offer.release, offer.size // 10**6)
                kernel = _store(offer)
            return kernel
    except OSError as error:
        remedy = "make room, or name another place in FOLKLAB_CACHE"
        raise LabError("the cache of kernels", str(error), remedy) from None


def _store(offer: Offer) -> Kernel:
    """Puts an offer into the cache, all or nothing: image, modules, configuration, and a record of them."""
    with archive.workplace() as place:
        tree, home = place / "tree", place / "home"
        archive.unpack(offer.packages, tree)
        home.mkdir()
        for name, patterns in LAYOUT.items():
            found = [path for pattern in patterns for path in tree.glob(pattern)]
            if not found:
                raise LabError(offer.package, f"has no {name} in it", "name another version")
            found[0].replace(home / name)
        kernel = kernel_at(home / "vmlinuz")
        record = {
            "label": kernel.release,
            "release": kernel.release,
            "source": f"{offer.package} {offer.version} ({offer.suite})",
            "digest": kernel.digest,
            "version": offer.version,
        }
        cache.discard(_home(offer))
        home.replace(_home(offer))
        info = {"kernel": record, "stamp": cache.state_of(_home(offer) / "vmlinuz")}
        _vouch(_home(offer) / "info.json", info)
    stored = _stored(offer)
    if stored is None:
        raise LabError(f"kernel {offer.package}", f"{_home(offer)} was changed while it was written", "try again")
    return stored


def main() -> int:
    """Makes sure that a kernel is there: python -m harness.machine.kernels.find [NAME]."""
    parser = argparse.ArgumentParser(prog="python -m harness.machine.kernels.find", description=main.__doc__)
    parser.add_argument("name", nargs="?", help="a series, a release, a path or a digest; default 6.12")
    parser.add_argument("--arch", help="amd64, arm64 or i386; default this host's")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        given = parser.parse_args()
        by_name(given.name, arch=architecture.named(given.arch) if given.arch else None)
    except LabError as error:
        print(error, file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
