"""Archives of workers, damaged: the files of a cell or one error, and nothing outside of the cell's directory."""

from __future__ import annotations

from pathlib import Path

import zstandard
from hypothesis import given

from harness.errors import LabError
from harness.run import remote
from tests.foreign import QUICK, damaged_bytes

FILES = {"cell.json": b"{}", "trial-1.jsonl.zst": b"recorded", "trial-1.console.log": b"said"}


def packed(directory: Path) -> bytes:
    for name, content in FILES.items():
        (directory / name).write_bytes(content)
    return zstandard.ZstdDecompressor().stream_reader(remote.pack(directory).data).read()


def test_members(tmp_path: Path) -> None:
    tar = packed(tmp_path)

    @QUICK
    @given(damaged_bytes(tar))
    def check(data: bytes) -> None:
        whole = zstandard.ZstdCompressor().compress(data)
        for sent in (data, whole, whole[: len(whole) // 2]):
            try:
                found = dict(remote.members(remote.Archive(sent, remote.digest_of(sent)), tmp_path))
            except LabError:
                continue
            assert all("/" not in name and name not in {"", ".", ".."} for name in found)

    check()
    sound = zstandard.ZstdCompressor().compress(tar)
    assert dict(remote.members(remote.Archive(sound, remote.digest_of(sound)), tmp_path)) == FILES
