"""Kernel packages of a distribution's archive: listed, downloaded and verified by apt (without apt: plain_archive), never
installed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from harness import cache
from harness.errors import LabError, Unavailable, UsageError
from harness.linux import architecture, flavours, releases
from harness.linux.architecture import Architecture
from harness.machine.kernels import plain_archive

# Releases of Debian that may have a cloud kernel ("duke" follows forky); one that a mirror lacks costs a 404.
RELEASES = ("bullseye", "bookworm", "trixie", "forky", "duke", "sid", "experimental")
ALIASES = ("oldoldstable", "oldstable", "stable", "testing", "unstable")
KEYRINGS = Path("/usr/share/keyrings")
# Ubuntu's sources are asked as they are: only what this ring signed is believed.
UBUNTU_KEYRING = KEYRINGS / "ubuntu-archive-keyring.gpg"
# Debian's kernels of all flavours, and those of Ubuntu that come nearest to its cloud kernels: their unsigned images are
# the same kernels as the signed ones and come from the same build as the modules.
PACKAGE = r"linux-(?P<part>image(?!-\S*(?:{ubuntu})$)|image-unsigned|base|binary|modules)-(?P<release>\d\S*(?:{ends}))"
# Debian's packages of a kernel's source, as its patches leave it.
SOURCE = re.compile(r"linux-source-\d+\.\d+")
# The packages that make a kernel, the image's first: one in Debian up to 6.18, three since 6.19 (`base` has
# the configuration), two in Ubuntu.
PARTS = (("image",), ("binary", "modules", "base"), ("image-unsigned", "modules"))
# An image package below this holds no kernel, it only depends on those that do (about 2 kB in 2026).
LEAST_IMAGE_BYTES = 1 << 20
INDEX_FRESH_S = 24 * 3600.0  # how long a list of offers serves before apt asks the archive again
ASKING_SECONDS = 3600  # apt has deadlines of its own for each connection; this one is for a mirror that trickles
LEAST_ROOM = 256 << 20  # bytes; a kernel's packages, unpacked, take less
APT_HELPER = "/usr/lib/apt/apt-helper"
# What apt's methods say of a file that is not there: "404  Not Found", "File not found".
GONE = re.compile(r"\b404\b|[Nn]ot found|No such file")

# The hooks are cleared because they act on the system. The sandbox user could not write to a user's cache.
# The lists are read here, so apt need not build its own cache of them (3 s and 117 MB for all of Debian).
APT_CONF = """\
Dir::Etc::sourcelist "{root}/sources.list"; Dir::Etc::sourceparts "-"; Dir::Etc::preferencesparts "-";
Dir::State "{root}"; Dir::State::lists "{root}/lists"; Dir::State::status "/dev/null"; Dir::Cache "{root}";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Architectures;
APT::Architecture "{architecture}";
APT::Sandbox::User "root";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::Languages "none"; Acquire::PDiffs "false"; Acquire::GzipIndexes "false";
pkgCacheFile::Generate "false";
"""


@dataclass(frozen=True)
class Package:
    """A package as a signed list describes it; size in bytes."""

    name: str
    version: str
    suite: str
    uri: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Offer:
    """A kernel that can be fetched; size in bytes of all its packages; fetched: it has been."""

    series: str
    release: str
    version: str
    suite: str
    package: str
    size: int
    packages: tuple[Package, ...]
    fetched: bool = False

    @property
    def flavour(self) -> str:
        """Tells how it is configured: "cloud", "amd64", "rt"."""
        return flavours.of(self.release)

    @property
    def name(self) -> str:
        """Gives what is typed for it: "6.12", "6.12-rt"."""
        return flavours.label(self.series, self.flavour)


class Gone(LabError):
    """The archive lists a package that it no longer has."""


def package_pattern(of: Architecture) -> re.Pattern[str]:
    """Gives the pattern of the names of an architecture's packages of kernels."""
    ends = "|".join(map(re.escape, flavours.ends(of)))
    return re.compile(PACKAGE.format(ubuntu="|".join(flavours.UBUNTU), ends=ends))


def offers(*, arch: Architecture | None = None, mirror: str | None = None, age_s: float = INDEX_FRESH_S) -> list[Offer]:
    """Lists what the suites offer, newest first, from a list that is at most age_s seconds old. Raises as `packages` does."""
    return _kernels(arch or architecture.of_host(), packages(arch=arch, mirror=mirror, age_s=age_s))


