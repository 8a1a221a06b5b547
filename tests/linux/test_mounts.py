"""The parser of /proc/PID/mountinfo."""

from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from harness.errors import LabError
from harness.linux import mounts

TEXT = r"""27 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,discard,errors=remount-ro
22 27 0:21 / /proc rw,nosuid - proc proc rw
30 27 0:26 / /mnt rw shared:9 master:3 propagate_from:1 - tmpfs tmpfs rw
31 27 0:27 /part\040one /mnt rw - ext4 /dev/loop\0430 ro
32 27 0:28 / /mnt/a\040blank\011tab\134slash\012line ro,noexec unbindable - tmpfs  rw
33 27 0:4 net:[4026532209] /run/netns/one rw - nsfs nsfs rw
"""
BLANK = "/mnt/a blank\ttab\\slash\nline"


def test_every_field() -> None:
    root = mounts.parse(TEXT)[0]
    assert root == mounts.Mount(
        number=27,
        parent=1,
        device="254:1",
        root="/",
        point="/",
        options=("rw", "relatime"),
        kind="ext4",
        source="/dev/vda1",
        super_options=("rw", "discard", "errors=remount-ro"),
    )


def test_any_number_of_optional_fields() -> None:
    assert [mount.kind for mount in mounts.parse(TEXT)] == ["ext4", "proc", "tmpfs", "ext4", "tmpfs", "nsfs"]


def test_escapes() -> None:
    found = mounts.parse(TEXT)
    assert (found[3].root, found[3].source) == ("/part one", "/dev/loop#0")
    assert (found[4].point, found[4].source) == (BLANK, "")  # a file system may be mounted from nothing
    assert found[5].root == "net:[4026532209]"


def test_what_only_looks_like_the_end_of_a_line() -> None:
    (found,) = mounts.parse("30 27 0:26 / /mnt/\x0b\u2028x rw - tmpfs tmpfs rw\n")
    assert found.point == "/mnt/\x0b\u2028x"


@pytest.mark.parametrize("line", ["nonsense", "22 27 0:21 / /proc rw", "x 27 0:21 / /proc rw - proc proc rw", "- - - - - - -"])
def test_what_is_no_mount(line: str) -> None:
    with pytest.raises(LabError, match="no line of mountinfo"):
        mounts.parse(line)


@pytest.mark.parametrize(
    ("path", "number"),
    [("/", 27), ("/proc/1", 22), ("/mnt", 31), ("/mnt/file", 31), ("/mntx", 27), (f"{BLANK}/file", 32)],
)
def test_what_a_path_lies_on(path: str, number: int) -> None:
    found = mounts.holding(mounts.parse(TEXT), PurePath(path))
    assert found is not None
    assert found.number == number


def test_nothing_is_mounted() -> None:
    assert mounts.parse("\n") == []
    assert mounts.holding([], PurePath("/mnt")) is None


def test_this_system_s_own() -> None:
    found = mounts.parse(Path(mounts.PATH).read_text())
    on = mounts.holding(found, PurePath("/proc/self"))
    assert on is not None
    assert on.kind == "proc"
