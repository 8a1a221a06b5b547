"""Where allocators are looked for; what their absence means."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.claims import settings
from harness.errors import LabError
from harness.machine import allocators
from harness.machine.guest.vm import VM
from harness.machine.host.local import Local
from harness.machine.kernels import archive


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("FOLKLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(allocators, "LIBRARIES", (str(tmp_path / "lib"),))
    return tmp_path


def test_a_program_is_given_what_a_machine_has() -> None:
    for name in settings.CHOICES["malloc"]:
        there = {"LD_PRELOAD": f"/programs/{allocators.ALLOCATORS[name].name}"} if name in allocators.ALLOCATORS else {}
        assert allocators.environment(name) == VM.environment(name) == Local.environment(name) == there
    assert allocators.environment("glibc") == {}


def test_the_system_comes_first(nothing_installed: Path) -> None:
    installed = nothing_installed / "lib/libjemalloc.so.2"
    assert not allocators.find("jemalloc").exists()
    installed.parent.mkdir()
    installed.touch()
    assert allocators.find("jemalloc") == installed


def test_fetched_into_the_cache(nothing_installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unpack(package: str, into: Path) -> None:
        assert package == "libtcmalloc-minimal4"
        (into / "usr/lib").mkdir(parents=True)
        (into / "usr/lib/libtcmalloc_minimal.so.4.5.10").write_text("a library")
        (into / "usr/lib/libtcmalloc_minimal.so.4").symlink_to("libtcmalloc_minimal.so.4.5.10")

    monkeypatch.setattr(archive, "unpack_own", unpack)
    fetched = allocators.fetch("tcmalloc")
    assert fetched == allocators.find("tcmalloc")
    assert fetched.read_text() == "a library"


def test_without_them_bootstrap_goes_on(
    nothing_installed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unpack(package: str, into: Path) -> None:
        raise LabError(package, "no network", "try again")

    monkeypatch.setattr(archive, "unpack_own", unpack)
    assert allocators.main() == 1
    assert "will be skipped" in capsys.readouterr().err