def packages(*, arch: Architecture | None = None, mirror: str | None = None, age_s: float = INDEX_FRESH_S) -> list[Package]:
    """Lists an architecture's packages of kernels and of their source in all suites, from a list that is at most age_s seconds
    old.

    arch: this host's where none is named. mirror: URL of a Debian mirror; else FOLKLAB_MIRROR, else what the system's own
    sources name. Raises Unavailable without apt, sources or an answer, and UsageError for a mirror that is no URL.
    """
    of = arch or architecture.of_host()
    sources = _sources(of, mirror or os.environ.get("FOLKLAB_MIRROR"))
    key = hashlib.sha256("\n".join([*sources, package_pattern(of).pattern, SOURCE.pattern]).encode()).hexdigest()[:12]
    index = cache.directory("kernels") / f"packages-{key}.json"
    if not index.exists() or time.time() - index.stat().st_mtime > age_s:
        rows = [asdict(package) for package in _listed(of, sources)]
        with cache.replacing(index) as new:
            new.write_text(json.dumps(rows, indent=0))
    try:
        return [Package(**row) for row in json.loads(index.read_text())]
    except (ValueError, TypeError):
        index.unlink()  # it is damaged: the next look asks the archive again
        raise LabError(f"list {index}", "it is damaged, and is removed", "type the same again") from None


def unpack(packages: Iterable[Package], into: Path) -> None:
    """Downloads packages, verifies them and unpacks them below `into`. Raises LabError."""
    with workplace() as root:
        config = _private_root(architecture.of_host(), root, [])
        for package in packages:
            if not has_apt():
                _unpack_plainly(package, into)
                continue
            _unpack(config, package.name, package.uri, f"SHA256:{package.sha256}", into)


def unpack_own(name: str, into: Path) -> None:
    """Downloads a package of the system's own release, verifies it and unpacks it below `into`: what was built for the C
    library that is here. Raises LabError."""
    named = dict.fromkeys((base, suite) for base, suite, _ in _targets())
    with workplace() as root:
        config = _private_root(
            architecture.of_host(), root, [line for base, suite in named for line in _own_sources(base, suite)]
        )
        updated = _run("apt-get", "-c", str(config), "-q", "update")
        # For one release apt's own cache of the lists is small.
        listed = _run("apt-get", "-c", str(config), "-o", "pkgCacheFile::Generate=true", "--print-uris", "download", name)
        found = re.search(r"'(\S+)' \S+ \d+ (\w+:\w+)", listed.stdout)
        if not found:
            raise LabError(
                name, _complaint(listed if updated.returncode == 0 else updated), "install it with the system's package manager"
            )
        _unpack(config, name, found[1], found[2], into)


def has_apt() -> bool:
    """Says whether this system has apt, which knows its archive and its mirror."""
    return shutil.which("apt-get") is not None


def _unpack_plainly(package: Package, into: Path) -> None:
    try:
        data = plain_archive.checked(plain_archive.fetched(package.uri), package.sha256, package.name)
    except plain_archive.Missing as error:
        raise Gone(package.name, error.reason, error.remedy) from None
    plain_archive.unpack(data, into)


def _unpack(config: Path, name: str, uri: str, digest: str, into: Path) -> None:
    file = config.with_name("package.deb")
    # apt's method "file" hands out the original, "copy" makes a file of our own.
    done = _run(APT_HELPER, "-c", str(config), "download-file", re.sub("^file:", "copy:", uri), str(file), digest)
    if done.returncode == 0:
        done = _run("dpkg-deb", "-x", str(file), str(into))
    if done.returncode != 0:
        _require_room(into.parent)
        why = _complaint(done)
        raise (Gone if GONE.search(why) else LabError)(name, why, "try again, or name another mirror")
    file.unlink()


@contextmanager
def workplace() -> Iterator[Path]:
    """Gives a directory inside the cache for half-done work, until the block ends; removes what a killed run has left."""
    place = cache.directory("kernels")
    cache.sweep()
    with cache.workplace(place / "work") as root:
        yield root


