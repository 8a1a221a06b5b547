"""The parser of /proc/PID/maps."""

import pytest

from harness.errors import LabError
from harness.linux import maps

TEXT = """55d5a0000000-55d5a0004000 r-xp 00002000 fe:10 131074                     /usr/bin/with a space
55d5a0004000-55d5a0005000 rw-p 00000000 00:00 0
7f0000000000-7f0000001000 rw-s 00001000 00:01 1025                       /dev/zero (deleted)
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
"""


def test_parse() -> None:
    text, bss, shared, vsyscall = maps.parse(TEXT)
    assert (text.start, text.length, text.offset, text.inode) == (0x55D5A0000000, 0x4000, 0x2000, 131074)
    assert text.text
    assert text.path == "/usr/bin/with a space"
    assert not bss.inode
    assert not bss.path
    assert not bss.text
    assert shared.shared
    assert not text.shared
    assert vsyscall.execute
    assert not vsyscall.text  # of no file
    assert text.covers(text.start)
    assert not text.covers(text.end)


def test_every_mapping_of_this_process_is_read() -> None:
    with open("/proc/self/maps") as file:
        text = file.read()
    assert len(maps.parse(text)) == len(text.splitlines())


def test_what_is_no_mapping_is_refused() -> None:
    with pytest.raises(LabError, match="no line of"):
        maps.parse("no mapping\n")


def test_flags_of_every_mapping_of_this_process() -> None:
    with open("/proc/self/smaps") as file:
        found = maps.flagged(file.read())
    assert [mapping.path for mapping, _ in found].count("[stack]") == 1
    assert {"rd", "wr", "ac"} <= next(flags for mapping, flags in found if mapping.path == "[stack]")


def test_a_mapping_without_flags_is_refused() -> None:
    with pytest.raises(LabError, match="1 mappings have 0 rows of flags"):
        maps.flagged("1000-2000 r-xp 00000000 fe:00 7 /programs/probe\nSize: 4 kB\n")
