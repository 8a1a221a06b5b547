"""Which readings tell a cell's story: those its judge asks for, and those that changed most."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from harness.claims.claim import Experiment, Guard, Premise
from harness.claims.quantities import in_pages, value_of
from harness.evidence.recording import Number, Recording, Trial
from harness.linux import counters
from harness.reports.columns import counter_unit, file_and_key
from harness.verdicts.judged import Judged


@dataclass
class Watched(Recording):
    """A recording that notes what is asked of it, and counts the pages of a range once only."""

    asked: dict[str, None] = field(default_factory=dict)  # counters
    counted: dict[tuple[str, str, str], Number | None] = field(default_factory=dict)  # moment, label, state

    def counter(self, sample: str, counter: str) -> int | None:
        self.asked[counter] = None
        return super().counter(sample, counter)

    def pages(self, sample: str, label: str, state: str) -> Number | None:
        if (sample, label, state) not in self.counted:
            self.counted[sample, label, state] = super().pages(sample, label, state)
        return self.counted[sample, label, state]


@dataclass(frozen=True)
class Asked:
    """What a judge reads of a recording: counters, and states of ranges (label, state)."""

    counters: tuple[str, ...]
    ranges: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Cell:
    """A judged cell and what a report reads of it.

    trials: its trials. whole: those of them that ended well. asked: arm → what the judge reads of the first of those.
    """

    judged: Judged
    trials: tuple[Trial, ...]
    whole: tuple[Trial, ...]
    asked: Mapping[str, Asked]

    @property
    def shown(self) -> Trial | None:
        """Gives the trial whose counters a report shows in full."""
        return self.whole[0] if self.whole else None


def cell(judged: Judged) -> Cell:
    experiment = judged.experiment
    trials = tuple(
        Trial(one.number, {arm: Watched(recording.events, recording.damage) for arm, recording in one.arms.items()})
        for one in judged.trials
    )
    whole = tuple(
        one
        for one in trials
        if set(one.arms) == set(experiment.arms) and all(recording.end["status"] == "ok" for recording in one.arms.values())
    )
    return Cell(judged, trials, whole, asked(experiment, whole[0]) if whole else {})


def asked(experiment: Experiment, trial: Trial) -> dict[str, Asked]:
    """Finds, for each arm, what the judge reads, of quantities of any kind, because it is noted as it is read.

    First what decides, then references, bounds, guards and premises. trial: of Watched recordings that were asked nothing yet.
    """
    expects = experiment.expects
    conditions: tuple[Guard | Premise, ...] = (*experiment.guards, *experiment.premises)
    for quantity in [
        *(expect.quantity for expect in expects),
        *(expect.reads_true for expect in expects),
        *(expect.reads_false for expect in expects),
        *(bound for expect in expects for ends in (expect.if_true, expect.if_false) for bound in (ends.low, ends.high)),
        *(one.quantity for one in conditions),
        *(bound for one in conditions for bound in (one.holds.low, one.holds.high)),
    ]:
        with suppress(Exception):  # the judge has told of a function that breaks
            value_of(quantity, trial)
    found = {}
    for arm in experiment.arms:
        recording = trial.arms[arm]
        if isinstance(recording, Watched):
            ranges = dict.fromkeys((label, state) for _, label, state in recording.counted)
            found[arm] = Asked(tuple(recording.asked), tuple(ranges))
    return found


BYTES = {"KiB": 1024, "bytes": 1}


def scale(counter: str, page_size: int) -> int | None:
    """Gives how many bytes one step of a counter is; None for a count, which is no amount of memory."""
    unit = counter_unit(counter)
    return page_size if unit == "pages" else BYTES.get(unit)


def is_amount(counter: str) -> bool:
    return scale(counter, 1) is not None


# Where to look for what changed most. The rest (zoneinfo, buddyinfo, slabinfo, smaps_rollup, maps, pressure) says the
# same by zone or in detail, or is no amount of memory. Of counters that changed alike the first of this order stands.
SOURCES = ("meminfo", "memory.current", "memory.swap.current", "memory.stat", "swaps", "vmstat", "statm")
# Not amounts in use: address space, limits, how large the swap area is; and what meminfo counts in huge pages.
_APART = {
    "meminfo:VmallocTotal",
    "meminfo:DirectMap4k",
    "meminfo:DirectMap2M",
    "meminfo:DirectMap1G",
    "meminfo:CommitLimit",
    "meminfo:SwapTotal",
    "meminfo:SwapFree",
    "swaps:size",
    "meminfo:HugePages_Total",
    "meminfo:HugePages_Free",
    "meminfo:HugePages_Rsvd",
    "meminfo:HugePages_Surp",
    "vmstat:nr_dirty_threshold",
    "vmstat:nr_dirty_background_threshold",
}


def candidates(names: Iterable[str]) -> list[str]:
    """Lists the counters among which to look for what changed most, the plainest name of a thing first."""

    return sorted(
        (name for name in names if name not in _APART and file_and_key(name)[0] in SOURCES),
        key=lambda name: SOURCES.index(file_and_key(name)[0]),
    )


def changed_most(values: Mapping[str, Sequence[Number]], taken: Iterable[str] = ()) -> Iterator[str]:
    """Gives the names whose values lie farthest apart, the farthest first. values: all in one unit, of the same moments.

    Left out are those that never changed, and those that changed as one before them did, or as one that is `taken`.
    """
    shapes = {shape(values[name]) for name in taken if name in values}
    for name in sorted(values, key=lambda name: min(values[name]) - max(values[name])):
        if len(set(values[name])) > 1 and shape(values[name]) not in shapes:
            shapes.add(shape(values[name]))
            yield name


def shape(values: Sequence[Number]) -> tuple[Number, ...]:
    return tuple(value - values[0] for value in values)


@dataclass(frozen=True)
class Row:
    """One reading at every named moment. values: in `unit`, None where it was not read."""

    name: str
    unit: str
    values: tuple[Number | None, ...]

    @property
    def change(self) -> Number | None:
        """Gives the change from the first of these moments to the last."""
        first, last = self.values[0], self.values[-1]
        return None if first is None or last is None else last - first


def counter_row(recording: Recording, counter: str, moments: Sequence[str]) -> Row:
    """Reads a counter at these moments: amounts in pages where all of them are whole pages, else in the counter's unit."""
    unit, values = counter_unit(counter), [recording.counter(moment, counter) for moment in moments]
    if unit in BYTES and not counter.startswith("meminfo:HugePages_"):  # which are numbers of huge pages
        pages = [None if value is None else in_pages(value, unit, recording.page_size) for value in values]
        if all(value is None or isinstance(value, int) for value in pages):
            return Row(counter, "pages", tuple(pages))
    return Row(counter, unit, tuple(values))


