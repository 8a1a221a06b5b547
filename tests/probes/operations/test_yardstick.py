"""The yardstick."""

from __future__ import annotations

import errno
from pathlib import Path

from harness.agent.operations import numbers
from harness.agent.target import Target
from harness.lab.probe import Probe
from tests.probes.on_host import descriptors


def test_yardstick(hand: Target) -> None:
    reply = hand.read_rounds(["/proc/meminfo", "/proc/version"], 5, 1_000_000)
    assert reply.value > len(Path("/proc/version").read_text())
    took = numbers(reply.text)
    assert len(took) == 5
    assert sum(took) < reply.nanoseconds - 5 * 1_000_000
    assert hand.attempt.read_rounds(["/proc/version", "/nowhere"], 1).error == errno.ENOENT


def test_what_is_refused_leaves_nothing_open(probe: Probe) -> None:
    before = descriptors(probe.pid)
    assert probe.attempt.read_rounds(["/proc/version", "/nowhere"], 1).error == errno.ENOENT
    assert probe.attempt.read_rounds(["/proc/version"] * 17, 1).error == errno.E2BIG
    assert probe.read_rounds(["/proc/version"] * 16, 1).value > 0
    assert descriptors(probe.pid) == before
