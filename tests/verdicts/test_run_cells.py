"""The cells of a run: which there are, whether each is believed and, word for word, why not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import catalogue
from harness.claims import as_data
from harness.claims.claim import AtMost, Claim, Exactly, Expect, Experiment
from harness.claims.quantities import Recorded
from harness.errors import Damaged, UsageError
from harness.evidence import run_directory
from harness.evidence.recording import Recorder, name_of
from harness.evidence.schema import CellRecord
from harness.verdicts import judged, run_cells
from harness.verdicts.judged import Outcome
from harness.verdicts.run_cells import RunCell

KERNEL = "6.12.9-made"
DROPPED, SWAP = f"tmpfs-dropped@{KERNEL}", f"tmpfs-swap@{KERNEL}"
OWN = Experiment(
    lambda lab: None,
    (Expect(Claim("own", "It is 10.", "own"), Recorded("value"), Exactly(10), AtMost(9), Recorded("true"), Recorded("false")),),
    name="own",
    question="Is it 10?",
    origin="own file belief.py",
    trials=1,
)


def cell(experiment: str = "tmpfs-dropped", **other: Any) -> CellRecord:
    found: dict[str, Any] = {
        "schema": 1,
        "experiment": experiment,
        "version": 1,
        "source": None,
        "axis": {},
        "trials": 1,
        "kernel": KERNEL,
        "series": "6.12",
        "config": None,
        "image": None,
        "package": None,
        "accelerator": "tcg",
        "seconds": 4.1,
        "failures": [],
        "bounds": [],
        "verdicts": [],
        "recordings": {},
        "digests": {},
        **other,
    }
    return found  # type: ignore[return-value]


def written(run: Path, *cells: str, listed: bool = True, **other: Any) -> Path:
    """A run with these cells, judged: each experiment is the name's first part."""
    for name in cells:
        directory = run_directory.cell_directory(run, name)
        directory.mkdir(parents=True)
        run_directory.write_cell(directory, cell(name.partition("@")[0], **other))
    run_directory.write_environment(run, run_directory.environment([], {}, "none", cells if listed else None))
    outcomes = [one.outcome() for one in run_cells.cells_of(run)]
    run_directory.write_verdicts(run, run_cells.document(run, [one for one in outcomes if one]))
    return run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return written(tmp_path / "run", DROPPED, SWAP)


def told(run: Path) -> dict[str, tuple[str, ...]]:
    """What is wrong with each cell of a run."""
    return {one.name: one.faults for one in run_cells.cells_of(run)}


def test_the_cells_of_a_sound_run(run: Path) -> None:
    found = list(run_cells.cells_of(run))
    assert [(one.name, one.faults, one.vouched, one.failures) for one in found] == [(DROPPED, (), True, []), (SWAP, (), True, [])]
    assert [one.experiment for one in found] == [catalogue.load()["tmpfs-dropped"], catalogue.load()["tmpfs-swap"]]
    assert [one.cell["experiment"] for one in found] == ["tmpfs-dropped", "tmpfs-swap"]
    assert [one.directory for one in found] == [run / "experiments" / DROPPED, run / "experiments" / SWAP]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            lambda directory: directory.rename(directory.parents[2] / "away"),
            "its directory is missing: it was never run, or was deleted since",
        ),
        (lambda directory: (directory / "cell.json").unlink(), "its cell.json is missing: it was deleted since"),
        (
            lambda directory: run_directory.write_cell(directory, cell("tmpfs-swap")),
            f"its cell.json is of tmpfs-swap on {KERNEL}",
        ),
        (
            lambda directory: run_directory.write_cell(directory, cell(kernel="6.12.10", series="6.12")),
            "its cell.json is of tmpfs-dropped on 6.12.10",
        ),
        (
            lambda directory: run_directory.write_cell(directory, cell(seconds=9.9)),
            "its cell.json is another than the one that the run's verdicts.json has the seal of",
        ),
        (
            lambda directory: Recorder(directory / name_of(1, "")).close(),
            "trial-1.jsonl.zst was not there when the cell was finished",
        ),
    ],
)
def test_a_cell_that_is_not_believed_says_why(run: Path, change: Callable[[Path], object], fault: str) -> None:
    change(run / "experiments" / DROPPED)
    assert told(run) == {DROPPED: (fault,), SWAP: ()}
    (one, _) = run_cells.cells_of(run)
    assert one.vouched, "it is broken, whatever vouches for it"
    assert [failure["what"] for failure in one.failures] == [fault]
    assert one.experiment == catalogue.load()["tmpfs-dropped"]


