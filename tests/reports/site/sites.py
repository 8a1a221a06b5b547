"""Sites for tests: of the published reference, of as many kernels as a wide matrix has, and of text that nobody should trust."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from harness import catalogue
from harness.claims.claim import AtMost, Claim, Document, Exactly, Expect, Experiment, Guard, Known
from harness.claims.quantities import Counter
from harness.evidence import run_directory
from harness.evidence.schema import Row
from harness.reports.comparison import rows
from harness.reports.site import subject
from harness.reports.site.subject import Subject

SCRIPT = "<script>window.struck = 1</script>"
HOSTILE = f'{SCRIPT}"><img src=x onerror="window.struck=1">\'&amp;{{{{ 7*7 }}}}\n\x1b[31m\u202egnorw\u2028\x00 {"long" * 400}'


def reference(to: Path) -> Subject:
    """Reads the published reference, copied to where its site may be written."""
    shutil.copytree(rows.REFERENCE, to, ignore=shutil.ignore_patterns("site"), dirs_exist_ok=True)
    return subject.of_reference(to)


def published_series() -> list[str]:
    """Lists the series of the kernels of the published reference, the oldest first."""
    return rows.in_order(row["series"] for row in run_directory.read_verdicts(rows.REFERENCE)["verdicts"])


def wide(to: Path) -> Subject:
    """Makes a matrix of every claim of the catalogue on six kernels and under two settings."""
    to.mkdir()
    kernels = ("5.10", "5.15", "6.1", "6.6", "6.12", "7.2")
    found = tuple(
        row(claim.id, experiment.name, f"{series}.1-cloud-amd64", series, verdict, {"lru": lru})
        for claim, experiment in catalogue.claims().values()
        for series in kernels
        for lru, verdict in (("classic", "confirmed"), ("mglru", "refuted" if series > "6.1" else "confirmed"))
    )
    return Subject(to, "wide", False, found, catalogue.claims())


def row(claim: str, experiment: str, kernel: str, series: str, verdict: str, settings: dict[str, str], text: str = "") -> Row:
    return {
        "claim": claim,
        "experiment": experiment,
        "version": 1,
        "verdict": verdict,
        "known": "confirmed",
        "kernel": kernel,
        "series": series,
        "config": None,
        "machine": "vm",
        "accelerator": text or "tcg",
        "settings": settings,
        "turned": {f"knob{text}": [f"value{text}"]} if text else {},
        "trials": 3,
        "valid": 3,
        "boots": 3,
        "quantities": [{"name": f"Dirty at now{text}", "unit": "KiB", "if_true": "= 0", "if_false": "<= 9", "values": [0, 0, 0]}],
        "references": [
            {"name": f"true{text}", "must": "true", "values": [0]},
            {"name": f"false{text}", "must": "false", "values": [1]},
        ],
        "guards": [],
        "why": f"Nothing was dirty.{text}",
        "seconds": 1.0,
        "run": f"made{text}",
        "kind": "mechanism",
    }


def hostile(to: Path) -> Subject:
    """Makes a run whose every text wants to be more than text: of claims, kernels, settings, commands and errors."""
    to.mkdir()
    claims = (
        Claim(
            f"evil-{SCRIPT}/../../x",
            HOSTILE,
            HOSTILE,
            (Known("refuted", HOSTILE),),
            instead=HOSTILE,
            document=Document(HOSTILE, HOSTILE),
            discovery=HOSTILE,
        ),
        Claim("evil-script-x", HOSTILE, HOSTILE),
    )
    value = Counter("meminfo:Dirty", "now").called(HOSTILE)
    experiment = Experiment(
        lambda lab: None,
        tuple(
            Expect(
                one,
                value,
                Exactly(0, HOSTILE),
                AtMost(-1, HOSTILE),
                Counter("meminfo:Dirty", "true").called(f"true {HOSTILE}"),
                Counter("meminfo:Dirty", "false").called(f"false {HOSTILE}"),
                slack=HOSTILE,
                reference_why=HOSTILE,
            )
            for one in claims
        ),
        guards=(Guard(value, Exactly(0, HOSTILE), HOSTILE),),
        name=f"evil{SCRIPT}",
        question=HOSTILE,
        words=HOSTILE,
        origin=HOSTILE,
    )
    kernels = (f"6.12.1{SCRIPT}", "6.12.2-\u202egnorw", f"6.12.3-{'long' * 60}")
    found = tuple(
        row(claim.id, experiment.name, kernel, "6.12", verdict, {"lru": f"{SCRIPT}{number}"}, HOSTILE)
        for claim in claims
        for kernel in kernels
        for number, verdict in enumerate(("confirmed", "refuted", "undecided"))
    )
    errors = ({"experiment": f"evil{SCRIPT}", "kernel": kernels[0], "what": HOSTILE},)
    return Subject(to, f"run{SCRIPT}", False, found, {one.id: (one, experiment) for one in claims}, errors)


def only(found: Subject, *claims: str) -> Subject:
    """Leaves of a site a few claims, for tests that look at one page."""
    kept = tuple(one for one in found.rows if one["claim"] in claims)
    return replace(found, rows=kept, experiments={name: found.experiments[name] for name in claims})
