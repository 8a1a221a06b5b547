"""Plots: what is drawn, what is not, and that every label can be read."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from harness.claims.claim import AtLeast, AtMost, Experiment
from harness.claims.quantities import Change, Counter
from harness.reports import plot_labels, plots, readings, samples_table
from harness.verdicts.judged import Judged
from tests.reports.made import EXPERIMENT, Made, cell, meminfo, sample, series, trial


def plot(judged: Judged) -> str | None:
    return plots.draw(readings.cell(judged), samples_table.tracks(judged))


def texts(svg: str | None) -> list[str]:
    assert svg is not None
    return [
        (element.text or "").strip()
        for element in ElementTree.fromstring(svg).iter()
        if element.tag.rsplit("}", 1)[-1] in {"text", "tspan"}
    ]


def reading(experiment: Experiment, *quantities: Counter | Change) -> Experiment:
    """The same, deciding by these quantities."""
    expect = experiment.expects[0]
    return replace(
        experiment,
        guards=(),
        expects=tuple(
            replace(
                expect,
                quantity=one,
                reads_true=one + 0,
                reads_false=one + 1,
                if_true=AtLeast(1, "some"),
                if_false=AtMost(0, "none"),
            )
            for one in quantities
        ),
    )


def test_labels_meet_no_text_and_no_line() -> None:
    """Of 300 plots with random moments: text boxes are apart, and no line runs through a text."""
    chance = random.Random(7)
    margin = 58.0
    for _ in range(300):
        marks = sorted(
            (chance.choice([chance.uniform(0, 470), chance.uniform(0, 60)]), "x" * chance.randint(2, 20))
            for _ in range(chance.randint(1, 9))
        )
        placed = plot_labels.place(marks, margin)
        assert [(label.x, label.text) for label in placed] == marks
        for one in placed:
            width = len(one.text) * plot_labels.CHARACTER
            assert one.start >= -margin
            for other in placed:
                if other is not one and other.level == one.level:
                    apart = other.start + len(other.text) * plot_labels.CHARACTER
                    assert one.start + width <= other.start or apart <= one.start, (one, other)
                if other is not one and other.level >= one.level and other.x != one.x:
                    assert not one.start < other.x < one.start + width, (one, other)


def test_a_plot(tmp_path: Path) -> None:
    judged = cell(tmp_path, [trial(), trial(step=12), trial(step=8)])
    svg = plot(judged)
    assert svg is not None
    assert plot(judged) == svg  # no date, no random ids
    assert len(svg) < 60_000
    found = texts(svg)
    assert "written" in found
    assert "dropped" in found
    assert "seconds since the first sample" in found
    assert "change since the first sample (MiB)" in found
    assert "made-up on Linux 6.12.117-made: trial 1 strong, trials 2 and 3 faint" in found
    assert "meminfo:MemFree" in found
    assert "from 878.9 MiB" in found


def test_long_series_stay_small(tmp_path: Path) -> None:
    """Noise in every sample of every line: as large as it gets."""
    chance = random.Random(1)

    def noisy(index: int) -> str:
        return meminfo(
            **{
                name: index * 100 * number + chance.randint(0, 20_000)
                for number, name in enumerate(("MemFree", "Cached", "Shmem", "AnonPages", "Slab"), 1)
            }
        )

    made = [Made([series(10 * index, meminfo=noisy(index)) for index in range(2000)]) for _ in range(3)]
    svg = plot(cell(tmp_path, made))
    assert svg is not None
    assert len(svg) < 60_000


def test_thinning_keeps_ends_and_peaks() -> None:
    seconds, values = np.arange(1000.0), np.array([float(index % 7) for index in range(1000)])
    values[501] = 99.0
    when, what = plots.thin(seconds, values, 20)
    assert len(what) <= 42
    assert (when[0], when[-1]) == (0, 999)
    assert 99.0 in what
    assert [number.tolist() for number in plots.thin(np.arange(6.0), np.array([1.0, 1, 1, 2, 2, 2]), 20)] == [
        [0, 2, 3, 5],
        [1, 1, 2, 2],
    ]


def test_what_the_judge_reads_is_drawn_first(tmp_path: Path) -> None:
    """Inactive is an LRU list, nr_file_pages repeats Cached: they are drawn if the judge reads them."""
    judged = cell(tmp_path, [trial()])
    [panel] = plots.panels(readings.cell(judged), samples_table.tracks(judged))
    assert panel.amounts == ("meminfo:MemFree", "meminfo:Cached")
    assert panel.counts == ()
    asked = reading(
        EXPERIMENT,
        Change("meminfo:Inactive", "written", "dropped"),
        Counter("vmstat:pgfault", "dropped"),
        Counter("meminfo:MemTotal", "dropped"),
    )
    other = replace(judged, outcome=replace(judged.outcome, experiment=asked))
    [panel] = plots.panels(readings.cell(other), samples_table.tracks(judged))
    assert panel.amounts == ("meminfo:Inactive", "meminfo:MemFree")  # Cached runs along Inactive, MemTotal is level
    assert panel.counts == ("vmstat:pgfault",)


def test_arms_have_panels_of_their_own(tmp_path: Path) -> None:
    experiment = replace(EXPERIMENT, arms=("swap", "no swap"), guards=(), expects=())
    svg = plot(cell(tmp_path, [{"swap": trial(), "no swap": trial()}] * 2, experiment))
    assert {"arm “swap”", "arm “no swap”"} <= set(texts(svg))
    assert texts(svg).count("seconds since the first sample") == 2


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(Made(), id="no samples"),
        pytest.param(
            Made([sample("before", 0, meminfo=meminfo(Cached=0)), sample("after", 1, meminfo=meminfo(Cached=9999))]),
            id="no series",
        ),
        pytest.param(Made([series(index, meminfo=meminfo(Cached=index)) for index in range(9)]), id="nothing moved"),
        pytest.param(replace(trial(), status="broken", reason="guest lost"), id="broken"),
    ],
)
def test_nothing_to_draw(made: Made, tmp_path: Path) -> None:
    assert plot(cell(tmp_path, [made])) is None


def test_all_samples_at_one_time(tmp_path: Path) -> None:
    """Evidence made by hand need not know of time."""
    assert plot(cell(tmp_path, [trial(step=0)])) is not None


def test_a_broken_trial_among_others(tmp_path: Path) -> None:
    torn = replace(trial(), status="broken")
    assert "made-up on Linux 6.12.117-made: trial 2 strong, trial 1 faint" in texts(
        plot(cell(tmp_path, [torn, trial()], failures=["trial 1: guest lost"]))
    )
