"""available-can-be-filled: it lives, or is killed."""

import signal

from harness.false_evidence.made import Made, cases

ID = "available-can-be-filled"


def ended(asked: int | None) -> Made:
    return Made(outcomes={case: {"ended": status} for case, status in cases(ID, asked, None, signal.SIGKILL).items()})


CONFIRMS = {ID: ended(None)}
REFUTES = {ID: ended(signal.SIGKILL)}
