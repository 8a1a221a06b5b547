"""The keys of verdicts.json, cell.json and environment.json, and what stands under each (README, "Results").

A key of a class that ends in "Keys" is always there; one of the class made of it may be absent, and its comment says when.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias, TypedDict

from harness.evidence.recording import Number

Ends: TypeAlias = tuple[Number | None, Number | None, bool]


class RateRow(TypedDict):
    """The events of all trials together: in how many of them it came about, and the 95 % interval of that share."""

    count: int
    events: int
    low: float
    high: float


class QuantityKeys(TypedDict):
    """What decided an expectation. values: of the valid trials in order, None where it was not read."""

    name: str
    unit: str
    if_true: str
    if_false: str
    values: list[Number | None]


class QuantityRow(QuantityKeys, total=False):
    """What decided an expectation, and, of a rate, the count; the ranges of a rate are of that count."""

    rate: RateRow  # absent of a mechanism, and where a trial's events were not read


class ReferenceRow(TypedDict):
    """A reading whose answer is known. must: "true" or "false"."""

    name: str
    must: str
    values: list[Number | None]


class RowKeys(TypedDict):
    """A verdict: of a claim, on a kernel, on a machine, under a setting. known: None without a known answer.

    config: "sha256:…" of the kernel's configuration, None where that is not known. seconds: that the machines of its
    trials took together, without what they waited for a place.
    """

    claim: str
    experiment: str
    version: int
    verdict: str
    known: str | None
    kernel: str
    series: str
    config: str | None
    machine: str
    accelerator: str
    settings: dict[str, str]
    trials: int
    valid: int
    boots: int
    quantities: list[QuantityRow]
    references: list[ReferenceRow]
    guards: list[str]
    why: str
    seconds: float | None


class Row(RowKeys, total=False):
    """A row of verdicts.json."""

    kind: str  # "mechanism" or "rate"; absent in rows from before there were rates
    run: str  # the run's id, where rows of several runs stand together
    predicted: bool | None  # whether the known answer was written before it was measured; None without one; absent in older rows
    repeated: int  # how many times the cell was run again because a claim of it was undecided; absent in older rows
    turned: dict[str, list[str]]  # knob → values that the procedure gave it; absent in rows of older runs
    origin: str  # where an experiment is from that is not the catalogue's
    besides: list[str]  # what else is to be known, as it was measured; absent in older rows, and where there is nothing
    memory_total: int  # MemTotal of the machine, in bytes; absent in older rows
    # Of the machine: what `uname -m` tells there, and bytes; absent in older rows, which are of x86_64 and 4096, and where a
    # claim was skipped before any machine was opened.
    arch: str
    page_size: int


class FailureRow(TypedDict):
    """What broke: an error of the lab's, no verdict."""

    experiment: str
    kernel: str
    what: str


class Sealed(TypedDict, total=False):
    """A file that vouches for itself. seal: "sha256:…" of all its other keys (harness/evidence/json_file.py says how)."""

    seal: str  # absent before there were seals


class VerdictsKeys(TypedDict):
    """What every verdicts.json has. run: the run's id. arch: the machine's; of several, all, with commas between them."""

    schema: int
    run: str
    arch: str
    errors: list[FailureRow]
    verdicts: list[Row]


class VerdictsFile(VerdictsKeys, Sealed, total=False):
    """verdicts.json."""

    cells: dict[str, str]  # cell → the seal of its cell.json; absent before there were seals, and in the reference


class KernelKeys(TypedDict):
    """A kernel by its release."""

    release: str
    series: str
    config: str | None


class KernelRow(KernelKeys, total=False):
    """A kernel of environment.json."""

    # Absent in evidence that was made by hand.
    source: str | None
    digest: str
    arch: str


class KernelsFile(Sealed, total=False):
    """kernels.json of the reference: what its rows ran on, and which packages those kernels are from."""

    schema: int
    kernels: list[KernelRow]


class BisectionRow(TypedDict):
    """A commit that `git bisect` found: the first on which a claim has no longer the verdict `want`. good, bad: releases."""

    claim: str
    want: str
    commit: str
    subject: str
    good: str
    bad: str


class BisectionsFile(Sealed, total=False):
    """bisections.json of the reference."""

    schema: int
    bisections: list[BisectionRow]


class BoundsRow(TypedDict):
    """The ranges by which an expectation was judged in a run, for `--as-recorded`, and their reasons.

    if_true, if_false: low, high, and whether the range is all that lies outside of them (a list in JSON).
    """

    claim: str
    quantity: str
    if_true: Ends
    why_true: str
    if_false: Ends
    why_false: str