def version_key(version: str) -> tuple[object, ...]:
    """Orders versions of packages as dpkg does (deb-version(7)): in a text "~", the end, letters, all else.

    Releases of the kernel are another matter: harness/linux/releases.py.
    """

    def rank(text: str) -> tuple[int, ...]:
        return (*(-1 if c == "~" else ord(c) if c.isalpha() else ord(c) + 256 for c in text), 0)

    epoch, _, rest = version.rpartition(":")
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    texts = [re.findall(r"(\D*)(\d*)", text) for text in (upstream, revision)]
    return int(epoch or 0), *([(rank(text), int(digits or 0)) for text, digits in parts] for parts in texts)


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    try:
        environment = {**os.environ, "LC_ALL": "C"}
        return subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment, timeout=ASKING_SECONDS)
    except subprocess.TimeoutExpired:
        raise Unavailable("the archive", f"{command[0]} got no answer in {ASKING_SECONDS} s", "name another mirror") from None
    except FileNotFoundError:
        raise Unavailable("apt", f"{command[0]} is missing here", "name a kernel by its path") from None


def _require_room(place: Path) -> None:
    """Raises Unavailable where a disk is all but full: apt's own words blame the archive for it."""
    while not place.exists():
        place = place.parent
    if (free := shutil.disk_usage(place).free) < LEAST_ROOM:
        raise Unavailable(
            f"cache {cache.place()}", f"its disk is full ({free >> 20} MiB are free)", "make room, or set FOLKLAB_CACHE"
        )


def _complaint(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line[2:] for line in done.stderr.splitlines() if line[:2] in ("E:", "W:")]
    return (lines or done.stderr.splitlines() or [f"exit status {done.returncode}"])[0].strip()


def _private_root(of: Architecture, root: Path, sources: list[str]) -> Path:
    (root / "lists" / "partial").mkdir(parents=True, exist_ok=True)
    (root / "sources.list").write_text("".join(f"{line}\n" for line in sources))
    config = root / "apt.conf"
    config.write_text(APT_CONF.format(root=root, architecture=of.name))
    return config


def _targets(*options: str) -> Iterator[tuple[str, str, str]]:
    """Yields (base URL, suite, file name in apt's lists) of everything that `apt-get update` would fetch."""
    for line in _run("apt-get", *options, "--print-uris", "update").stdout.splitlines():
        if found := re.match(r"'(\S+)/dists/(\S+?)/(?:InRelease|main/binary-[a-z0-9]+/Packages)\S*' (\S+)", line):
            base, suite, file = found.groups()
            yield base, suite, file


def sources_of(suite: str) -> list[str]:
    """Gives the lines of sources.list for one suite of Debian with its updates, from the archive that the system names.
    Raises Unavailable when it names none."""
    parts = {suite, f"{suite}-updates", f"{suite}-security"}
    return [line for line in _sources(architecture.of_host(), os.environ.get("FOLKLAB_MIRROR")) if line.split()[-2] in parts]


def _sources(of: Architecture, mirror: str | None) -> list[str]:
    """Gives the lines of sources.list to ask. Raises Unavailable when the system names no archive that serves."""
    if not (mirror or has_apt()):
        raise Unavailable(
            "apt",
            "it is missing here, which knows the archive",
            "name a mirror of Debian in FOLKLAB_MIRROR, or a kernel by its path",
        )
    named = {} if mirror else dict.fromkeys((base, suite) for base, suite, _ in _targets())
    if mirror:
        if not re.fullmatch(r"[a-z+]+:/\S+", mirror):
            raise UsageError(f"mirror {mirror!r}", "is no URL", "type --mirror METHOD://HOST/debian")
        named = {(mirror.rstrip("/"), "stable"): None}
    bases: dict[str, bool] = {}
    for base, suite in named:
        if suite.split("-")[0] in RELEASES + ALIASES and not base.startswith("cdrom:"):
            bases[base] = bases.get(base, True) and suite.endswith("-security")
    if bases:
        if not any(bases.values()):  # by custom the security archive lies beside the other
            bases |= {f"{base}-security": True for base in bases}
        return _debian_sources(of, bases)
    if named and UBUNTU_KEYRING.exists():
        option = f"[arch={of.name} target=Packages signed-by={UBUNTU_KEYRING}]"
        return [f"deb {option} {base} {suite} main" for base, suite in named]
    raise Unavailable(
        "the system's apt sources",
        "name no archive of Debian or Ubuntu",
        "name a mirror of Debian with --mirror or FOLKLAB_MIRROR",
    )


