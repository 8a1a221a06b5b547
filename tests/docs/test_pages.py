"""The pages that show how it is done: every command and every piece of code on them is run, as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.evidence import run_directory
from harness.paths import ROOT
from tests.commands import invoke
from tests.installed import LENT, PIP, copy_sources

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """A piece of a page: what it is written in, and its text."""

    kind: str
    text: str

    @property
    def name(self) -> str:
        """Gives what its first line says of it: the file that it is, or the recipe."""
        return self.text.partition("\n")[0].removeprefix("# ").removeprefix("recipe: ")


def blocks(page: str) -> list[Block]:
    return [Block(*found) for found in BLOCK.findall((ROOT / "docs" / page).read_text())]


RECIPES = [block for block in blocks("cookbook.md") if block.kind == "python"]


def test_the_cookbook_has_a_recipe_for_each_thing_that_is_done_to_memory() -> None:
    wanted = "allocate touch squeeze swap kill fork share drop limit wait"
    assert [block.name for block in RECIPES] == wanted.split()
    for block in RECIPES:
        lines = [line for line in block.text.splitlines() if line and not line.startswith(("#", "def "))]
        assert len(lines) <= 7, block.name
    assert {block.kind for block in blocks("cookbook.md")} == {"python", "sh"}


@pytest.mark.guest
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda block: block.name)
def test_a_recipe(recipe: Block, tmp_path: Path) -> None:
    (command,) = [block.text.split() for block in blocks("cookbook.md") if block.kind == "sh"]
    assert command[:2] == ["folklab", "try"]
    (tmp_path / command[2]).write_text(recipe.text)
    done = invoke("try", str(tmp_path / command[2]))
    assert done.returncode == 0, done.stdout + done.stderr
    assert SHOWN[recipe.name] in done.stdout


# What `try` shows of a recipe because it does what it says.
SHOWN = {
    "allocate": "absent pages of block",
    "touch": "zero pages of memory",
    "squeeze": "swapped pages of memory",
    "swap": "swapped pages of memory",
    "kill": "victim: fill",
    "fork": "anonymous pages of child",
    "share": "shmem pages of other",
    "drop": "resident pages of tmpfs",
    "limit": "swapped pages of memory",
    "wait": "meminfo:AnonPages",
}


def script(page: str) -> str:
    """Puts a page's blocks together as one script: commands, and files that are written by the name in their first line."""
    lines = ["set -e"]
    for block in blocks(page):
        if block.kind == "sh":
            for line in block.text.splitlines():
                lines.append(line)
                if line.startswith("python3 -m venv"):  # dependencies that are here already need no index
                    lines.append(f'for site in lab/lib/python3*/site-packages; do echo "{LENT}" >"$site/lent.pth"; done')
        elif block.kind == "python":
            lines += [f"mkdir -p {Path(block.name).parent}", f"cat >{block.name} <<'END_OF_BLOCK'", block.text + "END_OF_BLOCK"]
    return "\n".join(lines)


@pytest.mark.guest
def test_the_tutorial(tmp_path: Path) -> None:
    checkout = copy_sources(tmp_path / "checkout")
    kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    environment = {**kept, **PIP, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script("tutorial.md")], cwd=checkout, env=environment, capture_output=True, text=True, timeout=1800
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert "zero pages of read" in said
    assert "it holds to every rule" in said
    assert len(re.findall(r"” — REFUTED\b.*\n  read-memory-is-taken on ", said)) == 2  # the run, and the colleague's judgement
    assert re.search(r"4,096 pages\)? that were read (?:0|none|no page) took memory of", said)
    assert "none of its code was executed" in said
    (run,) = (checkout / "sent-to-a-colleague").iterdir()
    (row,) = run_directory.read_verdicts(run)["verdicts"]
    assert row["verdict"] == "refuted"
    assert list((run / "plots").glob("*.svg"))


def test_the_entry_point_of_the_tutorial_is_the_examples() -> None:
    (toml,) = [block.text for block in blocks("tutorial.md") if block.kind == "toml"]
    assert toml in (ROOT / "tests/example_package/pyproject.toml").read_text()
