"""The noise floor on evidence made by hand: what noise does to a quantity, and when it makes a claim undecided."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import catalogue
from harness.claims.claim import CONFIRMED, UNDECIDED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Not, Range, Within
from harness.claims.limits import Limits
from harness.claims.quantities import Bound, Change, Counter, FromArm, Pages, Quantity, Recorded, noise_of
from harness.evidence import run_directory
from harness.evidence.floor import Floor, role
from harness.evidence.recording import Recording, Trial, read_trials
from harness.false_evidence.made import Made, write_run
from harness.reports import markdown
from harness.verdicts import judge, noise
from harness.verdicts.run_cells import judge_run
from tests.refuting import tmpfs_holes

CLAIM = Claim("made", "What was written is there.", "made up")
SHMEM = Change("meminfo:Shmem", "before", "after")
BOX = Change("box/memory.current", "before", "after")
# 10 pages more of each; two references that read true and false.
EVIDENCE = Made(
    counters={
        "before": {"meminfo:Shmem": 40, "box/memory.current": 40 << 10},
        "after": {"meminfo:Shmem": 80, "box/memory.current": 80 << 10},
    },
    pages={"after": {"file": 10}},
    records={"true": 10, "false": 0},
)


def experiment(quantity: Quantity, if_true: Range, if_false: Range, reads_true: Quantity | None = None) -> Experiment:
    return Experiment(
        lambda lab: None,
        (Expect(CLAIM, quantity, if_true, if_false, reads_true or Recorded("true"), Recorded("false")),),
        name="made",
        question="Made?",
        trials=1,
    )


def judged(directory: Path, what: Experiment, made: Made, floor: dict[str, int]) -> tuple[str, str]:
    """The verdict with this published floor, as `invoke judge` comes to it, and why."""
    run = write_run(directory, what, [made], {}, floor)
    cell = run_directory.cell_directory(run, what.name)
    (found,) = judge.judge(what, read_trials(cell), floor=floor)
    return found.verdict, found.why


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        (Limits(10, 10), Limits(None, 9), 1),
        (Limits(None, 0), Limits(4, None), 4),
        (Limits(0, 0), Limits(0, 0, outside=True), 1),
        (Limits(-3, 3), Limits(-5, 5, outside=True), 3),
        (Limits(0.9, 1.1), Limits(None, 0.5), 0.4),
        (Limits(None, 5), Limits(5, None), 0),
        (Limits(None, None), Limits(1, 1), 0),
    ],
)
def test_distance_between_ranges(one: Limits, other: Limits, apart: float) -> None:
    assert one.distance(other) == other.distance(one) == pytest.approx(apart)


@pytest.mark.parametrize(
    ("quantity", "moves", "gap", "verdict"),
    [
        (SHMEM, {}, 1, CONFIRMED),
        (SHMEM, {"meminfo:Shmem": 4}, 1, UNDECIDED),
        (SHMEM, {"meminfo:Shmem": 4}, 2, CONFIRMED),
        (SHMEM, {"meminfo:Shmem": 8}, 2, UNDECIDED),
        (SHMEM.called("pages of shmem"), {"meminfo:Shmem": 8}, 2, UNDECIDED),
        (SHMEM, {"meminfo:MemFree": 400}, 1, CONFIRMED),
        (BOX, {"sandbox/memory.current": 4096}, 1, UNDECIDED),
        (BOX, {"sandbox/memory.current": 4096}, 2, CONFIRMED),
        (Pages("after", "file"), {"meminfo:Shmem": 400}, 1, CONFIRMED),
    ],
)
def test_noise_that_reaches_the_margin(quantity: Quantity, moves: dict[str, int], gap: int, verdict: str, tmp_path: Path) -> None:
    what = experiment(quantity, Exactly(10), AtMost(10 - gap))
    found, why = judged(tmp_path, what, EVIDENCE, moves)
    assert found == verdict, why
    if verdict == UNDECIDED:
        assert quantity.name in why
        assert f"({gap})" in why


def test_the_margin_counts_and_not_the_value(tmp_path: Path) -> None:
    """However far a value is from the other range: with such ranges the counter answers a question it can't hear."""
    what = experiment(SHMEM, AtLeast(1), Exactly(0), Recorded("true"))
    assert judged(tmp_path / "one", what, EVIDENCE, {"meminfo:Shmem": 4})[0] == UNDECIDED
    assert judged(tmp_path / "two", experiment(SHMEM, AtLeast(6), AtMost(4)), EVIDENCE, {"meminfo:Shmem": 4})[0] == CONFIRMED


