"""The answer on the terminal: short, and all that matters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness import verdicts
from harness.claims import CONFIRMED, REFUTED
from harness.results import Judged


def where(row: dict[str, Any]) -> str:
    """"6.12.117 (guest, TCG)": kernel and machine."""
    machine = "guest" if row["machine"] == "vm" else "this host"
    accelerator = {"tcg": ", TCG", "kvm": ", KVM"}.get(row["accelerator"], "")
    return f"{row['kernel']} ({machine}{accelerator})"


def setting(axis: dict[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in axis.items())


def lines(judged: Judged, claim: str | None = None) -> Iterator[str]:
    """The answer for a cell's claims (or the one that was asked for): verdict, numbers, references."""
    for verdict, row in zip(judged.verdicts, judged.rows, strict=True):
        if claim is not None and row["claim"] != claim:
            continue
        axis = f"  [{setting(judged.cell['axis'])}]" if judged.cell["axis"] else ""
        surprise = f"  SURPRISE: known answer {row['known']}" if row["known"] not in {None, row["verdict"]} and (
            row["verdict"] in {CONFIRMED, REFUTED}) else ""
        yield (f"{row['claim']}  {row['verdict'].upper()}  on {where(row)}, {row['valid']} of {row['trials']} trials"
               f"{axis}{surprise}")
        yield f"  {verdict.why}"
        for expect, readings in verdict.readings:
            yield f"  {verdicts.reference_phrase(expect, readings)}"
    for failure in judged.failures:
        yield f"{judged.experiment.name}  BROKEN  {failure['what']}"
