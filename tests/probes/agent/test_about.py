"""What the agent says of its machine."""

from __future__ import annotations

import os

from harness.agent.agent import Agent
from tests.probes.on_host import PAGE


def test_hello(agent: Agent) -> None:
    info = agent.hello()
    assert info.page_size == PAGE
    assert info.release == os.uname().release
