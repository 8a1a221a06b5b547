"""The keys of bench.json, clones-SERIES.json and mutants-SERIES.json (docs/bench.md explains the rows)."""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict

from harness.evidence.recording import Number


class TimingKeys(TypedDict):
    """The values of one contender, in the row's unit: how many, and how they lie. spread: a share of the median."""

    name: str
    median: float
    minimum: float
    maximum: float
    spread: float
    unstable: bool
    values: int


class TimingRow(TimingKeys, total=False):
    """Of a hundred values and more also what 95 and 99 of a hundred are not above."""

    p95: float
    p99: float


class RatioRow(TypedDict):
    """Ours divided by a peer's, of the medians of each turn."""

    median: float
    minimum: float
    maximum: float


class PeerRow(TimingRow):
    """A contender that ours is compared with."""

    ratio: RatioRow


LimitRow = TypedDict("LimitRow", {"peer": str, "at most": float, "measured": float | None, "met": bool | None})


class BenchKeys(TypedDict):
    """A thing measured beside its peers. missing: peers that were not measured → why."""

    row: str
    what: str
    kernel: str
    unit: str
    ours: TimingRow
    peers: list[PeerRow]
    missing: dict[str, str]
    limits: list[LimitRow]


class BenchRow(BenchKeys, total=False):
    """A row of bench.json."""

    measured: str  # when, of a row that the last session did not measure


class TurnsRow(TypedDict):
    """Every value of one contender, turn by turn."""

    name: str
    turns: list[list[float]]


RawLimit = TypedDict("RawLimit", {"peer": str, "at most": float})


class RawRow(TypedDict):
    """A row with every value: as it comes from another machine, and as turns.json in a run's directory keeps it."""

    row: str
    what: str
    kernel: str
    unit: str
    ours: TurnsRow
    peers: list[TurnsRow]
    missing: dict[str, str]
    limits: list[RawLimit]


LineRow = TypedDict("LineRow", {"constant": float, "slope": float, "last step by slope": float})


class PointRow(TypedDict):
    """A point of what grew: of so many x, seconds and bytes of evidence."""

    x: int
    seconds: float
    bytes: int


class GrowthRow(TypedDict):
    """What grew with what, and the lines through its points."""

    of: str
    unit: str
    seconds: LineRow
    bytes: LineRow
    points: list[PointRow]


class BenchHost(TypedDict):
    """The host of a session, and its load at the start."""

    started: str
    cpus: int | None
    release: str
    python: str
    qemu: str
    accelerator: str
    load: float


class BenchFile(TypedDict):
    """bench.json. skipped: why rows are not there."""

    schema: int
    host: BenchHost
    rows: list[BenchRow]
    skipped: list[str]
    growth: list[GrowthRow]


class PairRow(TypedDict):
    """A number that differs between restored guests and booted ones: its values, how far apart, how far is allowed."""

    experiment: str
    what: str
    unit: str
    restored: list[Number]
    booted: list[Number]
    gap: Number
    allowed: Number


class OtherVerdict(TypedDict):
    """A verdict that no run of the other way has."""

    experiment: str
    what: str
    restored: list[str]
    booted: list[str]
    why: list[str]


Kind: TypeAlias = Literal["verdicts", "quantities", "counters"]
KINDS: tuple[Kind, ...] = ("verdicts", "quantities", "counters")


class Differences(TypedDict):
    """What differs between restored guests and booted ones."""

    verdicts: list[OtherVerdict]
    quantities: list[PairRow]
    counters: list[PairRow]


_Counts = TypedDict("_Counts", {"claims": int, "in one only": list[str], "quantities compared": int, "counters compared": int})


class ClonesResult(_Counts, Differences):
    """What a comparison of both ways found, and how much was compared."""


_Again = TypedDict("_Again", {"kernel": str, "section": str, "run again": list[str], "still": Differences})


class ClonesFile(_Again, ClonesResult):
    """clones-SERIES.json. still: what differs with the trials of the experiments that were run again, too."""


class MutantRow(TypedDict):
    """A mutant of an experiment, by the digest of its code. noticed: by what (harness/bench/mutants/trials.py), None if by
    nothing; why: what was said then."""

    experiment: str
    mutant: str
    kind: str
    digest: str
    noticed: str | None
    why: str


class DecoderRow(TypedDict):
    """A decoder that was broken: the experiments that notice, and those whose numbers change and nothing else."""

    decoder: str
    how: str
    noticed: list[str]
    unnoticed: list[str]


# there are: kind → how many mutants there are, run or not. not run: experiment → why a trial of it decides nothing.
# references: those that read 0 by construction in what the experiments recorded as they are.
MutantsFile = TypedDict(
    "MutantsFile",
    {
        "schema": int,
        "kernel": str,
        "series": str,
        "measured": str,
        "there are": dict[str, int],
        "not run": dict[str, str],
        "references": list[str],
        "mutants": list[MutantRow],
        "decoders": list[DecoderRow],
    },
)


def significant(value: float) -> float:
    """Rounds a measurement to four digits: more is no use to anybody, and would differ in git with every session."""
    return float(f"{value:.4g}")
