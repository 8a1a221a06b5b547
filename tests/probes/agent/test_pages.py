"""Pages."""

from __future__ import annotations

import os

import pytest

from harness.agent.agent import Agent
from harness.lab.probe import Probe
from harness.linux import pages
from tests.probes.on_host import PAGE, SIZE


@pytest.mark.skipif(os.geteuid() != 0, reason="frame numbers are shown to root only")
def test_pages(agent: Agent, probe: Probe) -> None:
    region = probe.map(SIZE)
    region.part(0, 4 * PAGE).fill()
    data = agent.call("pages", probe.pid, region.address, 16).text
    assert (pages.count(data, "resident"), pages.count(data, "absent")) == (4, 12)
    assert pages.count(data, "anonymous") == 4
    shared = probe.map(SIZE, shared=True).fill()
    data = agent.call("pages", probe.pid, shared.address, 16).text
    assert pages.count(data, "shmem") == 16
