"""The archive: what counts as a kernel in a list, whose signature it must bear, which sources are asked."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
from pathlib import Path

import pytest

from harness.errors import Unavailable, UsageError
from harness.linux import flavours
from harness.linux.architecture import AMD64, ARM64, I386, Architecture
from harness.machine.kernels import archive, find

LISTED = """\
Package: linux-image-6.12-cloud-amd64
Version: 6.12.117-1
Filename: pool/meta.deb
Size: 1512
SHA256: 00

Package: linux-image-6.12.9+deb13-cloud-amd64
Version: 6.12.9-1
Filename: pool/6.12.9.deb
Size: 34000000
SHA256: 01

Package: linux-image-6.12.117+deb13-cloud-amd64
Version: 6.12.117-1
Filename: pool/6.12.117.deb
Size: 34000000
SHA256: 02

Package: linux-binary-7.1.13+deb13-cloud-amd64
Version: 7.1.13-1
Filename: pool/alone.deb
Size: 13000000
SHA256: 03

Package: linux-image-7.2.13+deb14-cloud-amd64
Version: 7.2.13-1
Filename: pool/depends.deb
Size: 1916
SHA256: 04

Package: linux-binary-7.2.13+deb14-cloud-amd64
Version: 7.2.13-1
Filename: pool/binary.deb
Size: 13000000
SHA256: 05

Package: linux-modules-7.2.13+deb14-cloud-amd64
Version: 7.2.13-1
Filename: pool/modules.deb
Size: 23000000
SHA256: 06

Package: linux-base-7.2.13+deb14-cloud-amd64
Version: 7.2.13-1
Filename: pool/base.deb
Size: 400000
SHA256: 07

Package: linux-image-unsigned-6.8.0-31-generic
Version: 6.8.0-31.31
Filename: pool/unsigned.deb
Size: 14000000
SHA256: 08

Package: linux-modules-6.8.0-31-generic
Version: 6.8.0-31.31
Filename: pool/generic.deb
Size: 40000000
SHA256: 09

Package: linux-image-6.8.0-31-generic
Version: 6.8.0-31.31
Filename: pool/signed.deb
Size: 14000000
SHA256: 10

Package: linux-image-6.12.117+deb13-amd64
Version: 6.12.117-1
Filename: pool/ordinary.deb
Size: 108000000
SHA256: 12

Package: linux-image-6.12.117+deb13-rt-amd64
Version: 6.12.117-1
Filename: pool/rt.deb
Size: 108000000
SHA256: 13

Package: linux-image-6.12.117+deb13-amd64-dbg
Version: 6.12.117-1
Filename: pool/dbg.deb
Size: 900000000
SHA256: 14

Package: linux-image-6.12.117+deb13-amd64-unsigned
Version: 6.12.117-1
Filename: pool/unsigned.deb
Size: 108000000
SHA256: 15

Package: linux-tools-common
Version: 1
Filename: pool/other.deb
Size: 14000000
SHA256: 11
"""


def test_versions_are_ordered_as_dpkg_orders_them() -> None:
    versions = [
        *("6.1.0", "6.1.0-1", "6.1.10-1", "6.1.9-1", "6.12.117-1~deb12u1", "6.12.117-1", "6.12.117-1.1"),
        *("7.3~rc7-1~exp1", "7.3-1", "7.3.4-1~bpo13+1", "7.3.4-1+b1", "1:5.0-1"),
        *("6.12.90-2", "6.12.90+dfsg-1", "6.12.90a-1", "6.12.90"),
    ]
    for one, other in itertools.combinations(versions, 2):
        dpkg = subprocess.run(["dpkg", "--compare-versions", one, "lt", other]).returncode == 0
        assert (archive.version_key(one) < archive.version_key(other)) == dpkg, (one, other)


def test_what_counts_as_a_kernel_in_a_list() -> None:
    packages = list(archive._linux_packages(AMD64, "file:/archive", "sid", LISTED.encode()))
    found = {offer.release: offer for offer in archive._kernels(AMD64, packages)}
    assert {release: (offer.series, offer.flavour, offer.name) for release, offer in found.items()} == {
        "7.2.13+deb14-cloud-amd64": ("7.2", "cloud", "7.2"),
        "6.12.117+deb13-cloud-amd64": ("6.12", "cloud", "6.12"),
        "6.12.117+deb13-amd64": ("6.12", "amd64", "6.12-amd64"),
        "6.12.117+deb13-rt-amd64": ("6.12", "rt", "6.12-rt"),
        "6.12.9+deb13-cloud-amd64": ("6.12", "cloud", "6.12"),
        "6.8.0-31-generic": ("6.8", "generic", "6.8"),
    }
    assert next(iter(found)) == "7.2.13+deb14-cloud-amd64"
    assert list(found)[-1] == "6.8.0-31-generic"
    split = found["7.2.13+deb14-cloud-amd64"]
    assert (split.series, split.package) == ("7.2", "linux-binary-7.2.13+deb14-cloud-amd64")
    assert split.size == 36_400_000
    assert [package.uri for package in split.packages] == [
        "file:/archive/pool/binary.deb",
        "file:/archive/pool/modules.deb",
        "file:/archive/pool/base.deb",
    ]
    assert found["6.8.0-31-generic"].package == "linux-image-unsigned-6.8.0-31-generic"


@pytest.mark.parametrize(
    ("one", "own"),
    [
        (ARM64, ["6.12.117+deb13-cloud-arm64", "6.12.117+deb13-arm64-16k", "6.12.117+deb13-rt-arm64", "6.12.117+deb13-arm64"]),
        (I386, ["6.1.0-50-686-pae", "6.1.0-50-686"]),
    ],
)
def test_each_architecture_has_packages_of_its_own(one: Architecture, own: list[str]) -> None:
    others = ["6.12.117+deb13-cloud-amd64", "6.12.117+deb13-arm64-64k", "6.12.117+deb13-cloud-arm64-unsigned", "6.8.0-31-kvm"]
    names = [f"linux-image-{release}" for release in [*own, *others]] + ["linux-image-unsigned-6.8.0-31-generic"]
    pattern = archive.package_pattern(one)
    found = [name["release"] for name in map(pattern.fullmatch, names) if name]
    assert found == [*own, "6.8.0-31-generic"]
    assert {flavours.architecture_of(release) for release in own} == {one}


def test_real_offers_have_the_long_term_series() -> None:
    offers = find.offers()
    assert {"5.10", "6.1", "6.12"} <= {offer.name for offer in offers}
    if any(offer.flavour == "cloud" for offer in offers):  # Debian's archive has all flavours of a series
        assert {"6.1-amd64", "6.1-rt", "6.12-amd64", "6.12-rt"} <= {offer.name for offer in offers}
    newest = next(offer for offer in offers if offer.series == "6.12")
    assert newest.size > 10_000_000


def apt_sources(directory: Path, monkeypatch: pytest.MonkeyPatch, text: str, suffix: str = "list") -> None:
    """A system whose sources are these."""
    parts = directory / "parts"
    parts.mkdir()
    (parts / f"system.{suffix}").write_text(text)
    config = directory / "apt.conf"
    config.write_text(
        f'Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "{parts}";\n'
        'Acquire::AllowInsecureRepositories "true"; APT::Get::AllowUnauthenticated "true";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(config))
    monkeypatch.delenv("FOLKLAB_MIRROR", raising=False)


ONE_LINE = """\
deb [arch=amd64] http://mirror.test/debian bookworm main contrib
deb http://mirror.test/debian-security bookworm-security main
deb http://else.test/apt other main
deb-src http://mirror.test/debian bookworm main
"""
DEB822 = """\
Types: deb
URIs: http://mirror.test/debian
Suites: stable stable-updates
Components: main

