"""results/bench/README.md: what was measured, for people; beside it bench.json and clones-SERIES.json for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.bench.mutants import page, reasons
from harness.bench.schema import KINDS, BenchFile, BenchRow, ClonesFile, GrowthRow, TimingRow

HEAD = """# The lab's own speed

Made by `invoke bench` on {started}; [docs/bench.md](../../docs/bench.md) explains every row. Host: {cpus} processors,
Linux {release}, {accelerator}, load {load} at the start. Spread: how far the middle half of the values reaches, as a
share of the median; **unstable** from 10 % on; of a hundred values and more also p95 and p99. Ratios are of neighbours in
time: each turn measures every contender.
Rows with a time of their own are an earlier session's, which this one did not measure again.
"""
SCALES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def amount(value: float, unit: str) -> str:
    """Writes an amount with a fitting unit: 0.0652 s → "65.2 ms"."""
    if unit == "s":
        scale, unit = next(((scale, name) for scale, name in SCALES if value >= scale), SCALES[-1])
        value /= scale
    if unit == "of a core":
        return f"{value * 100:.2g} % of a core"
    return f"{value:.3g} {unit}" if value < 1000 else f"{value:,.0f} {unit}"


def ratio(value: float) -> str:
    """Gives ours by the peer's: "1.03 ×" of it, or "1/204"."""
    return f"{value:.2f} ×" if value >= 0.5 else f"1/{1 / value:.3g}"


def _spread(timing: TimingRow, unit: str) -> str:
    if timing["values"] == 1:
        return "once"
    percentiles = "".join(f"; {name} {amount(timing[name], unit)}" for name in ("p95", "p99") if name in timing)
    return f"{timing['spread'] * 100:.0f} %{' **unstable**' if timing['unstable'] else ''}{percentiles}"


def _limit(row: BenchRow, peer: str) -> str:
    for limit in row["limits"]:
        if limit["peer"] == peer and limit["met"] is not None:
            bound = ratio(limit["at most"]) if peer else amount(limit["at most"], row["unit"])
            return f"at most {bound}: {'met' if limit['met'] else '**missed**'}"
    return ""


def rows(found: Sequence[BenchRow]) -> Iterator[list[str]]:
    """Writes the table: a line for each thing measured, below it one for each of its peers."""
    for row in found:
        ours = row["ours"]
        when = f" ({row['measured']})" if "measured" in row else ""
        yield [
            f"**{row['row']}**{when}",
            row["kernel"],
            amount(ours["median"], row["unit"]),
            amount(ours["minimum"], row["unit"]),
            _spread(ours, row["unit"]),
            "",
            _limit(row, ""),
        ]
        for peer in row["peers"]:
            by = peer["ratio"]
            yield [
                f"beside: {peer['name']}",
                row["kernel"],
                amount(peer["median"], row["unit"]),
                amount(peer["minimum"], row["unit"]),
                _spread(peer, row["unit"]),
                f"{ratio(by['median'])} ({ratio(by['minimum'])} to {ratio(by['maximum'])})",
                _limit(row, peer["name"]),
            ]
        for name, why in row["missing"].items():
            yield [f"beside: {name}", row["kernel"], "skipped", "", "", why, ""]


def table(head: Sequence[str], body: Iterator[list[str]]) -> str:
    right = ["---", "---", *["---:"] * (len(head) - 2)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (list(head), right, *body)) + "\n"


def line_of(growth: GrowthRow) -> list[str]:
    seconds, size = growth["seconds"], growth["bytes"]
    points = ", ".join(f"{one['x']}: {one['seconds']:.2f} s, {one['bytes'] / 1000:,.0f} kB" for one in growth["points"])
    return [
        growth["of"],
        f"{seconds['constant']:.2f} s + {amount(seconds['slope'], 's')} each",
        points,
        f"{size['constant'] / 1000:,.1f} kB + {size['slope'] / 1000:,.3g} kB each",
        f"{seconds['last step by slope']:.2f}, {size['last step by slope']:.2f}",
    ]


def render(directory: Path) -> str:
    """Renders the page from the files that are there."""
    path = directory / "bench.json"
    found: BenchFile | None = json.loads(path.read_text()) if path.exists() else None
    parts = []
    if found:
        parts += [
            HEAD.format(**found["host"]),
            table(("what", "kernel", "median", "minimum", "spread", "ours by it", "limit"), rows(found["rows"])),
        ]
        parts += [f"Not measured: {why}.\n" for why in found["skipped"]]
    if found and found["growth"]:
        parts += [
            "## Growth\n\nFitted lines (least squares). The last column is the slope of the last step by that of the "
            "line, for time and evidence: 1 is linear.\n",
            table(("against the number of", "time", "points", "evidence", "linear?"), map(line_of, found["growth"])),
        ]
    clones: list[ClonesFile] = [json.loads(path.read_text()) for path in sorted(directory.glob("clones-*.json"))]
    if clones:
        parts += [
            "## Restored guests and booted ones\n\n`invoke bench --clones`: the same experiments both ways; those in "
            "which something differed were run again, booted and restored in turn, up to six times. The last "
            "number of a column is what differed with those trials too.\n",
            table(
                (
                    "kernel",
                    "experiments",
                    "verdicts",
                    "differ, still",
                    "quantities",
                    "differ, still",
                    "exact counters",
                    "differ, still",
                    "experiments run again",
                ),
                map(both_ways, clones),
            ),
        ]
    if broken := page.read(directory):
        known = reasons.read()
        parts += [
            "## The instrument mutated\n\n`invoke bench --mutants`: experiments and decoders broken on purpose, and who notices. "
            "[mutants.md](mutants.md) lists the others, with the reasons.\n",
            table(page.HEAD, (row for one in broken for row in page.rows(one, known))),
        ]
    if (directory / "noise.md").exists():
        parts.append("## Noise\n\n[noise.md](noise.md): what counters do while nothing happens.\n")
    return "\n".join(parts)


def both_ways(found: ClonesFile) -> list[str]:
    """Gives the line of one kernel in the comparison of restored and booted guests."""
    differ = {kind: f"{len(found[kind])}, {len(found['still'][kind])}" for kind in KINDS}
    return [
        found["kernel"],
        found["section"],
        str(found["claims"]),
        differ["verdicts"],
        str(found["quantities compared"]),
        differ["quantities"],
        str(found["counters compared"]),
        differ["counters"],
        str(len(found["run again"])),
    ]


def write(directory: Path) -> Path:
    """Writes README.md of a directory of results anew, and mutants.md where there are any; gives the path of the first."""
    path = directory / "README.md"
    if broken := page.read(directory):
        (directory / "mutants.md").write_text(page.survivors(broken, reasons.read()))
    path.write_text(render(directory))
    return path


def line(row: BenchRow) -> str:
    """Gives a row as it comes, for the terminal."""
    ours = row["ours"]
    parts = [f"{row['row']}{' ' + row['kernel'] if row['kernel'] else ''}: {amount(ours['median'], row['unit'])}"]
    parts += [f"{ratio(peer['ratio']['median'])} of {peer['name']}" for peer in row["peers"]]
    parts += [f"{peer} skipped: {why}" for peer, why in row["missing"].items()]
    parts += [
        _limit(row, limit["peer"]) + (f" of {limit['peer']}" if limit["peer"] else "")
        for limit in row["limits"]
        if limit["met"] is False
    ]
    return ", ".join(parts)
