"""Trace events of a procedure's block, and events of our own at the kernel's functions, where its tracepoints say too
little.

Formats: Documentation/trace/ftrace.rst, events.rst and kprobetrace.rst (v6.12).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.agent.target import Target
from harness.errors import Skip

TRACING = "/sys/kernel/tracing"
KPROBES = f"{TRACING}/kprobe_events"


def has_event(hand: Target, event: str) -> bool:
    """Says whether the kernel has a trace event, named as in "vmscan:mm_vmscan_kswapd_wake"."""
    return not hand.attempt.stat(f"{TRACING}/events/{event.replace(':', '/')}").error


@contextmanager
def trace(
    hand: Target, record: Callable[[str, str], None], name: str, events: tuple[str, ...], pid: int | None, kib: int
) -> Iterator[list[str]]:
    """Records trace events during a block, as `Lab.trace` says, in a trace instance of its own. record: keeps the text."""
    missing = [event for event in events if not has_event(hand, event)]
    if missing:
        raise Skip(f"this kernel has no trace event {missing[0]}")
    instance = f"{TRACING}/instances/{name.replace(' ', '-')}"
    hand.mkdir(instance)
    try:
        hand.put(f"{instance}/buffer_size_kb", str(kib))
        if pid is not None:
            hand.put(f"{instance}/set_event_pid", str(pid))
        for event in events:
            hand.put(f"{instance}/events/{event.replace(':', '/')}/enable", "1")
        found: list[str] = []
        yield found
        hand.put(f"{instance}/tracing_on", "0")
        found.append(_text(hand, instance))
        record(name, found[0])
    finally:
        hand.attempt.rmdir(instance)


def _text(hand: Target, instance: str) -> str:
    """Reads all that an instance has recorded, in as many replies as it takes, and says in front what did not fit.

    Not from trace_pipe: that prints an event and forgets it, and of the last one before a reply is full it forgets the
    part that did not fit (kernel/trace/trace.c, tracing_read_pipe): one event of each reply was torn.
    """
    text = b""
    while part := hand.slurp(f"{instance}/trace", offset=len(text)).text:
        text += part
    lost = ""
    for cpu in hand.list(f"{instance}/per_cpu").text.decode().split("\0"):
        if cpu.startswith("cpu"):
            stats = hand.slurp(f"{instance}/per_cpu/{cpu}/stats").text.decode()
            missed = sum(map(int, re.findall(r"^(?:overrun|commit overrun|dropped events): (\d+)$", stats, re.M)))
            lost += f"CPU:{cpu.removeprefix('cpu')} [LOST {missed} EVENTS]\n" if missed else ""
    return lost + text.decode(errors="replace")


def at(hand: Target, name: str, function: str, *fields: str) -> None:
    """Defines the event "kprobes:NAME" at the entry of a kernel function, each field as "NAME=WHERE:TYPE"; of several with "|"
    between them, at the first that the kernel has.

    Skips where the kernel can't be probed there: without kprobes, or where its compiler has inlined the function. Fields that it
    refuses where it could be probed are an error of ours.
    """
    _define(hand, function, f"p:{name}", fields)


def on_return(hand: Target, name: str, function: str, *fields: str) -> None:
    """Defines the event "kprobes:NAME" whenever a kernel function returns ($retval is what). Skips as `at` does."""
    _define(hand, function, f"r:{name}", fields)


def _define(hand: Target, function: str, event: str, fields: tuple[str, ...]) -> None:
    if hand.attempt.stat(KPROBES).error:
        raise Skip(f"this kernel has no {KPROBES}")
    for one in function.split("|"):
        whole = " ".join((event, one, *fields))
        if not hand.attempt.put(KPROBES, whole, os.O_APPEND).error:
            return
        if not hand.attempt.put(KPROBES, f"{event} {one}", os.O_APPEND).error:  # so the fields are what it refuses
            hand.put(KPROBES, f"-:{event[2:]}", os.O_APPEND)
            hand.put(KPROBES, whole, os.O_APPEND)  # raises what the kernel says
            return
    named = function.replace("|", " or ")
    raise Skip(f"this kernel can't be probed at {named}: it has no such function, or its compiler has inlined it")
