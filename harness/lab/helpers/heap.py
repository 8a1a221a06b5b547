"""Blocks that an allocator handed out, the pages below them, and the calls that they came from.

A procedure gets lots of blocks from `Blocks`, which records where they are and samples the pages of their span under
the lot's label; a quantity counts, among the pages that the blocks take up, those in a state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from harness.agent.operations import numbers
from harness.claims import picture
from harness.claims.address_space import mappings
from harness.claims.quantities import Derived, Quantity, Still
from harness.evidence.recording import Number
from harness.linux import pages

if TYPE_CHECKING:
    from harness.evidence.recording import Recording
    from harness.lab.lab import Lab
    from harness.lab.probe import Probe, Region


# gperftools' tcmalloc asks brk first; this is the documented way to have it ask mmap (docs/tcmalloc.html).
BY_MMAP = {"TCMALLOC_SKIP_SBRK": "true"}


def page_runs(blocks: Sequence[int], size: int, page_size: int, whole: bool) -> list[range]:
    """Lists the numbers of the pages that blocks of `size` bytes take up, in order, each page once, as runs: with any
    byte, or (`whole`) those that lie inside of one."""
    found: list[range] = []
    for block in sorted(blocks):
        first, behind = (
            (-(-block // page_size), (block + size) // page_size)
            if whole
            else (block // page_size, (block + size - 1) // page_size + 1)
        )
        if found and first <= found[-1].stop:
            found[-1] = range(found[-1].start, max(behind, found[-1].stop))
        elif first < behind:
            found.append(range(first, behind))
    return found


@dataclass(frozen=True)
class Lot:
    """Blocks of `size` bytes each that one process got."""

    probe: Probe
    blocks: tuple[int, ...]
    size: int

    def fill(self) -> Lot:
        for block in self.blocks:
            self.probe.fill(block, self.size)
        return self

    def free(self) -> None:
        self.probe.free_many(self.blocks)


class Blocks:
    """The lots of a trial, by their labels; each comes from a fresh process of the same name."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._regions: dict[str, Region] = {}

    def malloc(self, label: str, size: int, count: int = 1, *, live: int = 0, by_mmap: bool = False) -> Lot:
        """Gets `count` blocks from malloc; `live` more come after them, which are not of the lot. by_mmap: large blocks
        are not to come from brk."""
        probe = self.lab.probe(label, environment=BY_MMAP if by_mmap else None)
        return self._lot(label, probe, numbers(probe.malloc_many(count + live, size).text)[:count], size)

    def brk(self, label: str, size: int) -> Lot:
        """Gets what brk gives at the heap's end, as one block."""
        probe = self.lab.probe(label)
        return self._lot(label, probe, (probe.sbrk(size).value,), size)

    def free(self, lots: Sequence[Lot], size: int) -> None:
        """Frees these lots between the samples "filled" and "freed". Beside them stand `size` bytes of bare brk each in
        two processes: "shrunk" gives them back at that moment, "kept" does not."""
        shrunk, _ = (self.brk(label, size).fill() for label in ("shrunk", "kept"))
        self.sample("filled")
        for lot in lots:
            lot.free()
        shrunk.probe.sbrk(-shrunk.size)
        self.sample("freed")

    def _lot(self, label: str, probe: Probe, blocks: tuple[int, ...], size: int) -> Lot:
        page = self.lab.page_size
        start, end = min(blocks) // page * page, -(-(max(blocks) + size) // page) * page
        self.lab.record(label, {"size": size, "start": start, "blocks": list(blocks)})
        self._regions[label] = probe.region(start, end - start)
        return Lot(probe, blocks, size)

    def sample(self, moment: str) -> None:
        self.lab.sample(moment, pages=self._regions)


