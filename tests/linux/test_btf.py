"""The reader of BTF, on types made by hand and on those of this host's kernel."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from harness.errors import LabError
from harness.linux.btf import ARRAY, FWD, INT, PTR, STRUCT, UNION, Types

HOST = Path("/sys/kernel/btf/vmlinux")
STRINGS = b"\0int\0node\0next\0left\0right\0values\0other\0"


def name(text: str) -> int:
    return STRINGS.index(b"\0" + text.encode() + b"\0") + 1 if text else 0


def one(kind: int, called: str, reference: int, *members: tuple[str, int], rest: bytes = b"") -> bytes:
    """One type as the format has it; members: name and type's number."""
    parts = [struct.pack("<III", name(text), number, 0) for text, number in members]
    return struct.pack("<III", name(called), kind << 24 | len(members), reference) + b"".join(parts) + rest


def made() -> bytes:
    """1 int, 2 struct node, 3 struct node *, 4 a nameless union, 5 an array of 1, 6 struct other, told of only."""
    types = b"".join(
        [
            one(INT, "int", 4, rest=bytes(4)),
            one(STRUCT, "node", 24, ("next", 3), ("", 4), ("values", 5)),
            one(PTR, "", 2),
            one(UNION, "", 8, ("left", 3), ("right", 1)),
            one(ARRAY, "", 0, rest=struct.pack("<III", 1, 1, 8)),
            one(FWD, "other", 0),
        ]
    )
    return struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(STRINGS)) + types + STRINGS


def test_members_with_their_types() -> None:
    assert Types(made()).members("node") == [
        ("next", "struct node *"),
        ("left", "struct node *"),
        ("right", "int"),
        ("values", "int []"),
    ]


def test_what_is_no_struct_has_no_members() -> None:
    assert Types(made()).members("other") is None
    assert Types(made()).members("nothing") is None


def test_other_files_are_refused() -> None:
    with pytest.raises(LabError, match="no BTF"):
        Types(b"\x7fELF" + bytes(60))


@pytest.mark.skipif(not HOST.exists(), reason="this host's kernel has no BTF")
def test_a_real_kernel() -> None:
    members = dict(Types(HOST.read_bytes()).members("list_head") or [])
    assert members == {"next": "struct list_head *", "prev": "struct list_head *"}
