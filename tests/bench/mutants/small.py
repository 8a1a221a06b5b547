"""A small experiment, made to be broken: its file, and its module as the catalogue would have it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

# Notices that its memory is not filled, or half of it; does not notice a write that nothing reads.
SOURCE = '''"""Is memory that was written there?

It is filled, and looked at.
"""
from harness.claims import CONFIRMED, MIB, AtMost, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Pages, pages

SIZE, FLAGS = 8 * MIB, 3
CLAIM = Claim("small", "It is there.", "made up", known=(Known(CONFIRMED, "made up"),))


def fill(lab, probe):
    """Fills some memory beside."""
    probe.map(SIZE).fill()
    return probe.map(SIZE)


def procedure(lab):
    probe = lab.probe()
    written, locked = probe.map(SIZE).fill(), probe.map(SIZE).fill()
    empty = fill(lab, probe)
    locked.lock()
    lab.sample("first")
    written.write()
    lab.sample("looked", pages={"written": written, "locked": locked, "empty": empty})
    lab.record("end", FLAGS)
    probe.end()


def there(label):
    return Pages("looked", label, "anonymous")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    guards=(Guard(Change("vmstat:pswpout", "first", "looked"), Exactly(0), "nothing may be swapped"),),
    expects=(Expect(CLAIM, there("written"), Exactly(pages(SIZE), "all"), AtMost(pages(SIZE) - 1, "not all"),
                    there("locked"), there("empty")),),
)
'''


def module(directory: Path, source: str = SOURCE) -> ModuleType:
    """Loads the experiment from a file in a directory."""
    path = directory / "small.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location("made_up.small", path)
    assert spec
    assert spec.loader
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made
