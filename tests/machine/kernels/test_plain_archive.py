"""An archive without apt: signed lists by gpgv, packages by digest; an archive of the test's own, with a key of its own."""

from __future__ import annotations

import hashlib
import io
import lzma
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import zstandard

from harness.errors import LabError, Unavailable
from harness.machine.kernels import archive, find, plain_archive
from harness.machine.kernels.archive import Offer

pytestmark = pytest.mark.skipif(not (shutil.which("gpg") and shutil.which("gpgv")), reason="this host has no gpg and gpgv")


@dataclass
class Mirror:
    """An archive with one suite, and the key that signs it."""

    root: Path
    ring: Path
    home: Path

    def gpg(self, *words: str | Path) -> None:
        command = ["gpg", "--homedir", self.home, "--batch", "--quiet", "--yes", "--pinentry-mode", "loopback", *words]
        subprocess.run([str(word) for word in command], check=True, capture_output=True, stdin=subprocess.DEVNULL)

    def publish(self, offer: Offer, until: str = "") -> None:
        suite = self.root / "dists/trixie"
        (suite / "main/binary-amd64").mkdir(parents=True, exist_ok=True)
        (self.root / "pool").mkdir(exist_ok=True)
        package = offer.packages[0]
        file = Path(package.uri.removeprefix("file:"))
        shutil.copy(file, self.root / "pool/kernel.deb")
        text = (
            f"Package: linux-image-{offer.release}\nVersion: 1\nFilename: pool/kernel.deb\n"
            f"Size: {package.size}\nSHA256: {package.sha256}\n"
        )
        packed = lzma.compress(text.encode())
        (suite / "main/binary-amd64/Packages.xz").write_bytes(packed)
        lines = ["Suite: stable", "Codename: trixie", *([f"Valid-Until: {until}"] if until else []), "SHA256:"]
        lines.append(f" {hashlib.sha256(packed).hexdigest()} {len(packed)} main/binary-amd64/Packages.xz")
        (suite / "Release").write_text("\n".join(lines) + "\n")
        self.gpg("--digest-algo", "SHA512", "--clearsign", "--output", suite / "InRelease", suite / "Release")


@pytest.fixture
def mirror(tmp_path: Path, offer: Offer, empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """On a system without apt, whose keys are the mirror's."""
    (home := tmp_path / "gpg").mkdir(mode=0o700)
    made = Mirror(tmp_path / "debian", tmp_path / "debian-archive-keyring.gpg", home)
    made.gpg("--passphrase", "", "--quick-generate-key", "archive@test", "ed25519", "sign", "never")
    made.gpg("--output", made.ring, "--export", "archive@test")
    made.publish(offer)
    monkeypatch.setattr(archive, "KEYRINGS", tmp_path)
    monkeypatch.setattr(archive, "has_apt", lambda: False)
    monkeypatch.setenv("FOLKLAB_MIRROR", f"file:{made.root}")
    yield made
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=True)


def test_a_kernel_of_an_archive(mirror: Mirror, offer: Offer, kernel: find.Kernel) -> None:
    (found,) = find.offers()
    assert (found.release, found.suite, found.size) == (offer.release, "trixie", offer.size)
    fetched = find.fetch("6.12")
    assert fetched.digest == kernel.digest
    assert fetched.source == f"linux-image-{offer.release} 1 (trixie)"
    assert fetched.modules
    assert fetched.config


def test_what_nobody_has_signed_is_not_believed(mirror: Mirror, offer: Offer) -> None:
    release = mirror.root / "dists/trixie/InRelease"
    sound = release.read_bytes()
    release.write_bytes(sound.replace(b"Suite: stable", b"Suite: stale!"))
    with pytest.raises(Unavailable, match="no key of Debian's has signed it"):
        find.offers()
    release.write_bytes(sound)
    packages = mirror.root / "dists/trixie/main/binary-amd64/Packages.xz"
    packages.write_bytes(lzma.compress(lzma.decompress(packages.read_bytes()).replace(b"Version: 1", b"Version: 2")))
    with pytest.raises(Unavailable, match="Hash Sum mismatch"):
        find.offers()
    mirror.publish(offer)
    (mirror.root / "pool/kernel.deb").write_bytes(b"!<arch>\n")
    with pytest.raises(LabError, match="Hash Sum mismatch"):
        find.fetch("6.12")
    (mirror.root / "pool/kernel.deb").unlink()
    with pytest.raises(archive.Gone):
        find.fetch("6.12")
    assert find.fetched() == []


def test_the_key_of_a_stranger(mirror: Mirror, offer: Offer) -> None:
    mirror.gpg("--passphrase", "", "--quick-generate-key", "stranger@test", "ed25519", "sign", "never")
    mirror.gpg("--output", mirror.ring, "--export", "stranger@test")
    with pytest.raises(Unavailable, match="no key of Debian's has signed it"):
        find.offers()


def test_a_suite_that_is_out_of_date(mirror: Mirror, offer: Offer) -> None:
    mirror.publish(offer, "Sat, 01 Jan 2022 10:00:00 UTC")
    with pytest.raises(Unavailable, match="its signature held until Sat, 01 Jan 2022"):
        find.offers()
    mirror.publish(offer, "Sat, 01 Jan 2180 10:00:00 UTC")
    assert find.offers()


def test_without_apt_and_without_a_mirror(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOLKLAB_MIRROR")
    with pytest.raises(Unavailable, match=r"apt: it is missing here.*FOLKLAB_MIRROR"):
        find.offers()


def test_packages_of_every_compression(tmp_path: Path) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tree:
        entry = tarfile.TarInfo("./boot/vmlinuz-1")
        entry.size = 5
        tree.addfile(entry, io.BytesIO(b"image"))
    data = made.getvalue()
    for end, packed in (("", data), (".xz", lzma.compress(data)), (".zst", zstandard.compress(data))):
        package = b"!<arch>\n"
        for name, content in (("debian-binary", b"2.0\n"), ("control.tar", b"odd"), (f"data.tar{end}", packed)):
            package += (
                f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content + b"\n" * (len(content) % 2)
            )
        plain_archive.unpack(package, tmp_path / f"tree{end}")
        assert (tmp_path / f"tree{end}/boot/vmlinuz-1").read_bytes() == b"image"
    for damaged in (b"", b"no package", b"!<arch>\n" + b"x" * 60, package[:-20]):
        with pytest.raises(LabError, match="can't be unpacked"):
            plain_archive.unpack(damaged, tmp_path / "none")
