"""Why a quantity was not read: which of its parts, and what the evidence has instead. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import fields

from harness.claims.counter_file import FileCounter
from harness.claims.outcomes import Outcome, signal_of
from harness.claims.quantities import Change, Counter, FromArm, Pages, Quantity, Recorded
from harness.evidence.recording import Recording, Trial
from harness.linux import counters


def parts(quantity: Quantity) -> Iterator[Quantity]:
    """Yields the quantities that a quantity is made of, itself where it is made of none."""
    inner = [value for item in fields(quantity) if isinstance(value := getattr(quantity, item.name), Quantity)]
    if not inner:
        yield quantity
    for one in inner:
        yield from parts(one)


def why(quantity: Quantity, trial: Trial) -> str:
    """Says what is missing, the nearest name beside it; "" where the evidence does not tell."""
    for part in parts(quantity):
        if part.read(trial) is None and isinstance(part, FromArm):
            arm = getattr(part, "arm", "")
            if arm not in trial.arms:
                return _lack("arm", arm, trial.arms)
            if said := _in(part, trial.arms[arm]):
                return said
    return ""


def _lack(what: str, name: str, there: Collection[str]) -> str:
    near = difflib.get_close_matches(name, there, n=1, cutoff=0.5)
    return f"there is no {what} “{name}”" + (f", but “{near[0]}”" if near else "")


def _in(part: FromArm, recording: Recording) -> str:
    if isinstance(part, Counter):
        return _counter(recording, part.sample, part.counter)
    if isinstance(part, Change):
        return _counter(recording, part.since, part.counter) or _counter(recording, part.until, part.counter)
    if isinstance(part, FileCounter):
        return _file(recording, part.until, part.source) or (_file(recording, part.since, part.source) if part.since else "")
    if isinstance(part, Pages):
        return _pages(recording, part)
    if isinstance(part, Recorded):
        there = recording.records
        return f"the record “{part.record}” holds nothing" if part.record in there else _lack("record", part.record, there)
    if isinstance(part, Outcome) and part.outcome not in recording.outcomes:
        return _lack("operation that was tried as", part.outcome, recording.outcomes)
    return ""


def _file(recording: Recording, sample: str, source: str) -> str:
    if sample not in recording.samples:
        return _lack("sample", sample, recording.samples)
    files = recording.samples[sample]["files"]
    if source not in files:
        return f"at “{sample}” " + _lack("file", source, files)
    return f"at “{sample}” “{source}” could not be read: its process or group was gone" if files[source] is None else ""


def _counter(recording: Recording, sample: str, counter: str) -> str:
    source, key = counters.source_and_key(counter)
    if said := _file(recording, sample, source):
        return said
    if recording.counter(sample, counter) is not None:
        return ""
    keys = counters.file_of(source).parse((recording.text(sample, source) or "").encode())
    return f"at “{sample}” “{source}” " + (f"has no number: {_lack('key', key, keys)}" if key else "holds no number")


def _pages(recording: Recording, part: Pages) -> str:
    at_all = [event for event in recording.events if event["event"] == "pages"]
    if part.sample not in recording.samples:
        return _lack("sample", part.sample, recording.samples)
    there = [event["label"] for event in at_all if event["sample"] == part.sample]
    if part.label not in there:
        return f"at “{part.sample}” " + _lack("range or file", part.label, there)
    return f"mincore of “{part.label}” does not tell “{part.state}”"


def killed(trial: Trial) -> str:
    """Says which probes were ended by a signal during an operation that was no attempt under a name: "probe “a” was killed by
    signal 9 during fill"; "" if none was."""
    found = [
        f"probe “{event.get('target')}” was killed by signal {signal_of(event)} during {event['operation']}"
        for recording in trial.arms.values()
        for event in recording.operations
        if signal_of(event) and "outcome" not in event
    ]
    return "; ".join(dict.fromkeys(found))
