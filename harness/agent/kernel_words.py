"""What a machine's kernel says of an operation that it refuses: the error number alone seldom tells why."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from harness.agent.target import Target
from harness.errors import Denied, LabError, MachineLost

RECORD = re.compile(r"^\d+,(\d+),\d+,[^;]*;(.*)$", re.M)  # Documentation/ABI/testing/dev-kmsg
MOST = 3  # lines of it


def explained(hand: Target, act: Callable[[], object]) -> None:
    """Carries out what a machine may refuse. If it does, tries it once more, and raises the LabError with what the kernel has
    logged meanwhile."""
    try:
        act()
    except (Denied, MachineLost):
        raise
    except LabError:
        before = max((number for number, _ in _records(hand)), default=-1)
        try:
            act()
        except LabError as error:
            said = [text for number, text in _records(hand) if number > before]
            if not said:
                raise
            reason = f"{error.reason}; the kernel says: {' / '.join(said[-MOST:])}"
            raise type(error)(error.thing, reason, error.remedy) from None


def _records(hand: Target) -> list[tuple[int, str]]:
    reply = hand.attempt.slurp("/dev/kmsg", 0, os.O_NONBLOCK)
    text = "" if reply.error else reply.text.decode(errors="replace")
    return [(int(number), said) for number, said in RECORD.findall(text)]
