"""Trace events of our own at the kernel's functions, where its tracepoints say too little.

Format: Documentation/trace/kprobetrace.rst (v6.12).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.lab.lab import Lab

EVENTS = "/sys/kernel/tracing/kprobe_events"


def at(lab: Lab, name: str, function: str, *fields: str) -> None:
    """The event "kprobes:NAME" at the entry of a kernel function, each field as "NAME=WHERE:TYPE".

    Skips where the kernel can't be probed there: without kprobes, or where its compiler has inlined the function.
    """
    _define(lab, function, f"p:{name} {function} {' '.join(fields)}")


def on_return(lab: Lab, name: str, function: str, *fields: str) -> None:
    """The event "kprobes:NAME" whenever a kernel function returns ($retval is what). Skips as `at` does."""
    _define(lab, function, f"r:{name} {function} {' '.join(fields)}")


def _define(lab: Lab, function: str, line: str) -> None:
    if lab.hand.attempt.stat(EVENTS).error:
        lab.skip(f"this kernel has no {EVENTS}")
    if error := lab.hand.attempt.put(EVENTS, line, os.O_APPEND).error:
        lab.skip(f"this kernel can't be probed at {function}: {os.strerror(error)}")