def test_a_record_that_is_damaged_is_the_fault(run: Path) -> None:
    path = run / "experiments" / DROPPED / "cell.json"
    path.write_text("{")
    (fault,) = told(run)[DROPPED]
    assert fault.startswith(f"{path}: it is no JSON (")
    (one, _) = run_cells.cells_of(run)
    assert one.cell == run_cells.lost(DROPPED, catalogue.load()["tmpfs-dropped"])


def test_a_cell_that_nobody_planned_or_that_was_never_finished(run: Path) -> None:
    name = f"tmpfs-dropped@lru=classic@{KERNEL}"
    directory = run_directory.cell_directory(run, name)
    directory.mkdir()
    run_directory.write_cell(directory, cell(axis={"lru": "classic"}))
    never = "it was never planned in this run: environment.json does not list it"
    assert told(run) == {DROPPED: (), name: (never,), SWAP: ()}
    unfinished = cell()
    del unfinished["verdicts"]
    experiment = catalogue.load()["tmpfs-dropped"]
    ended = "it was never run to its end: the run was ended before"
    assert list(run_cells.faults(DROPPED, unfinished, experiment, [DROPPED], None)) == [ended]
    assert list(run_cells.faults(DROPPED, unfinished, experiment, [], None)) == [never, ended]
    assert list(run_cells.faults(DROPPED, unfinished, experiment, None, None)) == []
    assert list(run_cells.faults("tmpfs-dropped", cell(), experiment, None, None)) == []
    assert list(run_cells.faults("tmpfs-dropped", cell(seal="one"), experiment, None, "one")) == []


def test_only_the_first_fault_of_a_record_and_five_of_its_files_are_told(run: Path) -> None:
    directory = run / "experiments" / DROPPED
    run_directory.write_cell(directory, cell("tmpfs-swap", seconds=9.9))
    assert len(told(run)[DROPPED]) == 1
    for number in range(1, 9):
        (run / "experiments" / SWAP / name_of(number, "nobody")).write_bytes(b"")
    assert told(run)[SWAP] == tuple(
        f"trial-{number}.nobody.jsonl.zst: no recording of that name was planned" for number in range(1, 6)
    )


def test_a_run_from_before_cells_were_listed_or_sealed(tmp_path: Path) -> None:
    run = written(tmp_path / "run", DROPPED, listed=False)
    assert told(run) == {DROPPED: ()}
    old = cell()
    for key in ("recordings", "digests", "verdicts"):
        del old[key]  # type: ignore[misc]
    (run / "verdicts.json").unlink()
    (run / "experiments" / DROPPED / "cell.json").write_text(json.dumps(old))
    (one,) = run_cells.cells_of(run)
    assert (one.faults, one.vouched, one.outcome()) == ((), False, None)


def test_a_cell_that_was_planned_and_left_no_trace_is_missed(run: Path) -> None:
    """Known from environment.json, from verdicts.json, or by its directory: each by itself is enough."""
    planned = f"tmpfs-holes@{KERNEL}"
    run_directory.write_environment(run, run_directory.environment([], {}, "none", [DROPPED, planned]))
    missing = ("its directory is missing: it was never run, or was deleted since",)
    never = ("it was never planned in this run: environment.json does not list it",)
    assert told(run) == {DROPPED: (), planned: missing, SWAP: never}
    (run / "verdicts.json").unlink()
    assert told(run) == {DROPPED: (), planned: missing, SWAP: never}
    (run / "environment.json").unlink()
    assert told(run) == {DROPPED: (), SWAP: ()}


# What came of a cell, and judging it again.


