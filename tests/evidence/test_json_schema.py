"""The published JSON schema: it is current, describes every key, takes what the lab writes and refuses what it never would."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness import catalogue, paths
from harness.evidence import json_schema
from harness.false_evidence.made import write_run
from harness.verdicts import run_cells
from tests.commands import CLAIM, invoke
from tests.refuting import swappiness_more, tmpfs_dropped

SCHEMA = json.loads(json_schema.PATH.read_text("utf-8"))
REFERENCE = paths.ROOT / "results" / "reference" / "verdicts.json"


def validate(document: Any) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


def test_it_is_current() -> None:
    assert json_schema.text() == json_schema.PATH.read_text("utf-8"), "python -m harness.evidence.json_schema writes it anew"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_key_is_described_and_no_other() -> None:
    keys = {f"{name}.{key}" for name, part in SCHEMA["$defs"].items() for key in part["properties"]}
    assert keys == set(json_schema.KEYS)


def test_the_reference() -> None:
    validate(json.loads(REFERENCE.read_text("utf-8")))
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--schemafile", str(json_schema.PATH), str(REFERENCE)], capture_output=True
    )
    assert done.returncode == 0, done.stdout


def test_verdicts_of_a_mechanism_and_of_a_rate(tmp_path: Path) -> None:
    for name, claim, made in (
        ("one", "tmpfs-unreclaimable", [tmpfs_dropped.GOOD] * 3),
        ("two", "swappiness-higher-swaps-more", [swappiness_more.made(10)] * 3),
    ):
        run = write_run(tmp_path / name, catalogue.find(claim)[0], made, {"lru": "classic"})
        document = run_cells.document(run, [judged.outcome for judged in run_cells.judge_run(run)])
        assert any("rate" in entry for row in document["verdicts"] for entry in row["quantities"]) == (name == "two")
        validate(json.loads(json.dumps(document)))


@pytest.mark.guest
def test_a_real_run(tmp_path: Path) -> None:
    done = invoke("run-experiment", CLAIM, "--trials", "1", "--json", "--results", str(tmp_path))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    validate(found)
    assert {row["memory_total"] >> 20 for row in found["verdicts"]} <= set(range(64, 1 << 20))


DAMAGES: list[Callable[[Any], object]] = [
    lambda document: document.pop("arch"),
    lambda document: document.update(schema=2),
    lambda document: document.update(seal="md5:0"),
    lambda document: document["verdicts"][0].pop("claim"),
    lambda document: document["verdicts"][0].update(verdict="probably"),
    lambda document: document["verdicts"][0].update(trials=-1),
    lambda document: document["verdicts"][0].update(settings={"lru": None}),
    lambda document: document["verdicts"][0]["references"][0].update(must="sometimes"),
    lambda document: document["verdicts"][0]["quantities"][0].update(values=["many"]),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_the_lab_never_writes_is_refused(damage: Callable[[Any], object]) -> None:
    document = json.loads(REFERENCE.read_text("utf-8"))
    document["verdicts"] = document["verdicts"][:1]
    document["seal"] = f"sha256:{0:064}"
    validate(document)
    damage(document)
    with pytest.raises(jsonschema.ValidationError):
        validate(document)
