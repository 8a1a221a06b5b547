"""The parts of the test bed, wherever they are named."""

from __future__ import annotations

import re
from pathlib import Path

from harness.cli import testbed
from harness.testbed.session import PARTS

ROOT = Path(__file__).resolve().parents[2]


def test_help_names_every_part() -> None:
    assert tuple(re.findall(r"[a-z-]+", testbed.testbed.help["only"].partition(";")[0].replace(" or ", ", "))) == PARTS


def test_docs_name_every_part() -> None:
    text = (ROOT / "docs/local.md").read_text().partition("## The test bed")[2]
    named = [name for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for name in re.findall(r"`(.+?)`", row)]
    assert sorted(named) == sorted(PARTS)
