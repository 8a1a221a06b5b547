"""Rows of verdicts.json from one run or many: told apart by their settings, put in the order of kernels, held side by side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeAlias

from harness import catalogue, paths
from harness.claims.settings import Settings
from harness.errors import LabError, UsageError
from harness.evidence import run_directory
from harness.evidence.recording import Number
from harness.evidence.schema import QuantityRow, ReferenceRow, Row
from harness.linux.releases import order

Axis: TypeAlias = tuple[tuple[str, str], ...]  # settings that tell rows of one claim and kernel apart, sorted

REFERENCE = paths.ROOT / "results" / "reference"
LISTED = 3  # names of runs in one line
# Settings that are the kernel's own unless somebody asks for others.
OWN = frozenset(item.name for item in fields(Settings) if item.default is None) - {"lru"}


def axes(*runs: Iterable[Row]) -> dict[str, tuple[str, ...]]:
    """Names, for each claim, the settings that tell its rows apart: its experiment's, and others that differ on a kernel.

    What is the kernel's own (min_free_kbytes follows from the memory that programs leave) differs from run to run, and what
    the procedure itself writes has the value that stood when a row was decided, which may be the last of a shuffled order:
    both tell apart only rows of one run that nothing else does.
    """
    entries = catalogue.claim_entries()
    found: dict[str, set[str]] = {claim: set(one["data"]["axes"]) for claim, (_, one) in entries.items()}
    chance = {claim: OWN | set(one["writes"]) for claim, (_, one) in entries.items()}
    several = _several((row for run in runs for row in run), lambda row: row["kernel"])
    for claim, names in several.items():
        found.setdefault(claim, set()).update(names - chance.get(claim, OWN))
    for run in runs:
        for claim, names in _several(run, lambda row: (row["kernel"], axis(row, sorted(found[row["claim"]])))).items():
            found[claim] |= names
    return {claim: tuple(sorted(found[claim])) for claim in several}


def _several(rows: Iterable[Row], group: Callable[[Row], object]) -> dict[str, set[str]]:
    """Names, for each claim, the settings that have several values in its rows of one group."""
    values: dict[tuple[str, object], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in rows:
        for name, value in {"append": "", **row["settings"]}.items():  # no arguments are a value too
            values[row["claim"], group(row)][name].add(value)
    found: dict[str, set[str]] = defaultdict(set)
    for (claim, _), settings in values.items():
        found[claim] |= {name for name, several in settings.items() if len(several) > 1}
    return found


def axis(row: Row, names: Sequence[str]) -> Axis:
    return tuple((name, row["settings"][name]) for name in names if name in row["settings"])


def in_order(kernels: Iterable[str]) -> list[str]:
    """Gives releases, each once, the oldest first."""
    return sorted(dict.fromkeys(kernels), key=order)


def collected(parent: Path, reference: Path | None = None, warn: Callable[[object], None] = lambda line: None) -> list[Row]:
    """Reads the rows of all runs and of the reference, oldest first, each with its `run`. warn: hears in a line of each run
    that can't be read, which is passed over, and of those that nothing vouches for. Raises UsageError for a file in the
    place of the directory."""
    if parent.is_file():
        raise UsageError(f"--results {parent}", "it is no directory", "name the one where the runs are")
    reference = reference or REFERENCE
    published = [reference / "verdicts.json"] if (reference / "verdicts.json").exists() else []
    files = sorted((path for path in parent.glob("*/verdicts.json")), key=lambda path: path.stat().st_mtime)
    found: list[Row] = []
    unsealed: list[str] = []
    for path in [*published, *files]:
        try:
            content = run_directory.read_verdicts(path.parent)
        except LabError as error:
            warn(error)
            continue
        unsealed += [] if "seal" in content else [path.parent.name]
        found += [{**row, "run": row.get("run", path.parent.name)} for row in content["verdicts"]]
    if unsealed:
        more = f" and {len(unsealed) - LISTED} more" if len(unsealed) > LISTED else ""
        warn(f"nothing vouches for {', '.join(unsealed[:LISTED])}{more}: from before verdicts.json had a seal")
    return found


def values(entry: QuantityRow | ReferenceRow) -> list[Number]:
    """Gives what was read of a quantity or reference, in the valid trials."""
    return [value for value in entry["values"] if value is not None]


def distance(one: Sequence[Number], other: Sequence[Number]) -> Number:
    """Gives how far apart the nearest values of two lists are; 0 where the lists overlap."""
    return max(0, min(one) - max(other), min(other) - max(one))


def spread(found: Sequence[Number]) -> Number:
    """Gives how far apart the farthest values of a list are."""
    return max(found) - min(found)


# A gap of three times the larger spread between 3 trials a side: by simulation one pair in 750 (uniform noise), in
# 1,400 (exponential) or in 2,200 (normal) of pairs that nothing tells apart has one.
TIMES = 3
METHOD = (
    f"A quantity differs where its nearest values are farther apart than {TIMES} times the larger spread (largest minus "
    "smallest) of the trials of either side, and than the noise between whole runs where the reference has it. "
    "Assumed: trials are independent and noise is alike on both sides; then at 3 trials about 1 in 1,000 quantities "
    "that nothing tells apart is listed all the same. With 1 trial a side no noise is known but the reference's. "
    "A rate differs where the 95 % intervals of its share lie apart."
)


@dataclass(frozen=True)
class Difference:
    """A quantity's values on two sides, and the noise that the gap between them exceeds."""

    name: str
    unit: str
    one: tuple[Number, ...]
    other: tuple[Number, ...]
    bounds: str
    noise: Number

    @property
    def gap(self) -> Number:
        return distance(self.one, self.other)


def quantities(row: Row) -> dict[str, QuantityRow]:
    return {entry["name"]: entry for entry in row["quantities"]}


def pairs(one: Row, other: Row, noise: Mapping[str, Number] | None = None) -> list[Difference]:
    """Pairs the quantities that both rows have read. noise: of a quantity between whole runs, by its name.

    A rate is paired by the 95 % intervals of its share: it differs where they lie apart.
    """
    found = []
    for name, entry in quantities(one).items():
        second = quantities(other).get(name)
        bounds = " | ".join(dict.fromkeys([entry["if_true"], second["if_true"]])) if second else ""
        if second and "rate" in entry and "rate" in second:
            ours, theirs = ((rate["low"], rate["high"]) for rate in (entry["rate"], second["rate"]))
            found.append(Difference(name, f"of all {entry['unit']}", ours, theirs, bounds, 0))
        elif second is not None and values(entry) and values(second):
            within = max(spread(values(entry)), spread(values(second)))
            found.append(
                Difference(
                    name,
                    entry["unit"],
                    tuple(values(entry)),
                    tuple(values(second)),
                    bounds,
                    max(TIMES * within, (noise or {}).get(name, 0)),
                )
            )
    return found


def differing(one: Row, other: Row, noise: Mapping[str, Number] | None = None) -> list[Difference]:
    """Lists the quantities that differ by more than their noise."""
    return [difference for difference in pairs(one, other, noise) if difference.gap > difference.noise]