def _own_sources(base: str, suite: str) -> Iterator[str]:
    """Yields the lines for a suite that the system's own sources name (Ubuntu has in `universe` what Debian has in
    `main`)."""
    debian = suite.split("-")[0] in RELEASES + ALIASES
    keyring = KEYRINGS / "debian-archive-keyring.gpg" if debian else UBUNTU_KEYRING
    if keyring.exists():
        option = f"[arch={architecture.of_host().name} target=Packages signed-by={keyring}]"
        yield f"deb {option} {base} {suite} main{'' if debian else ' universe'}"


def _debian_sources(of: Architecture, bases: dict[str, bool]) -> list[str]:
    """Gives the lines for every suite that may exist; bases: the URLs, and whether each has the security suites only."""
    keyring = KEYRINGS / "debian-archive-keyring.gpg"
    if not keyring.exists():
        raise Unavailable(
            "Debian's kernels",
            f"{keyring} is missing, which verifies them",
            "install the package debian-archive-keyring (of Fedora: debian-keyring)",
        )
    removed = KEYRINGS / "debian-archive-removed-keys.gpg"
    lines = []
    for base, security in bases.items():
        for release in RELEASES:
            # The keys of the oldest release move to the second ring once its support ends.
            rings = f"{keyring},{removed}" if release == RELEASES[0] and removed.exists() else str(keyring)
            for suffix in ("-security",) if security else ("", "-updates", "-backports"):
                option = f"[arch={of.name} target=Packages signed-by={rings}]"
                lines.append(f"deb {option} {base} {release}{suffix} main")
    return lines


def _listed(of: Architecture, sources: list[str]) -> list[Package]:
    """Lists the packages in the signed lists of all sources that answer. Raises Unavailable if none does."""
    if not has_apt():
        found = plain_archive.lists(sources)
        return [package for base, suite, text in found for package in _linux_packages(of, base, suite, text)]
    with workplace() as root:
        config = _private_root(of, root, sources)
        targets = list(_targets("-c", str(config)))
        # A suite that is missing or badly signed makes this fail and leaves no list: so the lists tell.
        done = _run("apt-get", "-c", str(config), "-q", "update")
        lists = [(base, suite, root / "lists" / file) for base, suite, file in targets if "binary" in file]
        packages = [
            package
            for base, suite, file in lists
            if file.exists()
            for package in _linux_packages(of, base, suite, file.read_bytes())
        ]
        if not packages:
            _require_room(root)
    if not packages:
        raise Unavailable("the archive", _complaint(done), "check the network, or name a kernel by its path")
    return packages


def _linux_packages(of: Architecture, base: str, suite: str, listed: bytes) -> Iterator[Package]:
    pattern = package_pattern(of)
    # A search for bytes: splitting 279 MB of lists into stanzas takes ten times as long.
    text, start = b"\n" + listed + b"\n\n", -1
    while (start := text.find(b"\nPackage: linux-", start + 1)) >= 0:
        stanza = text[start + 1 : text.index(b"\n\n", start)].decode()
        fields = dict(re.findall(r"^(Package|Version|Filename|SHA256|Size): (.*)$", stanza, re.M))
        if pattern.fullmatch(fields["Package"]) or SOURCE.fullmatch(fields["Package"]):
            yield Package(
                fields["Package"], fields["Version"], suite, f"{base}/{fields['Filename']}", fields["SHA256"], int(fields["Size"])
            )


def _kernels(of: Architecture, packages: Iterable[Package]) -> list[Offer]:
    """Makes offers of the kernels of which every part is there, newest first."""
    pattern = package_pattern(of)
    found: dict[tuple[str, str], dict[str, list[Package]]] = {}
    for package in packages:
        if name := pattern.fullmatch(package.name):
            parts = found.setdefault((name["release"], package.version), {})
            parts.setdefault(name["part"], []).append(package)
    made = [_offer(release, version, parts) for (release, version), parts in found.items()]
    return sorted((offer for offer in made if offer), key=lambda o: version_key(o.version), reverse=True)


def _offer(release: str, version: str, parts: dict[str, list[Package]]) -> Offer | None:
    for names in PARTS:
        packages = tuple(parts[name][0] for name in names if name in parts)
        if len(packages) == len(names) and packages[0].size >= LEAST_IMAGE_BYTES:
            suites = ", ".join(dict.fromkeys(package.suite for package in parts[names[0]]))
            size = sum(package.size for package in packages)
            return Offer(releases.series(version), release, version, suites, packages[0].name, size, packages)
    return None
