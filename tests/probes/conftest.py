"""An agent for each module of tests, its hand, a probe for each test; what the C sources compile to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from harness.agent.agent import Agent
from harness.agent.target import Target, hand_of
from harness.lab.probe import Probe
from tests.probes.objects import Object, compile_all
from tests.probes.on_host import start_agent, start_probe


@pytest.fixture(scope="module")
def agent() -> Iterator[Agent]:
    with start_agent() as found:
        yield found


@pytest.fixture
def hand(agent: Agent) -> Target:
    return hand_of(agent)


@pytest.fixture
def probe(agent: Agent) -> Iterator[Probe]:
    found = start_probe(agent)
    yield found
    found.kill_now()


@pytest.fixture(scope="session")
def objects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Object]:
    """Every C file, by its path in probes/."""
    return compile_all(tmp_path_factory.mktemp("objects"))
