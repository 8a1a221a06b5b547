"""A file of counters that the lab does not know: an experiment's own, with its unit and its noise."""

from __future__ import annotations

from dataclasses import dataclass

from harness.claims.quantities import FromArm, in_pages
from harness.errors import LabError
from harness.evidence.floor import Floor
from harness.evidence.recording import Number, Recording, Trial
from harness.linux import counters


@dataclass(frozen=True)
class CounterFile:
    """A file that holds one number, or lines of a name and a number. Needs(counters=(FILE,)) has it sampled.

    name: its source in samples. path: absolute, or the name of a file that every sandbox has. unit: "KiB", "bytes" (both are
    read as pages), or what is counted. noise: how far a number of it moves with nothing going on, in that unit; it has no
    published floor, so whoever names the file measures it (`invoke try`, or between two samples with nothing in between).
    """

    name: str
    path: str
    unit: str = ""
    noise: int = 0

    def __post_init__(self) -> None:
        if self.name in counters.FILES:
            raise LabError(f"counter file {self.name!r}", "the lab reads a file of that name itself", "use Counter, or rename it")

    @property
    def of_sandbox(self) -> bool:
        return not self.path.startswith("/")

    def at(self, sample: str, key: str = "", *, owner: str = "", arm: str = "") -> FileCounter:
        """Gives a number of it at a named moment. owner: of which sandbox; key: of which line, none for the only number."""
        return FileCounter(self, key, owner, None, sample, arm)

    def change(self, since: str, until: str, key: str = "", *, owner: str = "", arm: str = "") -> FileCounter:
        """Gives how much a number of it grew between two named moments."""
        return FileCounter(self, key, owner, since, until, arm)


@dataclass(frozen=True)
class FileCounter(FromArm):
    """A number of an experiment's own file at a moment, or how much it grew until then."""

    file: CounterFile
    key: str
    owner: str
    since: str | None
    until: str
    arm: str = ""

    @property
    def source(self) -> str:
        return f"{self.owner}/{self.file.name}" if self.owner else self.file.name

    def of(self, recording: Recording) -> Number | None:
        after = self._number(recording.text(self.until, self.source))
        before = 0 if self.since is None else self._number(recording.text(self.since, self.source))
        return None if before is None or after is None else in_pages(after - before, self.file.unit, recording.page_size)

    def _number(self, text: str | None) -> int | None:
        return None if text is None else counters.anything(text.encode()).get(self.key)

    def noise(self, trial: Trial, floor: Floor) -> Number:
        """Gives the larger of what its file declares and of the trial's own, between the two idle samples at its start."""
        recording = trial.arms.get(self.arm)
        if recording is None:
            return 0
        idle = [self._number(text) for text in recording.idle_texts(self.source)]
        before, after = idle if len(idle) == 2 else (None, None)
        own = 0 if before is None or after is None else abs(after - before)
        return in_pages(max(self.file.noise, own), self.file.unit, recording.page_size)

    @property
    def name(self) -> str:
        what = f"{self.source}:{self.key}" if self.key else self.source
        if self.since is None:
            return f"{what} at “{self.until}”"
        return f"growth of {what} from “{self.since}” to “{self.until}”"

    @property
    def unit(self) -> str:
        return "pages" if self.file.unit in {"KiB", "bytes"} else self.file.unit
