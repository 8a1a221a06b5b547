"""A claim's page over the kernels: what its rows have in common, and what they tell apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from harness.claims.claim import DECIDED, Claim, Expect, Experiment
from harness.evidence.schema import Row, decided
from harness.linux import releases
from harness.reports.comparison.history import Line
from harness.reports.wording import bounds, repetition, setting
from harness.verdicts.classify import is_surprise
from harness.verdicts.wording import spread

Content = TypeVar("Content")


@dataclass(frozen=True)
class Page:
    """A claim's page. names: release → what a kernel is called there; same: settings that all rows have."""

    claim: Claim
    experiment: Experiment
    lines: tuple[Line, ...]
    names: Mapping[str, str]
    same: dict[str, str]

    @property
    def expects(self) -> list[Expect]:
        return [expect for expect in self.experiment.expects if expect.claim == self.claim]

    @property
    def rows(self) -> list[tuple[str, Row]]:
        """Lists setting and row, kernel by kernel."""
        found = [(setting(dict(line.axis)), row) for line in self.lines for row in line.rows]
        return sorted(found, key=lambda pair: (releases.order(pair[1]["kernel"]), pair[0]))

    @property
    def runs(self) -> list[str]:
        return sorted({row["run"] for _, row in self.rows})

    @property
    def repeated_on(self) -> str:
        """Names the series that shows most: the newest whose answer differs from the oldest's under the same setting, or the
        newest that has one. Empty where no row has a verdict."""
        found = [(axis, row["verdict"], row["series"]) for axis, row in self.rows if row["verdict"] in DECIDED]
        oldest = {axis: verdict for axis, verdict, _ in reversed(found)}
        others = [series for axis, verdict, series in found if verdict != oldest[axis]]
        return (others or [series for *_, series in found] or [""])[-1]

    @property
    def command(self) -> str:
        """Gives what repeats it where it shows: "run-experiment tmpfs-swaps --kernel 6.12"."""
        return f"run-experiment {self.claim.id}" + (f" --kernel {self.repeated_on}" if self.repeated_on else "")

    def folded(self, entries: Iterable[tuple[str, Row, Content]]) -> list[tuple[str, str, Content]]:
        """Folds what kernels and settings have in common: each content once for a setting, and for settings that have
        it on the same kernels."""
        kernels: dict[tuple[str, Content], list[str]] = {}
        for axis, row, content in entries:
            kernels.setdefault((axis, content), []).append(self.names[row["kernel"]])
        settings: dict[tuple[str, Content], list[str]] = {}
        for (axis, content), on in kernels.items():
            settings.setdefault((", ".join(on), content), []).append(axis)
        return [(on, "; ".join(axes), content) for (on, content), axes in settings.items()]

    def verdicts(self) -> list[tuple[str, str, tuple[str, str, str, str]]]:
        """Lists, for kernels and settings, verdict, known answer, valid trials, and what was found."""
        return self.folded(
            (
                axis,
                row,
                (
                    f"**{row['verdict']}**{' SURPRISE' if is_surprise(row) else ''}",
                    row["known"] or "none",
                    f"{row['valid']} of {row['trials']}{repetition(row)}",
                    row["why"],
                ),
            )
            for axis, row in self.rows
        )

    def numbers(self, expect: Expect) -> list[tuple[str, str, tuple[str, str, str, str, str]]]:
        """Lists, for an expectation, the value over the trials, both ranges, both references. A row of another version may
        lack it."""
        found = []
        for axis, row in self.rows:
            for entry, true, false in (one for one in decided(row) if one[0]["name"] == expect.quantity.name):
                found.append(
                    (
                        axis,
                        row,
                        (
                            spread(entry["values"]),
                            bounds(entry["if_true"]),
                            bounds(entry["if_false"]),
                            spread(true["values"]),
                            spread(false["values"]),
                        ),
                    )
                )
        return self.folded(found)


def page(claim: Claim, experiment: Experiment, lines: Sequence[Line]) -> Page:
    own = [row for line in lines for row in line.rows]
    shared = {
        name: value for name, value in own[0]["settings"].items() if all(row["settings"].get(name, value) == value for row in own)
    }
    series: dict[str, set[str]] = {}
    for row in own:
        series.setdefault(row["series"], set()).add(row["kernel"])
    names = {row["kernel"]: row["series"] if len(series[row["series"]]) == 1 else row["kernel"] for row in own}
    return Page(claim, experiment, tuple(lines), names, shared)