class NoiseRow(TypedDict):
    """The published noise floor of a kernel. counters: role of a counter → how far it moved, in its own unit."""

    kernel: str
    runs: int
    counters: dict[str, int]


class MovingRow(TypedDict):
    """A counter that moved with nothing going on: its least and greatest growth, in how many of so many pairs."""

    unit: str
    min: int
    max: int
    nonzero: int
    of: int


class NoiseFile(TypedDict):
    """noise-SERIES.json of results/bench. still: file → keys of its counters that never moved."""

    schema: int
    kernel: str
    series: str
    digest: str
    accelerator: str
    measured: str
    runs: int
    boots: int
    moving: dict[str, MovingRow]
    still: dict[str, list[str]]


class ComputedRow(TypedDict):
    """What a function of an experiment's own computed: trial, value, and how far noise can move that."""

    quantity: str
    values: list[tuple[int, Number | None, Number]]


class RanRow(TypedDict):
    """Where another machine ran a cell, and on what."""

    host: str
    accelerator: str
    qemu: str


class CellKeys(TypedDict):
    """A cell as it was planned, and how it went. image, package: the kernel's digest and where it is from."""

    schema: int
    experiment: str
    version: int
    source: str | None
    axis: dict[str, str]
    trials: int
    kernel: str
    series: str
    config: str | None
    image: str | None
    package: str | None
    accelerator: str
    seconds: float | None
    failures: list[str]
    bounds: list[BoundsRow]


class AttemptRow(TypedDict):
    """What an earlier attempt at a cell came to, claim by claim, before it was repeated because one was undecided."""

    verdicts: dict[str, str]
    why: dict[str, str]


class CellRecord(CellKeys, Sealed, total=False):
    """cell.json."""

    noise: NoiseRow | None  # absent before there were noise floors, and on the way to another machine
    # What was pinned, and how the machine was made: absent in evidence that was made by hand.
    sets: dict[str, str | int]
    append: str
    fresh: bool
    machine: str
    overridden: dict[str, str]
    earlier: list[AttemptRow]  # what came before it was repeated, the oldest first
    # Of an experiment that is not the catalogue's: where it is from, the digest of its question as data; once it is judged,
    # what its own functions computed.
    origin: str
    question: str
    computed: list[ComputedRow]
    # Of a cell that was run elsewhere: by whom, and the digest of the archive that it came in.
    ran: RanRow | None
    archive: str
    # Once it is judged: why it has no row, its rows, and the size in bytes and the digest of each recording.
    absent: str
    verdicts: list[Row]
    recordings: dict[str, int]
    digests: dict[str, str]  # "sha256:…"; absent before there were any


class MachineRow(TypedDict, total=False):
    """What a machine says of itself at the start of a recording. page_size, memory: bytes."""

    name: str
    release: str
    version: str
    arch: str
    boot: str
    page_size: int
    memory: int
    cpus: int
    accelerator: str
    boots: int
    restored: bool
    command_line: str
    # Of the local machine only.
    disks_on: str
    oomd: bool


class HostRow(TypedDict):
    """The host that a run was started on. memory: bytes."""

    release: str
    machine: str
    cpus: int | None
    memory: int
    load: tuple[float, float, float]


class VersionsRow(TypedDict):
    """Versions of the tools of a run."""

    python: str
    qemu: str
    libc: str


class PlanKeys(TypedDict):
    """The question of a run, by which it is found again. kernels: digests."""

    what: str
    kernels: list[str]
    append: str
    sets: dict[str, list[str]]
    trials: int | None
    fresh: bool


class Plan(PlanKeys, total=False):
    """The plan of a run."""

    machine: str  # where it is this host


class OptionsRow(TypedDict, total=False):
    """What a run was asked for."""

    plan: Plan


class EnvironmentFile(Sealed, total=False):
    """environment.json; nothing of it where a run has none."""

    schema: int
    started: str
    host: HostRow
    versions: VersionsRow
    kernels: list[KernelRow]
    options: OptionsRow
    cells: list[str]  # all that were planned, by their directories' names; absent before there were seals


def decided(row: Row) -> Iterator[tuple[QuantityRow, ReferenceRow, ReferenceRow]]:
    """Gives each quantity of a row with its two references: that which must read true, that which must read false."""
    references = iter(row["references"])
    yield from zip(row["quantities"], references, references, strict=True)
