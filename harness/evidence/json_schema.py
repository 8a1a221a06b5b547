"""The JSON schema of verdicts.json, made of harness/evidence/schema.py; `python -m harness.evidence.json_schema` writes it."""

from __future__ import annotations

import json
from typing import Any

from harness import paths
from harness.evidence.run_directory import SCHEMA
from harness.evidence.schema import VerdictsFile

PATH = paths.ROOT / "docs" / "verdicts.schema.json"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
DIGEST = {"pattern": "^sha256:[0-9a-f]{64}$"}
VERDICTS = ["confirmed", "refuted", "undecided", "skipped"]
# What stands under each key, in words; and what no type says: which words, how small, in which form.
KEYS: dict[str, tuple[str, dict[str, Any]]] = {
    "VerdictsFile.schema": ("The version of this form.", {"const": SCHEMA}),
    "VerdictsFile.run": ("The run's id; of the reference, the ids of all its runs with + between them.", {"minLength": 1}),
    "VerdictsFile.arch": ("The architecture of the machine, as uname -m says it; of several, all, with commas between them.", {}),
    "VerdictsFile.errors": ("What broke: the lab's errors. No verdict follows from one.", {}),
    "VerdictsFile.verdicts": ("A row for each claim, kernel, machine and setting.", {}),
    "VerdictsFile.cells": ("Cell → the seal of its cell.json. Absent in the reference.", {}),
    "VerdictsFile.seal": ("SHA-256 of all other keys, as JSON in ASCII without spaces, keys in order.", DIGEST),
    "FailureRow.experiment": ("The experiment that broke.", {}),
    "FailureRow.kernel": ("The release that it ran on.", {}),
    "FailureRow.what": ("What happened, in a line.", {}),
    "Row.claim": ("The claim's id, which never changes.", {"minLength": 1}),
    "Row.experiment": ("The experiment that decided it.", {"minLength": 1}),
    "Row.version": ("The version of the experiment's procedure and checks.", {"minimum": 1}),
    "Row.kind": (
        "What a kernel does every time, or what chance, scheduling or history decides.",
        {"enum": ["mechanism", "rate"]},
    ),
    "Row.verdict": ("What was found. Skipped: the machine lacks what it takes, and why says what.", {"enum": VERDICTS}),
    "Row.known": ("What is expected on this kernel under these settings; null where nobody says.", {}),
    "Row.predicted": ("Whether that was written down before anybody measured it; null without a known answer.", {}),
    "Row.kernel": ("The release, as uname -r says it.", {"minLength": 1}),
    "Row.series": ("Its first two numbers.", {"minLength": 1}),
    "Row.config": ("The digest of the kernel's configuration; null where that is not known.", {}),
    "Row.machine": ("vm: a throw-away guest; local: the host itself.", {}),
    "Row.accelerator": ("What the guest's processor was: tcg, kvm; host without a guest.", {}),
    "Row.settings": ("Setting → value, as read back from the kernel when the claim was decided.", {}),
    "Row.turned": ("Knob → the values that the procedure gave it.", {}),
    "Row.repeated": ("How many times the cell was run again because a claim of it was undecided.", {"minimum": 0}),
    "Row.trials": ("Trials that were fixed beforehand.", {"minimum": 0}),
    "Row.valid": ("Trials that no guard made invalid.", {"minimum": 0}),
    "Row.boots": ("Different boots among the valid trials.", {"minimum": 0}),
    "Row.quantities": ("What decided it, one for each expectation.", {}),
    "Row.references": ("Two for each quantity, in the order of the quantities: what must read true, what must read false.", {}),
    "Row.guards": ("The guards that failed, with the trial.", {}),
    "Row.why": ("One sentence with the numbers.", {}),
    "Row.seconds": ("What the machines of its trials took together, without what they waited for a place.", {}),
    "Row.run": ("The id of the run that the row is from, where rows of several runs stand together.", {}),
    "Row.origin": ("Where an experiment is from that is not the catalogue's.", {}),
    "Row.besides": ("What else is to be known, as it was measured.", {}),
    "Row.memory_total": ("MemTotal of the machine, in bytes.", {"minimum": 1}),
    "Row.arch": ("The architecture of the machine, as uname -m says it there.", {"minLength": 1}),
    "Row.page_size": ("The size of its pages, in bytes.", {"minimum": 1}),
    "QuantityRow.name": ("What was read.", {"minLength": 1}),
    "QuantityRow.unit": ("The unit of its values; empty for a bare number.", {}),
    "QuantityRow.if_true": (
        "The range in which it reads if the claim is true; of several trials' ranges each, with | between.",
        {},
    ),
    "QuantityRow.if_false": ("The range in which it reads if the claim is false.", {}),
    "QuantityRow.values": ("What the valid trials read, in order; null where it was not read.", {}),
    "QuantityRow.rate": ("Of a rate: the events of all trials together. The ranges are of the count.", {}),
    "ReferenceRow.name": ("What was read, whose answer is known.", {"minLength": 1}),
    "ReferenceRow.must": ("In which of the quantity's ranges it must be.", {"enum": ["true", "false"]}),
    "ReferenceRow.values": ("What the valid trials read, in order, in the quantity's unit.", {}),
    "RateRow.count": ("In how many events it came about.", {"minimum": 0}),
    "RateRow.events": ("How many events there were.", {"minimum": 0}),
    "RateRow.low": ("The lower end of the 95 % interval of that share.", {"minimum": 0, "maximum": 1}),
    "RateRow.high": ("Its upper end.", {"minimum": 0, "maximum": 1}),
}


def made() -> dict[str, Any]:
    """Makes the schema."""
    import msgspec

    (found,), parts = msgspec.json.schema_components([VerdictsFile], ref_template="#/$defs/{name}")
    for name, part in parts.items():
        part["properties"] = {key: described(f"{name}.{key}", value) for key, value in part["properties"].items()}
    return {"$schema": DIALECT, "title": "verdicts.json", **found, "$defs": parts}


def described(key: str, value: dict[str, Any]) -> dict[str, Any]:
    """Adds to a key's schema what no type says. Raises KeyError for a key that is not described."""
    said, more = KEYS[key]
    return {"description": said, **value, **more}


def text() -> str:
    """Gives the schema as it stands in docs/."""
    return json.dumps(made(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