def test_the_trial_s_own_floor_counts_too(tmp_path: Path) -> None:
    what = experiment(SHMEM, Exactly(10), AtMost(9))
    assert judged(tmp_path / "still", what, EVIDENCE.but(idle={"meminfo:Shmem": 0}), {})[0] == CONFIRMED
    assert judged(tmp_path / "moved", what, EVIDENCE.but(idle={"meminfo:Shmem": -4}), {})[0] == UNDECIDED


def test_a_noisy_reference_shows_nothing(tmp_path: Path) -> None:
    what = experiment(Recorded("true"), Exactly(10), Not(10), SHMEM)
    assert judged(tmp_path / "still", what, EVIDENCE, {})[0] == CONFIRMED
    verdict, why = judged(tmp_path / "noisy", what, EVIDENCE, {"meminfo:Shmem": 4})
    assert verdict == UNDECIDED
    assert SHMEM.name in why


def test_a_bound_that_is_a_counter_is_noisy_too(tmp_path: Path) -> None:
    total = Counter("meminfo:MemFree", "after")
    made = EVIDENCE.but(counters={"after": {"meminfo:MemFree": 40}})
    what = experiment(Recorded("value"), Within(0, total), AtLeast(total + 1))
    run = write_run(tmp_path, what, [made], {})
    (trial,) = read_trials(run_directory.cell_directory(run, what.name))
    assert noise.of_expect(what.expects[0], trial, {"meminfo:MemFree": 8})[1] == 2


@pytest.mark.parametrize(
    ("quantity", "moved"),
    [
        (SHMEM + BOX, 3),
        (SHMEM - BOX, 3),
        (SHMEM + 5, 2),
        (SHMEM * 3, 6),
        (SHMEM * BOX, 10 * 1 + 10 * 2 + 2),
        (SHMEM / 4, 0.5),
        (SHMEM // 4, 1),
        (SHMEM / BOX, (2 + 1) / 9),
        (BOX * 2 - SHMEM, 4),
        (Recorded("true") + SHMEM, 2),
        (abs(SHMEM - BOX), 3),
    ],
)
def test_noise_of_combinations(quantity: Bound, moved: float, tmp_path: Path) -> None:
    what = experiment(SHMEM, Exactly(10), AtMost(9))
    run = write_run(tmp_path, what, [EVIDENCE], {})
    (trial,) = read_trials(run_directory.cell_directory(run, what.name))
    floor = {"meminfo:Shmem": 8, "sandbox/memory.current": 4096}
    assert noise_of(quantity, trial, floor) == pytest.approx(moved)


def test_a_divisor_that_may_be_noise_alone(tmp_path: Path) -> None:
    what = experiment(SHMEM, Exactly(10), AtMost(9))
    (trial,) = read_trials(run_directory.cell_directory(write_run(tmp_path, what, [EVIDENCE], {}), what.name))
    assert (BOX / SHMEM).noise(trial, {"meminfo:Shmem": 40}) == math.inf


@pytest.mark.parametrize(
    ("counter", "name"),
    [
        ("meminfo:Cached", "meminfo:Cached"),
        ("box/memory.stat:anon", "sandbox/memory.stat:anon"),
        ("a:b/memory.current", "sandbox/memory.current"),
        ("worker/status:VmRSS", "probe/status:VmRSS"),
    ],
)
def test_roles(counter: str, name: str) -> None:
    assert role(counter) == name


def test_a_quantity_that_does_not_say_its_noise_can_not_be_made() -> None:
    """None is taken as still because nobody thought of its noise."""

    @dataclass(frozen=True)
    class Silent(FromArm):
        def of(self, recording: Recording) -> int:
            return 1

        @property
        def name(self) -> str:
            return "silent"

    with pytest.raises(TypeError, match="noise"):
        Silent()  # type: ignore[abstract]

    @dataclass(frozen=True)
    class Spoken(Silent):
        def noise(self, trial: Trial, floor: Floor) -> int:
            return 2

    assert (Spoken() + 1).noise(Trial(1), {}) == 2


@pytest.mark.parametrize(("floor", "verdict"), [({"meminfo:Shmem": 4}, UNDECIDED), ({}, CONFIRMED), (None, CONFIRMED)])
def test_the_published_floor_is_part_of_the_cell(floor: dict[str, int] | None, verdict: str, tmp_path: Path) -> None:
    """Judged from the directory alone; None: evidence from before there were floors."""
    what, _ = catalogue.find("tmpfs-holes")
    run = write_run(tmp_path, what, [tmpfs_holes.CONFIRMS["tmpfs-write-hole-allocates"]] * what.trials, {}, floor)
    (found,) = judge_run(run)
    assert ("50 runs" in dict(markdown.conditions(found, {}))["Noise floor"]) == (floor is not None)
    rows = found.rows
    assert {row["verdict"] for row in rows if row["claim"] == "tmpfs-write-hole-allocates"} == {verdict}
