"""Every claim of the catalogue has a picture, and it does not contradict its verdict: on false evidence for it and against it."""

from __future__ import annotations

import importlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness import catalogue
from harness.claims.claim import CONFIRMED, REFUTED
from harness.evidence import run_directory
from harness.evidence.run_directory import read_cell
from harness.false_evidence.check import Evidence, first_setting
from harness.false_evidence.made import Made, write_run
from harness.reports import readings, tracks
from harness.reports.pictures import claim as pictures
from harness.reports.pictures.claim import Picture
from harness.verdicts.judged import judge_trials
from tests.reports.pictures.test_claim_pictures import texts

AGREES = {CONFIRMED: "✔ as claimed", REFUTED: "✘ not as claimed"}


def picture_of(place: Path, experiment: str, claim: str, made: Made) -> tuple[str, Picture]:
    """The claim's verdict on two trials with this evidence, and its picture."""
    asked = replace(catalogue.load()[experiment], trials=2)
    run = write_run(place, asked, [made] * 2, first_setting(asked))
    directory = run_directory.cell_directory(run, experiment)
    judged = judge_trials(directory, read_cell(directory), asked)
    drawn = {one.claim: one for one in pictures.draw_all(readings.cell(judged), tracks.of_cell(judged))}
    return next(row["verdict"] for row in judged.rows if row["claim"] == claim), drawn[claim]


@pytest.mark.parametrize("name", sorted(one.name for one in catalogue.load().values() if not one.origin))
def test_no_picture_contradicts_its_verdict(name: str, tmp_path: Path) -> None:
    evidence = Evidence.of(importlib.import_module(f"tests.refuting.{name.replace('-', '_')}"))
    for number, claim in enumerate(catalogue.load()[name].claims):
        for wanted, made in ((CONFIRMED, evidence.confirms[claim.id]), (REFUTED, evidence.refutes[claim.id])):
            verdict, found = picture_of(tmp_path / f"{number}-{wanted}", name, claim.id, made)
            assert verdict == wanted
            said = texts(found.svg)
            assert any(re.fullmatch(rf"[✔✘] {wanted.upper()}", text) for text in said), said
            marks = {text for text in said if text in AGREES.values() or text.startswith("? ")}
            assert marks <= {AGREES[wanted]}, (claim.id, marks)
            assert not any(text.startswith("✘ not as it must") for text in said), claim.id
            assert verdict in found.alt
            assert "None" not in said