def test_what_came_of_a_cell_is_what_its_record_says(run: Path) -> None:
    rows: Any = [{"claim": "tmpfs-unreclaimable"}]
    experiment = catalogue.load()["tmpfs-dropped"]
    record = cell(verdicts=rows, failures=["guest lost"], absent="this kernel has no MGLRU")
    one = RunCell(run, record, experiment, ())
    failures = [{"experiment": "tmpfs-dropped", "kernel": KERNEL, "what": "guest lost"}]
    assert one.outcome() == Outcome(run, record, experiment, rows, failures, "this kernel has no MGLRU")  # type: ignore[arg-type]
    assert RunCell(run, cell(), experiment, ()).outcome() == Outcome(run, cell(), experiment, [], [], "")


def test_a_cell_that_is_not_believed_is_broken_whatever_its_record_says(run: Path) -> None:
    experiment = catalogue.load()["tmpfs-dropped"]
    rows: Any = [{"claim": "tmpfs-unreclaimable"}]
    record = cell(verdicts=rows)
    one = RunCell(run, record, experiment, ("it was changed",))
    failures: Any = [{"experiment": "tmpfs-dropped", "kernel": KERNEL, "what": "it was changed"}]
    broken = Outcome(run, record, experiment, [], failures)
    assert one.outcome() == broken
    assert one.judge() == judged.Judged(broken, [], [])


def recorded(directory: Path, value: int) -> None:
    """Writes the one recording of OWN."""
    recorder = Recorder(directory / name_of(1, ""))
    machine = {"name": "vm", "release": KERNEL, "version": "#1", "arch": "x86_64", "boot": "one", "page_size": 4096}
    recorder.event(
        "start",
        machine={**machine, "memory": 1 << 30, "cpus": 1, "accelerator": "tcg"},
        experiment="own",
        version=1,
        settings={},
        arm="",
    )
    for name, number in (("value", value), ("true", value), ("false", 0)):
        recorder.event("record", name=name, value=number)
    recorder.event("end", status="ok", reason="")
    recorder.close()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A run of an experiment of one's own, whose file is not there any more; its bounds were others than now."""
    run = tmp_path / "own run"
    text = as_data.text_of(OWN)
    question = run_directory.source_directory(run, "own") / run_directory.QUESTION
    question.parent.mkdir(parents=True)
    question.write_bytes(text)
    directory = run_directory.cell_directory(run, f"own@{KERNEL}")
    directory.mkdir(parents=True)
    recorded(directory, 12)
    bounds = [{"claim": "own", "quantity": "value", "if_true": [12, 12, False], "if_false": [None, 11, False]}]
    bounds[0] |= {"why_true": "", "why_false": ""}
    record = cell("own", origin=OWN.origin, question=as_data.digest(text), bounds=bounds)
    del record["recordings"], record["digests"]
    run_directory.write_cell(directory, record)
    return run


def test_a_run_is_judged_by_todays_bounds_or_its_own(own: Path) -> None:
    """A question that the run kept is known by the cell's record, or, where that is damaged, by its name."""
    assert [one.rows[0]["verdict"] for one in run_cells.judge_run(own)] == ["undecided"]
    assert [one.rows[0]["verdict"] for one in run_cells.judge_run(own, as_recorded=True)] == ["confirmed"]
    (one,) = run_cells.cells_of(own)
    assert one.judge().rows[0]["verdict"] == "undecided"
    assert one.judge(True).rows[0]["verdict"] == "confirmed"
    (own / "experiments" / f"own@{KERNEL}" / "cell.json").write_text("{")
    (one,) = run_cells.cells_of(own)
    assert (one.experiment.question, bool(one.faults)) == ("Is it 10?", True)


def test_an_experiment_that_nobody_has(own: Path) -> None:
    (own / "sources" / "own" / "question.json").unlink()
    with pytest.raises(UsageError, match="experiment 'own': there is none of that name, nor a claim"):
        list(run_cells.cells_of(own))
    assert list(run_cells.cells_of(own, unknown=True)) == []
    directory = run_directory.cell_directory(own, DROPPED)
    directory.mkdir()
    run_directory.write_cell(directory, cell())
    assert [one.name for one in run_cells.cells_of(own, unknown=True)] == [DROPPED]
    assert run_cells.experiment_of_cell(own, DROPPED) is catalogue.load()["tmpfs-dropped"]


