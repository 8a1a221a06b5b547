"""The fuzz targets: each is built and run, finds nothing, and would find what there is to be found."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import Unavailable
from harness.faults import fuzz
from harness.faults.shown import Asked

COUNT = 20_000  # two seconds; `invoke faults --part fuzz` runs 10 million


@pytest.fixture(autouse=True)
def clang() -> None:
    try:
        fuzz.compiler()
    except Unavailable as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("target", fuzz.TARGETS, ids=lambda target: target.name)
def test_nothing_is_found(tmp_path: Path, target: fuzz.Target) -> None:
    (into := tmp_path / "into").mkdir()
    shown = fuzz.run(target, COUNT, 1, tmp_path, into)
    assert shown.holds, shown.said
    assert f"{COUNT:,} executions" in shown.said
    assert not list(into.iterdir())


def test_a_crash_is_found_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A target that reads one byte too many."""
    (tmp_path / "broken.c").write_text(
        "#include <stddef.h>\n#include <stdint.h>\n"
        "int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return data[size] ? 0 : -1; }\n"
    )
    monkeypatch.setattr(fuzz, "HERE", tmp_path)
    monkeypatch.setattr(fuzz, "TARGETS", (fuzz.Target("broken", (), {"one": b"12345"}),))
    (into := tmp_path / "into").mkdir()
    (shown,) = fuzz.show(Asked(COUNT, "", 1, into))
    assert not shown.holds
    assert "heap-buffer-overflow" in shown.said
    assert {path.suffix or path.name[:12] for path in into.iterdir()} == {".log", "broken-crash"}


def test_without_clang_the_part_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Unavailable, match="apt-get install clang"):
        fuzz.compiler()
