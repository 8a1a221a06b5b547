"""Which file something is and what of it was held, read from records; a difference without its sign."""

from __future__ import annotations

from harness.claims.quantities import Quantity, Recorded
from harness.evidence.recording import Recording, Trial
from harness.lab.helpers import files

FILES = {
    "one: file": {"file system": 7, "device": 1, "inode": 2, "links": 0},
    "same: file": {"file system": 7, "device": 1, "inode": 2, "links": 0},
    "elsewhere: file": {"file system": 8, "device": 9, "inode": 2, "links": 1},
}
EVENTS = [{"event": "record", "name": name, "value": value} for name, value in {**FILES, "3": 3, "5": 5}.items()]


def read(quantity: Quantity) -> float | None:
    return quantity.read(Trial(1, {"": Recording(EVENTS)}))


def test_fields() -> None:
    assert read(files.file_system("elsewhere", "its file system")) == 8
    assert read(files.links("one", "its names")) == 0
    assert read(files.links("nobody identified this", "its names")) is None


def test_same_file() -> None:
    assert read(files.same_file("one", "same", "the same")) == 1
    assert read(files.same_file("one", "elsewhere", "one inode number, two devices")) == 0
    assert read(files.same_file("one", "nobody identified this", "the other")) is None


def test_magnitude() -> None:
    difference = abs(Recorded("3") - Recorded("5"))
    assert read(difference) == 2
    assert difference.name == "|3 - 5|"
    assert read(abs(Recorded("nobody recorded this"))) is None


def test_what_was_read_anew_and_what_was_held() -> None:
    line = "  agent-1  [000] ...1.  4.000001: {}: (ext4+0x0/0x10)\n"
    text = line.format("dentry_read") * 3 + line.format("inode_read") * 2
    trial = Trial(1, {"": Recording([{"event": "record", "name": "after", "value": text}])})
    assert files.read_anew("dentries", "after", "read anew").read(trial) == 3
    assert files.still_held("inodes", "after", 3000, "held").read(trial) == 2998
    assert files.still_held("inodes", "nobody looked them up", 3000, "held").read(trial) is None