Types: deb
URIs: http://mirror.test/debian-security
Suites: stable-security
Components: main
"""


@pytest.mark.parametrize(("text", "suffix"), [(ONE_LINE, "list"), (DEB822, "sources")])
def test_sources_of_a_debian_system(text: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt_sources(tmp_path, monkeypatch, text, suffix)
    lines = [line.rpartition("] ")[2] for line in archive._sources(AMD64, None)]
    assert "http://mirror.test/debian bullseye main" in lines
    assert "http://mirror.test/debian trixie-backports main" in lines
    assert "http://mirror.test/debian-security bookworm-security main" in lines
    assert not any("else.test" in line for line in lines)
    assert not any("/debian sid-security" in line or "-security bookworm main" in line for line in lines)


def test_every_source_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt_sources(tmp_path, monkeypatch, ONE_LINE)
    assert all("signed-by=/usr/share/keyrings/debian-archive-" in line for line in archive._sources(AMD64, None))


def test_mirror_by_argument_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line.rpartition("] ")[2] for line in archive._sources(AMD64, "http://mirror.test/debian/")]
    assert "http://mirror.test/debian sid main" in lines
    assert "http://mirror.test/debian-security trixie-security main" in lines
    for bad in ("nonsense", "http://a b", "http://a\ndeb http://b sid main"):
        monkeypatch.setenv("FOLKLAB_MIRROR", bad)
        with pytest.raises(UsageError, match="is no URL"):
            find.offers()


def test_sources_of_an_ubuntu_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt_sources(tmp_path, monkeypatch, "deb http://mirror.test/ubuntu noble main universe\n")
    monkeypatch.setattr(archive, "UBUNTU_KEYRING", tmp_path / "missing.gpg")
    with pytest.raises(Unavailable, match="FOLKLAB_MIRROR"):
        archive._sources(AMD64, None)
    ring = tmp_path / "ring.gpg"
    ring.write_bytes(b"")
    monkeypatch.setattr(archive, "UBUNTU_KEYRING", ring)
    option = f"[arch=amd64 target=Packages signed-by={ring}]"
    assert archive._sources(AMD64, None) == [f"deb {option} http://mirror.test/ubuntu noble main"]


def test_unsigned_archive_offers_nothing(tmp_path: Path, empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the system's configuration would allow it."""
    lists = tmp_path / "debian/dists/trixie/main/binary-amd64/Packages"
    lists.parent.mkdir(parents=True)
    lists.write_text(LISTED)
    digest = hashlib.sha256(LISTED.encode()).hexdigest()
    (tmp_path / "debian/dists/trixie/Release").write_text(
        "Suite: stable\nCodename: trixie\nArchitectures: amd64\nComponents: main\n"
        f"SHA256:\n {digest} {len(LISTED)} main/binary-amd64/Packages\n"
    )
    apt_sources(tmp_path, monkeypatch, "")
    with pytest.raises(Unavailable, match="the archive"):
        archive.offers(mirror=f"file:{tmp_path}/debian")
    assert not list(empty_cache.glob("packages-*"))
