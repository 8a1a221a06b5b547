"""read-of-dropped-page-faults: one fault for all of it, and none."""

from typing import Any

from harness.false_evidence.made import Made, cases

ID = "read-of-dropped-page-faults"


def took(faults: int) -> dict[str, Any]:
    return {"minor_faults": faults}


def read(asked: int) -> Made:
    return Made(outcomes={name: took(faults) for name, faults in cases(ID, asked, 70, 0).items()},
                records={f"{ID}.asked: sectors": 8192})


CONFIRMS = {ID: read(1)}
REFUTES = {ID: read(0)}