def page_row(recording: Recording, label: str, state: str, moments: Sequence[str]) -> Row:
    """Counts the pages of a range that were in a state at these moments."""
    return Row(f"{state} pages of {label}", "pages", tuple(recording.pages(moment, label, state) for moment in moments))


def named(recording: Recording, moments: Sequence[str]) -> dict[str, list[int]]:
    """Gives each counter's value at each of these moments, of the counters that all of them have."""
    texts = {}
    for source, text in recording.samples[moments[0]]["files"].items():
        if text is not None and source.rsplit("/", 1)[-1] in SOURCES:
            for key in counters.parse(source, text):
                counter = f"{source}:{key}" if key else source
                values = [recording.counter(moment, counter) for moment in moments]
                if None not in values:
                    texts[counter] = [value for value in values if value is not None]
    return texts


def changes(recording: Recording, moments: Sequence[str], taken: Iterable[str], amounts: int, events: int) -> list[str]:
    """Lists the counters that changed most between these moments, beside those `taken`: so many amounts, so many counts."""
    found, taken = named(recording, moments), set(taken)
    names = [name for name in candidates(found) if name not in taken]
    sizes = {
        name: [value * size for value in found[name]]
        for name in [*candidates(taken & set(found)), *names]
        if (size := scale(name, recording.page_size)) is not None
    }
    counts = {name: found[name] for name in names if not is_amount(name)}
    return [*islice(changed_most(sizes, taken), amounts), *islice(changed_most(counts), events)]