def test_the_catalogues_experiment_is_not_the_one_that_the_run_kept(own: Path) -> None:
    """A run has kept a question under a name that the catalogue has: a cell with an origin is the run's, any other not."""
    source = own / "sources"
    (source / "own").rename(source / "tmpfs-dropped")
    directory = run_directory.cell_directory(own, DROPPED)
    directory.mkdir()
    run_directory.write_cell(directory, cell())
    assert run_cells.experiment_of_cell(own, DROPPED) is catalogue.load()["tmpfs-dropped"]
    digest = as_data.digest((source / "tmpfs-dropped" / "question.json").read_bytes())
    run_directory.write_cell(directory, cell(origin=OWN.origin, question=digest))
    assert run_cells.experiment_of_cell(own, DROPPED).question == "Is it 10?"
    (directory / "cell.json").unlink()
    assert run_cells.experiment_of_cell(own, DROPPED) is catalogue.load()["tmpfs-dropped"]


def test_the_record_that_is_made_up_for_a_lost_cell() -> None:
    experiment = catalogue.load()["tmpfs-dropped"]
    made: dict[str, Any] = {
        "schema": 1,
        "experiment": "tmpfs-dropped",
        "version": experiment.version,
        "source": None,
        "axis": {"lru": "classic", "append": "a=b"},
        "trials": experiment.trials,
        "kernel": KERNEL,
        "series": "6.12",
        "config": None,
        "image": None,
        "package": None,
        "accelerator": "unknown",
        "seconds": None,
        "failures": [],
        "bounds": [],
    }
    assert run_cells.lost(f"tmpfs-dropped@lru=classic@append=a=b@{KERNEL}", experiment) == made
    assert run_cells.lost("tmpfs-dropped", experiment) == {**made, "axis": {}, "kernel": "unknown", "series": "unknown"}


# verdicts.json of a run that is judged again.


def test_verdicts_of_a_run_are_rows_failures_and_seals() -> None:
    experiment = catalogue.load()["tmpfs-dropped"]
    rows: Any = [{"claim": "one"}, {"claim": "two"}]
    failures: Any = [{"experiment": "other", "kernel": KERNEL, "what": "lost"}]
    sound = Outcome(Path("run/experiments/sound"), cell(seal="sha256:1"), experiment, rows, [])
    broken = Outcome(Path("run/experiments/broken"), cell(seal="sha256:2"), experiment, [], failures)
    unsealed = Outcome(Path("run/experiments/unsealed"), cell(), experiment, rows[:1], [])
    found = run_cells.document(Path("run"), [sound, broken, unsealed])
    assert found["cells"] == {"sound": "sha256:1"}
    assert (found["verdicts"], found["errors"], found["run"]) == ([*rows, rows[0]], failures, "run")


def test_what_a_run_vouched_for_it_still_does(run: Path) -> None:
    seal = run_directory.entered_cells(run)[DROPPED]
    changed = Outcome(run / "experiments" / DROPPED, cell(seal="sha256:9"), catalogue.load()["tmpfs-dropped"], [], [])
    assert run_cells.document(run, [changed])["cells"][DROPPED] == seal


def test_a_run_that_nothing_vouches_for_says_so(run: Path) -> None:
    assert run_cells.unvouched(run) == ""
    content = run_directory.read_verdicts(run)
    del content["seal"]
    (run / "verdicts.json").write_text(json.dumps(content))
    assert run_cells.unvouched(run) == "run: nothing vouches for its evidence: it is from before evidence had digests"
    (run / "verdicts.json").unlink()
    assert run_cells.unvouched(run) == (
        "run: nothing vouches for its evidence: it has no verdicts.json, which would vouch for its cells"
    )


def test_files_of_the_run_that_are_damaged_stop_it(run: Path) -> None:
    (run / "environment.json").write_text("{")
    with pytest.raises(Damaged):
        list(run_cells.cells_of(run))
