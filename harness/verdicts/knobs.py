"""Which knobs of the kernel a procedure turned, and how they stood when a claim was decided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.claims.claim import Claim, Experiment
from harness.claims.settings import PATHS, read_back
from harness.evidence.recording import Event, Recording, Trial

SYSCTL = "/proc/sys/"
# Files that start something when they are written, and set nothing.
TRIGGERS = {"vm.compact_memory", "vm.drop_caches", "vm.stat_refresh"}
# Below /sys: groups and their limits belong to sandboxes, and tracing is an instrument.
NO_KNOBS = ("/sys/fs/cgroup/", "/sys/kernel/tracing/", "/sys/kernel/debug/")


@dataclass(frozen=True)
class Turn:
    """A write of the procedure that set something: at which event of the recording, which knob, to what."""

    at: int
    path: str
    value: str

    @property
    def knob(self) -> str:
        """Names it as sysctl(8) does, or by its path below /sys."""
        return self.path.removeprefix(SYSCTL).replace("/", ".") if self.path.startswith(SYSCTL) else self.path


def turns(recording: Recording) -> Iterator[Turn]:
    """Finds what was written to knobs of the kernel, and taken, since the settings were pinned."""
    started = False
    for at, event in enumerate(recording.events):
        started = started or event["event"] == "start"
        if not started or event["event"] != "operation" or event["operation"] != "put" or event["error"]:
            continue
        path, _, value = event["text"].partition("\0")
        if path.startswith(SYSCTL) or (path.startswith("/sys/") and not path.startswith(NO_KNOBS)):
            turn = Turn(at, path, value.strip())
            if turn.knob not in TRIGGERS:
                yield turn


def turned(trials: Sequence[Trial]) -> dict[str, list[str]]:
    """Maps knob → the values that the procedure gave it, in order, those of one arm after the other's; a value that was
    there already is left out. Trials do the same: the first that turned any tells."""
    for trial in trials:
        found: dict[str, list[str]] = {}
        for recording in trial.arms.values():
            for turn in turns(recording):
                values = found.setdefault(turn.knob, [])
                if turn.value not in values[-1:]:
                    values.append(turn.value)
        if found:
            return found
    return {}


class _Noted(dict[str, Any]):
    """Records, or operations that were tried under a name; notes the event that each one that is asked for came from."""

    def __init__(self, recording: Noting, found: Iterable[tuple[int, str, Any]]) -> None:
        super().__init__({name: (at, value) for at, name, value in found})
        self._recording = recording

    def __getitem__(self, name: str) -> Any:
        at, value = super().__getitem__(name)
        self._recording.note(at)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default


@dataclass
class Noting(Recording):
    """A recording that notes the last of its events that was asked for."""

    last: int = field(default=-1)

    def note(self, at: int) -> None:
        self.last = max(self.last, at)

    @property
    def records(self) -> dict[str, Any]:
        events = enumerate(self.events)
        return _Noted(self, ((at, event["name"], event["value"]) for at, event in events if event["event"] == "record"))

    @property
    def outcomes(self) -> dict[str, Event]:
        return _Noted(self, ((at, event["outcome"], event) for at, event in enumerate(self.events) if event.get("outcome")))

    def _noted(self, kind: str, **wanted: str) -> None:
        for at, event in enumerate(self.events):
            if event["event"] == kind and all(event[key] == value for key, value in wanted.items()):
                self.note(at)

    def text(self, sample: str, source: str) -> str | None:
        self._noted("sample", name=sample)
        return super().text(sample, source)

    def smaps(self, sample: str, label: str) -> str | None:
        self._noted("smaps", sample=sample, label=label)
        return super().smaps(sample, label)

    def page_data(self, sample: str, label: str) -> tuple[str, bytes] | None:
        self._noted("pages", sample=sample, label=label)
        return super().page_data(sample, label)


def at_decision(experiment: Experiment, claim: Claim, trials: Sequence[Trial], pinned: Mapping[str, str]) -> dict[str, str]:
    """Gives the settings as they stood when the last reading that decides the claim was taken, from those that were pinned
    and what the procedure wrote itself by then. Where arms differ there, a setting keeps the value that was pinned."""
    names = {path: name for name, path in PATHS.items()}
    trial = next((one for one in trials if any(turn.path in names for arm in one.arms.values() for turn in turns(arm))), None)
    if trial is None:
        return dict(pinned)
    noting = {arm: Noting(recording.events) for arm, recording in trial.arms.items()}
    for expect in experiment.expects:
        if expect.claim == claim:
            expect.quantity.read(Trial(trial.number, dict(noting)))
    found: dict[str, set[str]] = {}
    for recording in noting.values():
        if recording.last >= 0:
            for name, value in {**pinned, **_by(recording, recording.last, names)}.items():
                found.setdefault(name, set()).add(value)
    return {**pinned, **{name: next(iter(values)) for name, values in found.items() if len(values) == 1}}


def _by(recording: Recording, last: int, names: Mapping[str, str]) -> dict[str, str]:
    """Maps setting → value, of those that the procedure itself had written before an event."""
    written = {names[turn.path]: turn.value for turn in turns(recording) if turn.at < last and turn.path in names}
    return {name: back for name, text in written.items() if (back := read_back(name, text)) is not None}
