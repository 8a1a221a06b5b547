"""Samples: which files are watched on a machine, and their text at named moments and in time series."""

from __future__ import annotations

import errno
from collections.abc import Collection
from itertools import count

from harness.agent import wire
from harness.agent.agent import Agent
from harness.errors import LabError
from harness.evidence.recording import Recorder
from harness.linux import counters

NAMED, SERIES = 1, 2  # enum watch_set of probes/wire.h


class Sampler:
    """Reads the watched files through the agent and writes them to the recording, raw."""

    def __init__(self, agent: Agent, recorder: Recorder) -> None:
        self.agent, self.recorder = agent, recorder
        self.sources: dict[int, str] = {}
        agent.hear_samples(self._series)

    def watch(self, source: str, path: str) -> bool:
        """Watches a file as `source` from now on; returns False where the machine has no such file. Raises LabError once the
        agent watches as many as it can."""
        number = next(free for free in count(1) if free not in self.sources)
        file = counters.FILES.get(source.rsplit("/", 1)[-1])
        if error := self.agent.watch(number, path, NAMED | (SERIES if file and file.series else 0)):
            if error == errno.EINVAL:
                raise LabError(
                    f"counters {source}", f"the agent watches {len(self.sources)} files already", "make fewer probes or groups"
                )
            return False
        self.sources[number] = source
        return True

    def watch_process(self, name: str, pid: int) -> None:
        for file in counters.PROBE:
            self.watch(f"{name}/{file}", f"/proc/{pid}/{file}")

    def unwatch(self, sources: Collection[str]) -> None:
        """Watches these files no more: what they are of is gone."""
        for number in [number for number, source in self.sources.items() if source in sources]:
            self.agent.unwatch(number)
            del self.sources[number]

    def _files(self, text: bytes) -> tuple[int, int, dict[str, str | None]]:
        began, ended, sections = wire.sections(text)
        if unknown := {number for number, _, _ in sections} - self.sources.keys():
            raise wire.nonsense("sample", f"nobody watches a file {min(unknown)}")
        files = {
            self.sources[number]: None if error else content.decode(errors="backslashreplace")
            for number, error, content in sections
        }
        return began, ended, files

    def named(self, name: str) -> None:
        """Records a sample of everything, under a name."""
        self._all("sample", name=name)

    def idle(self) -> None:
        """Records a sample of everything, to be set beside another with nothing in between."""
        self._all("idle")

    def _all(self, event: str, **fields: str) -> None:
        began, ended, files = self._files(self.agent.call("sample", NAMED).text)
        self.recorder.event(event, **fields, began=began, ended=ended, files=files)

    def _series(self, reply: wire.Reply) -> None:
        began, ended, files = self._files(reply.text)
        self.recorder.event("series", began=began, ended=ended, files=files)

    def dry(self) -> None:
        """Takes a sample that is thrown away: what the first reading of a file allocates is there afterwards."""
        self.agent.call("sample", NAMED)

    def start_series(self, rate: int) -> None:
        """Takes so many samples a second, until `stop_series`."""
        self.agent.call("series", 1_000_000_000 // rate)

    def stop_series(self) -> None:
        self.agent.call("series", 0)
