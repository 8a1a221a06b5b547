"""What the pages of each range were, at each moment that looked at them: for the report, and page by page for a reader.

from harness.evidence import recording
from harness.reports import microscope
read = recording.read(Path("results/runs/…/experiments/tmpfs-dropped/trial-1.jsonl.zst"))
microscope.frame(read, "dropped", "tmpfs")
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from harness.evidence.recording import Recording
from harness.linux import pages

if TYPE_CHECKING:
    import pandas as pd

ROWS = 80  # a report shows so many at most: the rest is in the evidence
# A column for each state that says more than others here: lists, not "on LRU"; both ways of being mapped.
STATES = (
    *pages.KINDS,
    "active anon",
    "inactive anon",
    "active file",
    "inactive file",
    "unevictable",
    "mlocked",
    "dirty",
    "writeback",
    "swap cache",
    "thp",
    "huge",
    "exclusive",
    "shared",
)
CACHE = ("in cache", "not in cache")


@dataclass(frozen=True)
class Look:
    """One range at one moment. how: "pagemap", or "mincore" for a file; counts: state → pages, those that occur.

    mapped: how often its frames are mapped, least and most. shared: other ranges of that moment → frames in common,
    the page of zeros apart."""

    moment: str
    label: str
    how: str
    size: int
    counts: dict[str, int]
    mapped: tuple[int, int] | None
    shared: dict[str, int]

    @property
    def mapped_text(self) -> str:
        """Says how often its frames are mapped: "1", "1 to 3", "" where there is no frame."""
        return "" if self.mapped is None else " to ".join(dict.fromkeys(map(str, self.mapped)))

    @property
    def shared_text(self) -> str:
        return ", ".join(f"{count:,} with {label}" for label, count in self.shared.items())


def looks(recording: Recording) -> list[Look]:
    """Lists every range that was looked at, in the order of the procedure."""
    events = [event for event in recording.events if event["event"] == "pages"]
    found: list[Look] = []
    for _, of_moment in groupby(events, key=lambda event: event["sample"]):
        found += _at_one_moment(
            [(event["sample"], event["label"], event["kind"], base64.b64decode(event["data"])) for event in of_moment]
        )
    return found


def _at_one_moment(ranges: Sequence[tuple[str, str, str, bytes]]) -> list[Look]:
    import numpy as np

    tables = {label: np.frombuffer(data, "<u8").reshape(-1, 3) for _, label, kind, data in ranges if kind == "pagemap"}
    present = {label: table[table[:, 0] & np.uint64(pages.PRESENT) != 0] for label, table in tables.items()}
    # The kernel's one page of zeros is everybody's: it is no frame in common.
    frames = {
        label: np.unique(some[some[:, 1] & np.uint64(pages.ZERO_PAGE) == 0, 0] & np.uint64(pages.FRAME))
        for label, some in present.items()
    }
    found = []
    for moment, label, kind, data in ranges:
        if kind == "mincore":
            resident = pages.resident(data)
            counts = {name: count for name, count in zip(CACHE, (resident, len(data) - resident), strict=True) if count}
            found.append(Look(moment, label, kind, len(data), counts, None, {}))
            continue
        counts = {state: count for state in STATES if (count := pages.count(data, state))}
        times = present[label][:, 2]
        common = {
            other: len(np.intersect1d(frames[label], theirs, assume_unique=True))
            for other, theirs in frames.items()
            if other != label
        }
        found.append(
            Look(
                moment,
                label,
                kind,
                len(tables[label]),
                counts,
                (int(times.min()), int(times.max())) if len(times) else None,
                {other: count for other, count in common.items() if count},
            )
        )
    return found


def columns(found: Sequence[Look]) -> list[str]:
    """Lists the states that occur in any of them, in a fixed order."""
    return [state for state in (*STATES, *CACHE) if any(state in look.counts for look in found)]


def frame(recording: Recording, moment: str, label: str) -> pd.DataFrame:
    """Makes a table of a range's pages, one by one.

    Each with its kind, its frame (<NA> without one), how often that is mapped, and a column for each other state that some
    page of the range is in. Raises KeyError for a range that was not looked at then.
    """
    import pandas as pd

    found = recording.page_data(moment, label)
    if found is None:
        raise KeyError(f"no range {label!r} was looked at, at {moment!r}")
    how, data = found
    if how == "mincore":
        cached: pd.DataFrame = pd.DataFrame({CACHE[0]: [bool(byte & 1) for byte in data]}).rename_axis("page")
        return cached
    size = pages.ENTRY_SIZE
    entries = [data[at : at + size] for at in range(0, len(data), size)]
    states = {one: [state for state in STATES if pages.count(one, state)] for one in set(entries)}
    made: pd.DataFrame = pd.DataFrame(
        {
            "kind": [next(state for state in states[one] if state in pages.KINDS) for one in entries],
            "frame": pd.array([next(iter(pages.frames(one)), None) for one in entries], dtype="Int64"),
            "mapped": pd.array([times[0] if (times := pages.mapped(one)) else None for one in entries], dtype="Int64"),
            **{
                state: [state in states[one] for one in entries]
                for state in STATES[len(pages.KINDS) :]
                if any(state in of_page for of_page in states.values())
            },
        }
    ).rename_axis("page")
    return made