@dataclass(frozen=True)
class BlockPages(Still):
    """How many of the pages that the blocks of a label take up are in a state, at a named moment."""

    PICTURE: ClassVar[str] = picture.PAGE_MAP
    sample: str
    label: str
    state: str = "resident"
    whole: bool = False
    arm: str = ""

    def of(self, recording: Recording) -> Number | None:
        made, found = recording.records.get(self.label), recording.page_data(self.sample, self.label)
        if made is None or found is None:
            return None
        size, first = recording.page_size, made["start"] // recording.page_size
        wanted = page_runs(made["blocks"], made["size"], size, self.whole)
        entry, data = pages.ENTRY_SIZE, found[1]
        if (wanted[-1].stop - first) * entry > len(data):
            return None
        return pages.count(b"".join(data[(run.start - first) * entry : (run.stop - first) * entry] for run in wanted), self.state)

    @property
    def name(self) -> str:
        return f"{self.state} pages of the blocks of {self.label} at “{self.sample}”"


def held(label: str) -> Quantity:
    """Counts the pages of a lot that are resident once it was freed (`Blocks.free`): only those that lie inside of a block,
    as those at its ends hold the neighbours' bytes too."""
    return BlockPages("freed", label, whole=True).called(f"resident pages of “{label}” when freed")


def in_heap(label: str, sample: str) -> Derived:
    """Counts the mappings made by brk that hold a block of the lot."""
    return mappings(
        label,
        sample,
        lambda recording, mapping: (
            mapping.path == "[heap]" and any(mapping.covers(block) for block in recording.records[label]["blocks"])
        ),
        f"heap mappings that hold {label}",
    )


def record_origin(lab: Lab, label: str, operation: str, *arguments: int, size: int, before: Sequence[int] = ()) -> None:
    """Records the block of `size` bytes that one operation returns to a fresh process, and what that asked of the
    kernel since its exec. before: sizes that the process allocates and frees first.

    Only malloc uses the allocator of this row: one that is loaded may ask for memory before main.
    """
    probe = lab.probe(label, held=True, environment=None if operation == "malloc" else {"LD_PRELOAD": ""})
    with probe.trace() as trace:
        for one in before:
            probe.free(probe.malloc(one).value)
        block = probe.run(operation, *arguments).value
    lab.record(
        label, {"block": block, "size": size, "calls": [[call.number, call.arguments[1], call.result] for call in trace.calls]}
    )


class Asked(NamedTuple):
    """A block in bytes, the heap's ends as brk told them, and the mappings made: where each begins, and its length."""

    block: int
    size: int
    ends: list[int]
    mappings: list[tuple[int, int]]
    page_size: int


def _derived(label: str, title: str, function: Callable[[Asked], int]) -> Derived:
    def read(recording: Recording) -> int | None:
        made = recording.records.get(label)
        if made is None:
            return None
        numbers = recording.architecture.calls
        granted = [call for call in made["calls"] if call[2] >= 0]
        return function(
            Asked(
                made["block"],
                made["size"],
                [result for number, _, result in granted if number == numbers.brk],
                [(result, length) for number, length, result in granted if number == numbers.mmap],
                recording.page_size,
            )
        )

    return Derived(title, read)


def granted_in_heap(label: str, title: str) -> Derived:
    """Reads 1 if the block lies between the heap's first and its last end."""
    return _derived(label, title, lambda asked: int(bool(asked.ends) and min(asked.ends) <= asked.block < max(asked.ends)))


def growths(label: str, title: str) -> Derived:
    """Counts how many times brk moved the heap's end up."""
    return _derived(label, title, lambda asked: sum(after > now for now, after in pairwise(asked.ends)))


def own_mappings(label: str, title: str) -> Derived:
    """Counts the mappings that hold the block and nothing else: of its size, rounded up to pages, and at most one page
    more for the allocator's header."""
    return _derived(
        label,
        title,
        lambda asked: sum(
            start <= asked.block < start + length and length < asked.size + 2 * asked.page_size
            for start, length in asked.mappings
        ),
    )
