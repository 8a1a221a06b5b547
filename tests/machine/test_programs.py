"""Programs for guests: a processor of 64 bits runs those of its 32 bits too, and no others."""

import struct
from pathlib import Path

import pytest

from harness.linux.architecture import ALL
from harness.machine import programs

HEADER = struct.Struct("<4sBBBB8xHHI")


@pytest.mark.parametrize(
    ("guest", "program", "runs"),
    [
        ("amd64", "i386", True),
        ("amd64", "amd64", True),
        ("i386", "amd64", False),
        ("amd64", "arm64", False),
        ("arm64", "i386", False),
    ],
)
def test_what_a_guest_runs(tmp_path: Path, guest: str, program: str, runs: bool) -> None:
    wide = ALL[program].bits == 64
    file = tmp_path / "reach"
    file.write_bytes(HEADER.pack(b"\x7fELF", 2 if wide else 1, 1, 1, 0, 2, ALL[program].elf, 1).ljust(128, b"\0"))
    found = programs.why_not(ALL[guest], file)
    assert found == (None if runs else f"this host's reach is no program for {guest}")
