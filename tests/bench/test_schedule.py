"""The scheduling of runs in simulated time: what a few trials come to, to the second, and how busy many keep their workers."""

from __future__ import annotations

import random

import pytest

from harness.bench import schedule
from harness.bench.schedule import LIMIT, Recorded, Stretch, elsewhere, here, simulated
from harness.run import order
from harness.run.order import Times


@pytest.fixture(autouse=True)
def no_launches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "LAUNCH", 0.0)


def cell(*stretches: Stretch, trials: int = 1, name: str = "cell") -> Recorded:
    return Recorded(name, "6.12", ((stretches,),) * trials)


def at_work(seconds: float, trials: int = 1, name: str = "cell") -> Recorded:
    return cell(("ordinary", seconds), trials=trials, name=name)


def test_a_worker_does_one_thing_after_the_other() -> None:
    assert here([at_work(3), at_work(2, trials=3)], 1) == 9
    assert here([at_work(3), at_work(2, trials=3)], 2) == 5


def test_while_one_sleeps_another_works() -> None:
    assert here([cell(("ordinary", 1), ("aside", 5), ("ordinary", 1)), at_work(5)], 1) == 7
    assert (
        here([cell(("ordinary", 1), ("aside", 5), ("ordinary", 1)), at_work(9)], 1) == 11
    )  # it comes back when the other is over
    assert here([cell(("aside", 5), ("ordinary", 1))] * 3, 1) == 8  # three may live where one works


def test_quiet_stretches_run_beside_each_other_and_beside_nothing_else() -> None:
    quiet = cell(("ordinary", 1), ("quiet", 10))
    assert here([quiet, quiet], 2) == 11
    assert here([quiet, at_work(30)], 2) == 40  # it waits for the other to end, since nothing else asks for quiet
    assert here([quiet, quiet, at_work(4)], 2) == 15  # two ask, so the other waits until both are over


def test_arms_come_one_after_the_other() -> None:
    assert here([Recorded("cell", "6.12", (((("ordinary", 2.0),), (("ordinary", 3.0),)),))], 2) == 5


def test_a_launch_costs_no_time_where_another_one_works_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "LAUNCH", 0.25)
    assert here([at_work(2, trials=4)], 1) == 8.25


def test_on_a_cluster_a_worker_has_a_cell_at_a_time_and_its_trials_side_by_side() -> None:
    assert elsewhere([at_work(3, trials=3), at_work(2), at_work(1)], 2) == 3
    assert elsewhere([at_work(3, trials=3), at_work(2), at_work(1)], 1) == 6


def test_what_cannot_be_faster_is_as_efficient_as_can_be() -> None:
    on_one = list(simulated([at_work(10), at_work(2)], Times()))[: len(schedule.WORKERS)]
    assert [(one.workers, one.seconds, one.busy, one.efficient) for one in on_one[:2]] == [
        (2, 10, 0.6, 1.0),
        (4, 10, 0.3, 1.0),
    ]


def catalogue(kernels: int) -> list[Recorded]:
    """Makes cells like those of the catalogue: most take some seconds, few a minute, few need quiet, some sleep."""
    chance = random.Random(18)
    found = []
    for number in range(150):
        length = chance.lognormvariate(0.7, 0.8)
        stretches: list[Stretch] = [("ordinary", length)]
        if number < 3:
            stretches = [("ordinary", 5.0), ("quiet", 15.0), ("ordinary", 5.0)]
        elif number < 12:
            stretches = [("ordinary", length), ("aside", 3.0), ("ordinary", 0.5)]
        for kernel in range(kernels):
            spread = chance.uniform(0.8, 1.2)
            same = tuple((how, seconds * spread) for how, seconds in stretches)
            found.append(Recorded(f"experiment {number}", f"6.{kernel}", ((same,),) * 3))
    return found


def test_a_matrix_keeps_its_workers_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """With launches as long as they are, and the times of an earlier run that went a little otherwise."""
    monkeypatch.setattr(schedule, "LAUNCH", 0.2)
    cells = catalogue(8)
    chance = random.Random(3)
    earlier = [
        {"experiment": one.experiment, "series": one.series, "seconds": one.longest * chance.uniform(0.7, 1.3), "trials": 1}
        for one in cells
    ]
    for one in simulated(cells, Times(earlier)):  # type: ignore[arg-type] # rows of which the times alone are looked at
        assert one.efficient >= LIMIT, str(one)


def test_slow_cells_first_are_what_makes_it_so() -> None:
    cells = [*[at_work(1, name="quick") for _ in range(40)], at_work(20, name="slow")]
    first = order.slow_first(cells, lambda one: one.longest)
    assert here(first, 4) == 20
    assert here(cells, 4) == 30
