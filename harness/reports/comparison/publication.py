"""What a publication does to the reference that is there: which of its rows are added, updated and kept, with their plots."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from harness import catalogue
from harness.claims.claim import DECIDED, SKIPPED, Experiment
from harness.errors import UsageError
from harness.evidence import json_file, run_directory
from harness.evidence.schema import CellRecord, EnvironmentFile, KernelRow, KernelsFile, Row
from harness.linux import releases
from harness.linux.sizes import MIB
from harness.reports.comparison import rows
from harness.reports.comparison.index import Cells, Entry
from harness.reports.wording import setting

PLOTS, KERNELS = "plots", "kernels.json"
LISTED = 3  # rows that an error names
# Claim, kernel, and the values of the settings that tell the claim's rows apart.
Identity: TypeAlias = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True)
class Publication:
    """The reference as it is to be. added, kept: rows; updated: what they were, what they are; lost: rows that it had.
    names: claim → the settings that tell its rows apart."""

    cells: Cells
    added: tuple[Row, ...]
    updated: tuple[tuple[Row, Row], ...]
    kept: tuple[Row, ...]
    lost: tuple[Row, ...]
    names: Mapping[str, Sequence[str]]

    @property
    def touched(self) -> set[str]:
        """Names the claims that have a row of these runs."""
        return {row["claim"] for row in (*self.added, *(new for _, new in self.updated))}

    def turned(self) -> list[tuple[Row, Row]]:
        """Lists the updated rows whose verdict is another now."""
        return [(old, new) for old, new in self.updated if old["verdict"] != new["verdict"]]

    def lines(self) -> Iterator[str]:
        """Gives the lines that say what was done: the rows counted, those whose verdict is another now named."""
        lost = f", lost {len(self.lost)}" if self.lost else ""
        yield f"Rows: added {len(self.added)}, updated {len(self.updated)}, kept {len(self.kept)}{lost}"
        for old, new in self.turned():
            yield f"  {title(new, self.names)}: {old['verdict']} -> {new['verdict']}"


def of(new: Cells, to: Path, everything: bool, may_lose: bool, current: bool = False) -> Publication:
    """Works out what comes of the reference in `to` when these cells are published. everything: it is to have no others.
    current: none of an experiment that is another by now, or of another release of a series that these cells have.

    Raises UsageError where rows would be lost that nothing replaces, unless `may_lose`.
    """
    old = run_directory.read_verdicts(to) if (to / "verdicts.json").exists() else None
    had = old["verdicts"] if old else []
    names = telling_apart(new, had)
    there = {identity(row, names): row for row in had}
    if not everything:
        telling = (entry for entry in new.entries if not tells_less(entry.row, there.get(identity(entry.row, names))))
        new = replace(new, entries=tuple(telling))
    coming = {identity(entry.row, names): entry for entry in new.entries}
    left = {key: row for key, row in there.items() if key not in coming}
    updated = tuple((there[key], entry.row) for key, entry in coming.items() if key in there)
    added = tuple(entry.row for key, entry in coming.items() if key not in there)
    if everything:
        if left and not may_lose:
            named = ", ".join(title(row, names) for row in list(left.values())[:LISTED])
            more = f" and {len(left) - LISTED} more" if len(left) > LISTED else ""
            raise UsageError(
                f"reference {to}",
                f"--all would lose {len(left)} of its {len(had)} rows, which these runs do not have ({named}{more})",
                "leave out --all to keep them, or add --replace to lose them",
            )
        return Publication(distinct(new, names), added, updated, (), tuple(left.values()), names)
    anew = {(row["experiment"], row["series"]) for row in new.rows}
    lost = {key: row for key, row in left.items() if current and is_outdated(row, anew)}
    kept = [row for key, row in left.items() if key not in lost]
    cells = distinct(replace(new, entries=(*new.entries, *kept_entries(kept, to))), names)
    covered = {(row["experiment"], row["kernel"]) for row in new.rows}
    covered |= {(error["experiment"], error["kernel"]) for error in new.errors}
    stay = tuple(
        one
        for one in (old["errors"] if old else ())
        if (one["experiment"], one["kernel"]) not in covered
        and not (current and (one["experiment"], releases.series(one["kernel"])) in anew)
    )
    around: EnvironmentFile = {"kernels": read_kernels(to)}
    whole = replace(cells, errors=(*stay, *new.errors), around=(around, *new.around))
    return Publication(whole, added, updated, tuple(kept), tuple(lost.values()), names)


def tells_less(row: Row, old: Row | None) -> bool:
    """Says whether a row is of an older version of its experiment than the reference has; or was skipped where that has a
    verdict, by the same procedure on a machine of another kind: one that an installed system decides is skipped in every
    guest, and stays."""
    if old is None:
        return False
    if row["experiment"] == old["experiment"] and row["version"] < old["version"]:
        return True
    elsewhere = row["version"] == old["version"] and row["machine"] != old["machine"]
    return row["verdict"] == SKIPPED and old["verdict"] in DECIDED and elsewhere


def is_outdated(row: Row, anew: Container[tuple[str, str]]) -> bool:
    """Says whether a row is of an experiment that is gone or another by now, or of one that was run anew on another release of
    its series. anew: (experiment, series)."""
    found = catalogue.claim_entries().get(row["claim"])
    now = found[1]["data"] if found else {}
    if (now.get("experiment"), now.get("version")) != (row["experiment"], row["version"]):
        return True
    return (row["experiment"], row["series"]) in anew


def telling_apart(new: Cells, had: Sequence[Row]) -> dict[str, tuple[str, ...]]:
    """Names, for each claim, the settings that tell its rows apart: those of its experiment, those that were asked for, and
    those under which the reference has it several times. One that an experiment pins otherwise than it did is none."""
    found = {claim: set(one["data"]["axes"]) for claim, (_, one) in catalogue.claim_entries().items()}
    for claim, names in rows.axes(had).items():
        found.setdefault(claim, set()).update(names)
    for entry in new.entries:
        found.setdefault(entry.row["claim"], set()).update(entry.asked)
    return {claim: tuple(sorted(names)) for claim, names in found.items()}


def asked(cell: CellRecord, experiment: Experiment) -> frozenset[str]:
    """Names the settings of a cell that are others than its experiment has by itself: they tell its rows from the usual ones."""
    found = {*cell["axis"], *cell.get("overridden", {}), *(["append"] if cell.get("append") else [])}
    own = experiment.conditions() if cell["version"] == experiment.version else {}
    for name, value in cell.get("sets", {}).items():
        text = str(int(value) // MIB if name == "memory" else value)  # of a disk, only what is another is there, in bytes
        found |= {name} if own.get(name, text) != text else set()
    return frozenset(found)


def identity(row: Row, names: Mapping[str, Sequence[str]]) -> Identity:
    """Gives what one row of the reference, and no other, is about."""
    settings = {"append": "", **row["settings"]}  # no arguments are a value too
    return row["claim"], row["kernel"], tuple(settings.get(name, "") for name in names.get(row["claim"], ()))


def title(row: Row, names: Mapping[str, Sequence[str]]) -> str:
    """Names a row: "claim [lru=classic] on 6.12.9"."""
    axis = setting(dict(rows.axis(row, names.get(row["claim"], ()))))
    return f"{row['claim']}{f' [{axis}]' if axis else ''} on {row['kernel']}"


def distinct(cells: Cells, names: Mapping[str, Sequence[str]]) -> Cells:
    """Puts cells in order, and has no two plots of several releases of a series stand under one name."""
    several: dict[str, set[str]] = {}
    for row in cells.rows:
        several.setdefault(row["series"], set()).add(row["kernel"])

    def named(entry: Entry) -> Entry:
        kept = entry.plot.name == entry.name  # it lies among the published ones already
        if kept or len(several[entry.row["series"]]) == 1:
            return entry
        return replace(entry, name=plot_name(entry.plot, entry.row, whole=True))

    def in_order(entry: Entry) -> tuple[str, releases.Order, tuple[str, ...]]:
        claim, kernel, values = identity(entry.row, names)
        return claim, releases.order(kernel), values

    return replace(cells, entries=tuple(sorted(map(named, cells.entries), key=in_order)))


def plot_name(plot: Path, row: Row, whole: bool = False) -> str:
    """Names the published picture of a claim in a cell: "tmpfs-swaps.lru=mglru.6.12.svg"; whole: by the release."""
    cell = plot.stem if whole else plot.stem.replace(row["kernel"], row["series"])
    return re.sub(r"[^\w.=+-]+", ".", cell) + ".svg"


def kept_entries(left: Sequence[Row], to: Path) -> list[Entry]:
    """Gives rows that stay, each with its published plot: the one whose name has the row's experiment, settings and kernel."""
    plots = sorted(path.name for path in (to / PLOTS).glob("*.svg"))
    oldest: dict[str, str] = {}  # a plot by its series is of the release that came first
    for kernel, series in sorted({(row["kernel"], row["series"]) for row in left}, key=lambda one: releases.order(one[0])):
        oldest.setdefault(series, kernel)
    found = []
    for row in left:
        ends = [row["kernel"], *([row["series"]] if oldest[row["series"]] == row["kernel"] else [])]
        name = next((plot for end in ends for plot in plots if is_plot_of(plot, row, end)), "none.svg")
        found.append(Entry(row, to / PLOTS / name, name))
    return found


