"""A panic of the kernel under test as a reading, where a claim is about one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from harness.errors import MachineLost, Skip

if TYPE_CHECKING:
    from harness.machine.guest.vm import VM
    from harness.machine.machine import Machine

PANIC = re.compile(r"Kernel panic - not syncing: (.*)")


class Panicked(Exception):
    """The kernel panicked where the procedure asked whether it does: the arm is over, and that is its reading."""


@contextmanager
def reading(machine: Machine, record: Callable[[str, Any], None], name: str) -> Iterator[None]:
    """Records whether the kernel panics within a block, as `Lab.panics` says. Raises Panicked once it has."""
    if machine.name != "vm":
        raise Skip("it may panic the kernel: --machine vm")
    try:
        yield
    except MachineLost:
        said = PANIC.search(cast("VM", machine).console())
        if not said:
            raise
        record(name, 1)
        record(f"{name}: console", said[1].strip())
        raise Panicked from None
    record(name, 0)
