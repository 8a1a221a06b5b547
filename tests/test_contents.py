"""The contents of the catalogue that are kept: told without loading an experiment, and never when they are out of date."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from harness import catalogue, contents
from harness.paths import ROOT

OWN = '''"""Is nothing asked here?"""
from harness.claims import AtLeast, AtMost, Change, Claim, Expect, Experiment
from .helper import TEXT

def procedure(lab):
    lab.sample("now")

def read(moment):
    return Change("meminfo:Cached", moment, "now")

EXPERIMENT = Experiment(procedure, expects=(Expect(Claim("own-asked", TEXT, "own"), read("now"),
    AtLeast(1, "some"), AtMost(0, "none"), reads_true=read("before"), reads_false=read("after")),))
'''
TELL = """
import json, sys
from pathlib import Path
from harness import catalogue
catalogue.use([Path(one) for one in sys.argv[1:]])
told = [[claim["data"]["text"], claim["known"], one["data"], one["needs"]] for claim, one in catalogue.claim_entries().values()]
found = [[hit.document.claim, hit.score] for hit in catalogue.index().search("can tmpfs be swapped").hits]
wrong = [str(one.error) for one in catalogue.problems()]
ran = [name for name in sys.modules if name.startswith(("experiments.", "own_experiments_")) and name.count(".")]
print(json.dumps({"told": told, "found": found, "wrong": wrong, "loaded": len(ran)}))
"""


class Told(NamedTuple):
    """What a process of its own tells of the catalogue, and how many modules of experiments it loaded for that."""

    told: list[object]
    found: list[object]
    wrong: list[str]
    loaded: int


def tell(cache: Path, *folders: Path) -> Told:
    done = subprocess.run(
        [sys.executable, "-c", TELL, *folders],
        cwd=ROOT,
        env={**os.environ, "FOLKLAB_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    return Told(**json.loads(done.stdout))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Told]:
    """A cache, a folder with an experiment of one's own, and what was told by the process that made the contents of both."""
    cache, own = tmp_path_factory.mktemp("cache"), tmp_path_factory.mktemp("own")
    write(own / "asked.py", OWN)
    write(own / "helper.py", 'TEXT = "Nothing is asked."\n')
    time.sleep(0.2)  # what is as old as the process is not kept
    return cache, own, tell(cache, own)


def write(path: Path, text: str) -> None:
    path.write_text(text)


def test_they_are_told_without_loading_an_experiment(first: tuple[Path, Path, Told]) -> None:
    cache, own, made = first
    assert made.loaded > len(catalogue.load()), "without contents all are loaded"
    assert len(made.told) == len(catalogue.claims()) + 1
    again = tell(cache, own)
    assert again == made._replace(loaded=0)


def test_an_experiment_is_loaded_alone(first: tuple[Path, Path, Told]) -> None:
    cache, own, _ = first
    code = """
import sys
from pathlib import Path
from harness import catalogue
catalogue.use([Path(sys.argv[1])])
experiment, claim = catalogue.find(sys.argv[2])
print(claim.id, sum(name.startswith(("experiments.", "own_experiments_")) and hasattr(module, "EXPERIMENT")
                    for name, module in sys.modules.items()))
"""
    for claim in ("tmpfs-unreclaimable", "own-asked"):
        words = [sys.executable, "-c", code, own, claim]
        done = subprocess.run(
            words, cwd=ROOT, env={**os.environ, "FOLKLAB_CACHE": str(cache)}, capture_output=True, text=True, check=True
        )
        assert done.stdout.split() == [claim, "1"]


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file of as many bytes": lambda own: write(own / "asked.py", OWN.replace("nothing", "anybody")),
    "a helper": lambda own: write(own / "helper.py", 'TEXT = "Somebody is asked."\n'),
    "a new file": lambda own: write(own / "more.py", OWN.replace("own-asked", "own-more")),
    "a file that is gone": lambda own: (own / "asked.py").unlink(),
    "a file that is wrong": lambda own: write(own / "asked.py", OWN.replace("Experiment(procedure", "Experiment(")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_is_told_as_it_is_now(first: tuple[Path, Path, Told], tmp_path: Path, change: str) -> None:
    cache, _, _ = first
    own = tmp_path / "own"
    own.mkdir()
    write(own / "asked.py", OWN)
    write(own / "helper.py", 'TEXT = "Nothing is asked."\n')
    time.sleep(0.2)
    before = tell(cache, own)
    assert tell(cache, own).loaded == 0
    CHANGES[change](own)
    time.sleep(0.2)
    after = tell(cache, own)
    assert after.loaded
    assert (after.told, after.wrong) != (before.told, before.wrong)
    assert tell(cache, own)[:3] == after[:3]


def test_a_file_that_was_changed_while_they_were_made_keeps_nothing(tmp_path: Path) -> None:
    """This process is older than the file: it may have loaded another content of it."""
    own = tmp_path / "own"
    own.mkdir()
    write(own / "asked.py", OWN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOLKLAB_CACHE", str(tmp_path / "cache"))
        contents.keep([own], "claims", [], ["something"])
        assert contents.read([own], "claims") is None
        patch.setattr(contents, "began", time.time_ns)
        time.sleep(0.2)
        contents.keep([own], "claims", [], ["something"])
        assert contents.read([own], "claims") == ["something"]


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": cut,
    "empty": lambda data: b"",
    "another letter": lambda data: data.replace(b"tmpfs", b"tmpfz", 1),
    "no text": lambda data: b"\xff\xfe" + data,
    "another thing": lambda data: b"8c8a6d5e\n[1, 2]",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_contents_cost_only_time(first: tuple[Path, Path, Told], damage: str) -> None:
    cache, own, made = first
    files = sorted((cache / contents.FOLDER).glob("*.json"))
    assert len(files) >= 2
    for file in files:
        file.write_bytes(DAMAGES[damage](file.read_bytes()))
    assert tell(cache, own) == made
    assert tell(cache, own).loaded == 0, "they are made anew"


def test_a_cache_that_can_not_be_written_to_costs_only_time(first: tuple[Path, Path, Told], tmp_path: Path) -> None:
    _, own, made = first
    (tmp_path / "file").write_text("")
    assert tell(tmp_path / "file" / "cache", own) == made


def test_few_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLKLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(contents, "began", time.time_ns)
    time.sleep(0.2)
    for number in range(contents.MOST + 2):
        contents.keep([tmp_path / str(number)], "claims", [], [])
    assert len(list((tmp_path / "cache" / contents.FOLDER).iterdir())) == contents.MOST