def is_plot_of(name: str, row: Row, end: str) -> bool:
    """Says whether a published plot is of a row's cell, by its name, which ends in `end`."""
    found = re.fullmatch(rf"{re.escape(row['claim'])}((?:\.[\w+-]+=[^=]*?)*)\.{re.escape(end)}\.svg", name)
    if found is None:
        return False
    settings = re.findall(r"\.([\w+-]+)=(.*?)(?=\.[\w+-]+=|$)", found[1])
    return all(row["settings"].get(setting) == value for setting, value in settings)


def read_kernels(to: Path) -> list[KernelRow]:
    """Reads the kernels of a reference; none of one that is from before they were kept."""
    path = to / KERNELS
    remedy = "restore it from a copy, or delete it to publish without the packages that it names"
    try:
        return json_file.read(path, KernelsFile, run_directory.SCHEMA, remedy).get("kernels", [])
    except FileNotFoundError:
        return []


def write_kernels(to: Path, cells: Cells) -> None:
    """Writes kernels.json: of a kernel that was given by a path, it does not say which."""
    found: dict[str, KernelRow] = {}
    for around in cells.around:
        for kernel in around.get("kernels", ()):
            source = kernel.get("source") or ""
            found[kernel["release"]] = {**kernel, "source": "by path" if source.startswith("/") else kernel.get("source")}
    there = [found[release] for release in cells.kernels if release in found]
    json_file.write(to / KERNELS, json_file.sealed({"schema": run_directory.SCHEMA, "kernels": there}))
