"""A cell judged from its directory: each key of its rows, its failures word for word, its bounds, its question."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness import catalogue
from harness.claims import as_data
from harness.claims.claim import CONFIRMED, REFUTED, SKIPPED, UNDECIDED, AtMost, Claim, Exactly, Expect, Experiment, Known
from harness.claims.limits import Limits
from harness.claims.quantities import Counter, Derived, Quantity, Recorded
from harness.errors import LabError, UsageError
from harness.evidence import recording, run_directory
from harness.evidence.recording import Recorder, Recording, Trial, name_of
from harness.evidence.schema import CellRecord
from harness.verdicts import judge, judged
from harness.verdicts.judge import Verdict

KNOWN = (
    Known(CONFIRMED, "mm/made_up.c (v6.12)", since="6.1", settings={"overcommit": "2"}),
    Known(REFUTED, "measured on 5.10", until="6.1"),
)
MADE = Claim("made", "It is 10.", "made up", known=KNOWN)
MODE = "/proc/sys/vm/overcommit_memory"


VALUE = Recorded("value", "pages")


def expect(quantity: Quantity = VALUE, **other: Any) -> Expect:
    ranges = {"if_true": Exactly(10, "all"), "if_false": AtMost(9, "one is enough")}
    return Expect(MADE, quantity, **{**ranges, "reads_true": Recorded("true"), "reads_false": Recorded("false"), **other})


def experiment(*expects: Expect, **other: Any) -> Experiment:
    return Experiment(lambda lab: None, expects or (expect(),), **{"name": "made", "version": 3, "trials": 2, **other})


MACHINE = {
    "name": "vm",
    "release": "6.12.9-made",
    "version": "#1",
    "arch": "x86_64",
    "page_size": 4096,
    "cpus": 1,
    "accelerator": "tcg",
    "memory": 1 << 30,
}
RECORDED = {"value": 10, "true": 10, "false": 0}


def cell(**other: Any) -> CellRecord:
    found: dict[str, Any] = {
        "schema": 1,
        "experiment": "made",
        "version": 3,
        "source": None,
        "axis": {"lru": "classic"},
        "trials": 2,
        "kernel": "6.12.9-made",
        "series": "6.12",
        "config": "sha256:0",
        "image": None,
        "package": None,
        "accelerator": "tcg",
        "seconds": 4.1,
        "failures": [],
        "bounds": [],
        **other,
    }
    return found  # type: ignore[return-value]


def events(number: int, records: Mapping[str, Any] = RECORDED, status: str = "ok", reason: str = "", **start: Any) -> list[Any]:
    """A recording's events, in which the procedure turns a knob after the start."""
    return [
        {
            "event": "start",
            "machine": {**MACHINE, "boot": f"boot-{number}", **start.pop("machine", {})},
            "experiment": "made",
            "version": 3,
            "settings": {"lru": "classic", "overcommit": "0", "zswap": None},
            "arm": "",
            **start,
        },
        {"event": "operation", "operation": "put", "text": f"{MODE}\x002", "error": 0},
        *({"event": "record", "name": name, "value": value} for name, value in records.items()),
        {"event": "end", "status": status, "reason": reason},
    ]


def trials(**other: Any) -> list[Trial]:
    return [Trial(number, {"": Recording(events(number, **other))}) for number in (1, 2)]


def written(directory: Path, *recordings: list[Any]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for number, of_one in enumerate(recordings, 1):
        recorder = Recorder(directory / name_of(number, ""))
        for event in of_one:
            recorder.event(event["event"], **{key: value for key, value in event.items() if key != "event"})
        recorder.close()
    return directory


def row(verdict: Verdict, record: CellRecord, evidence: list[Trial]) -> dict[str, Any]:
    return dict(judged.row(verdict, record, evidence))


def test_a_row_has_every_key_of_the_contract(tmp_path: Path) -> None:
    found = judged.judge_trials(written(tmp_path / "made", events(1), events(2)), cell(), experiment())
    assert [dict(one) for one in found.rows] == [
        {
            "claim": "made",
            "experiment": "made",
            "version": 3,
            "kind": "mechanism",
            "verdict": "confirmed",
            "known": "confirmed",
            "predicted": True,
            "kernel": "6.12.9-made",
            "series": "6.12",
            "config": "sha256:0",
            "machine": "vm",
            "accelerator": "tcg",
            "settings": {"lru": "classic", "overcommit": "2"},
            "repeated": 0,
            "turned": {"vm.overcommit_memory": ["2"]},
            "trials": 2,
            "valid": 2,
            "boots": 2,
            "quantities": [{"name": "value", "unit": "pages", "if_true": "= 10", "if_false": "<= 9", "values": [10, 10]}],
            "references": [
                {"name": "true", "must": "true", "values": [10, 10]},
                {"name": "false", "must": "false", "values": [0, 0]},
            ],
            "guards": [],
            "why": "value: 10 pages (true: = 10).",
            "seconds": 4.1,
            "memory_total": 1 << 30,
            "arch": "x86_64",
            "page_size": 4096,
        }
    ]
    assert (found.failures, found.outcome.absent, found.directory, found.experiment.name) == ([], "", tmp_path / "made", "made")
    assert [one.number for one in found.trials] == [1, 2]
    assert [one.verdict for one in found.verdicts] == [CONFIRMED]


def test_a_row_takes_the_machine_from_the_recording() -> None:
    verdict = Verdict(MADE, experiment(), CONFIRMED, "so")
    local = row(verdict, cell(), trials(machine={"name": "local", "release": "7.2.1", "accelerator": "none"}))
    assert (local["machine"], local["kernel"], local["accelerator"], local["series"]) == ("local", "7.2.1", "none", "6.12")
    nowhere = row(verdict, cell(machine="local"), [])
    assert (nowhere["machine"], nowhere["kernel"], nowhere["accelerator"]) == ("local", "6.12.9-made", "tcg")
    assert row(verdict, cell(), [])["machine"] == "vm"


def test_a_row_has_architecture_and_page_size_where_a_machine_told_both() -> None:
    verdict = Verdict(MADE, experiment(), CONFIRMED, "so")
    arm = row(verdict, cell(), trials(machine={"arch": "aarch64", "page_size": 65536}))
    assert (arm["arch"], arm["page_size"]) == ("aarch64", 65536)
    assert not {"arch", "page_size"} & set(row(verdict, cell(), []))
    for lost in ("arch", "page_size"):
        evidence = trials()
        for trial in evidence:
            del trial.any.start["machine"][lost]
        assert not {"arch", "page_size"} & set(row(verdict, cell(), evidence))


def test_a_row_has_the_settings_that_were_asked_for_and_read_back() -> None:
    verdict = Verdict(MADE, experiment(expect(Recorded("late"))), CONFIRMED, "so")
    evidence = trials()
    assert row(verdict, cell(append="mitigations=off"), evidence)["settings"] == {
        "lru": "classic",
        "overcommit": "0",
        "append": "mitigations=off",
    }
    assert row(verdict, cell(append=""), evidence)["settings"] == {"lru": "classic", "overcommit": "0"}
    assert row(verdict, cell(axis={"memory": "512"}), [])["settings"] == {"memory": "512"}
    begun = [Trial(1, {"": Recording([])}), *evidence]
    assert row(verdict, cell(), begun)["settings"]["overcommit"] == "0"


def test_a_row_says_what_was_known_and_whether_it_was_predicted() -> None:
    """By the kernel's series, and the settings as they stood when the claim was decided."""
    verdict = Verdict(MADE, experiment(), CONFIRMED, "so")
    assert [row(verdict, cell(), trials())[key] for key in ("known", "predicted")] == [CONFIRMED, True]
    assert [row(verdict, cell(series="5.10"), trials())[key] for key in ("known", "predicted")] == [REFUTED, False]
    early = Verdict(MADE, experiment(expect(Recorded("nothing"))), CONFIRMED, "so")
    assert [row(early, cell(), trials())[key] for key in ("known", "predicted")] == [None, None]


def test_a_row_says_how_often_the_cell_was_repeated_and_where_it_is_from() -> None:
    verdict = Verdict(MADE, experiment(), CONFIRMED, "so")
    assert row(verdict, cell(earlier=[{}, {}]), trials())["repeated"] == 2
    assert "origin" not in row(verdict, cell(), trials())
    own = Verdict(MADE, experiment(origin="own file belief.py"), CONFIRMED, "so")
    assert row(own, cell(), trials())["origin"] == "own file belief.py"


def test_a_row_has_what_else_was_measured_where_something_was() -> None:
    found = row(Verdict(MADE, experiment(), CONFIRMED, "so", besides=["It is so too."]), cell(), trials())
    assert found["besides"] == ["It is so too."]
    assert "besides" not in row(Verdict(MADE, experiment(), CONFIRMED, "so"), cell(), trials())


def test_a_row_counts_what_the_verdict_counts() -> None:
    verdict = Verdict(MADE, experiment(), SKIPPED, "there is no swap", 3, 2, 1, guards=["trial 1: so"])
    found = row(verdict, cell(), trials())
    assert {key: found[key] for key in ("verdict", "why", "trials", "valid", "boots", "guards")} == {
        "verdict": SKIPPED,
        "why": "there is no swap",
        "trials": 3,
        "valid": 2,
        "boots": 1,
        "guards": ["trial 1: so"],
    }


# What breaks instead of being judged.


def whats(found: judged.Judged) -> list[str]:
    assert found.rows == []
    assert found.verdicts == []
    assert all(one["experiment"] == "made" and one["kernel"] == "6.12.9-made" for one in found.failures)
    return [one["what"] for one in found.failures]


def test_what_broke_while_it_ran_is_all_that_is_said_of_it(tmp_path: Path) -> None:
    """The trials are shown, so that one can look; a file that is missing says no more."""
    directory = written(tmp_path / "made", events(1))
    found = judged.judge_trials(directory, cell(failures=["guest lost in trial 2"]), experiment())
    assert whats(found) == ["guest lost in trial 2"]
    assert [one.number for one in found.trials] == [1]
    assert judged.failures_of(cell(failures=["one", "two"])) == [
        {"experiment": "made", "kernel": "6.12.9-made", "what": "one"},
        {"experiment": "made", "kernel": "6.12.9-made", "what": "two"},
    ]


def test_files_that_are_not_the_cells_are_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = written(tmp_path / "made", *(events(number) for number in range(1, 11)))
    found = judged.judge_trials(directory, cell(), experiment())
    assert whats(found) == [f"trial-{number}.jsonl.zst: no recording of that name was planned" for number in (10, 3, 4, 5, 6)]
    assert found.trials == []

    def read(directory: Path) -> list[Trial]:
        raise AssertionError("it is read")

    monkeypatch.setattr(recording, "read_trials", read)
    assert whats(judged.judge_trials(directory, cell(), experiment())) == whats(found)


def test_recordings_that_are_not_whole_are_named(tmp_path: Path) -> None:
    directory = written(tmp_path / "made", events(1), events(2)[:-1])
    found = judged.judge_trials(directory, cell(), experiment())
    assert whats(found) == ["trial 2: the recording stops before its end"]
    assert found.trials == []
    many = judged.judge_trials(written(tmp_path / "many"), cell(trials=20), experiment())
    assert whats(many) == ["of 20 planned trials 0 are there: trial 1, 2, 3, 4, 5 is missing"]
    others = written(tmp_path / "others", *(events(number, experiment="another") for number in range(1, 10)))
    assert len(whats(judged.judge_trials(others, cell(trials=9), experiment()))) == 5


def test_a_cell_whose_kernel_has_no_such_setting_has_neither_rows_nor_failures(tmp_path: Path) -> None:
    directory = written(tmp_path / "made", events(1, status="absent", reason="this kernel has no MGLRU"))
    found = judged.judge_trials(directory, cell(), experiment())
    assert (found.rows, found.failures, found.outcome.absent) == ([], [], "this kernel has no MGLRU")
    skipped = written(tmp_path / "skipped", *(events(number, status="skipped", reason="no swap") for number in (1, 2)))
    assert judged.judge_trials(skipped, cell(), experiment()).outcome.absent == ""


def stumbles(recording: Recording) -> int:
    raise ZeroDivisionError("of\x1b[31m\nnothing " + 500 * "x")


def refuses(recording: Recording) -> int:
    raise LabError("counter made", "it is none", "name another")


@pytest.mark.parametrize("version", [3, 2])
def test_a_judge_that_stumbles_breaks_the_cell_in_one_line(tmp_path: Path, version: int) -> None:
    """Of another version of the experiment it says so: that may be why."""
    directory = written(tmp_path / "made", *(events(number, version=version) for number in (1, 2)))
    record, of = cell(version=version), "" if version == 3 else " (version 2 of made recorded it, the catalogue has 3)"
    (said,) = whats(judged.judge_trials(directory, record, experiment(expect(Derived("value", stumbles)))))
    assert said.startswith("its evidence can't be judged: ZeroDivisionError: of\\x1b[31m nothing xxx")
    assert said.removesuffix(of).endswith("x")
    assert len(said) == 400 + len(of)
    (said,) = whats(judged.judge_trials(directory, record, experiment(expect(Derived("value", refuses)))))
    assert said == f"counter made: it is none; name another{of}"


def test_a_judge_that_stumbles_says_where(tmp_path: Path) -> None:
    def stumbles(recording: Recording) -> int:
        return 1 // 0

    directory = written(tmp_path / "made", events(1), events(2))
    found = judged.judge_trials(directory, cell(), experiment(expect(Derived("value", stumbles))))
    (said,) = whats(found)
    line = stumbles.__code__.co_firstlineno + 1
    assert said == f"its evidence can't be judged: ZeroDivisionError: integer division or modulo by zero (test_judged.py:{line})"
    assert found.trials == []


def test_a_cell_of_another_version_that_is_judged_says_nothing_of_it(tmp_path: Path) -> None:
    directory = written(tmp_path / "made", events(1, version=2), events(2, version=2))
    assert judged.judge_trials(directory, cell(version=2), experiment()).failures == []


def test_the_floor_of_the_cell_and_its_own_number_of_trials_count(tmp_path: Path) -> None:
    counted = [events(number) for number in (1, 2)]
    for one in counted:
        one.insert(1, {"event": "sample", "name": "now", "began": 0, "ended": 1, "files": {"meminfo": "Cached: 40 kB\n"}})
    directory = written(tmp_path / "made", *counted)
    what = experiment(expect(Counter("meminfo:Cached", "now")), trials=5)
    assert judged.judge_trials(directory, cell(), what).rows[0]["verdict"] == CONFIRMED
    noisy = cell(noise={"kernel": "6.12", "runs": 50, "counters": {"meminfo:Cached": 4}})
    assert judged.judge_trials(directory, noisy, what).rows[0]["verdict"] == UNDECIDED


# The bounds of a run.


def test_a_run_is_judged_again_by_its_own_bounds_only_if_asked(tmp_path: Path) -> None:
    made = [events(number, {"value": 12, "true": 12, "false": 0}) for number in (1, 2)]
    bounds = [{"claim": "made", "quantity": "value", "if_true": [12, 12, False], "if_false": [None, 11, False]}]
    directory, record = written(tmp_path / "made", *made), cell(bounds=bounds)
    assert judged.judge_trials(directory, record, experiment()).rows[0]["verdict"] == UNDECIDED
    assert judged.judge_trials(directory, record, experiment(), as_recorded=True).rows[0]["verdict"] == CONFIRMED
    assert judged.recorded_bounds(record) == {("made", "value"): (Limits(12, 12), Limits(None, 11))}


def test_the_bounds_of_a_run_are_those_of_the_first_trial_that_has_them(tmp_path: Path) -> None:
    records = [{"true": 10, "false": 0}, {"true": 10, "false": 0, "limit": 8}, {"true": 10, "false": 0, "limit": 7}]
    evidence = [Trial(number, {"": Recording(events(number, made))}) for number, made in enumerate(records, 1)]
    what = experiment(
        expect(if_false=AtMost(Recorded("limit"), "one is enough")), expect(Recorded("other"), if_true=Exactly(Recorded("x")))
    )
    found = judge.judge(what, evidence, planned=3)
    assert judged.bounds_of(found) == [
        {
            "claim": "made",
            "quantity": "value",
            "if_true": (10, 10, False),
            "why_true": "all",
            "if_false": (None, 8, False),
            "why_false": "one is enough",
        }
    ]


# The experiment of a cell.


def test_the_experiment_of_the_catalogue_or_none() -> None:
    directory = Path("run/experiments/made")
    name = "tmpfs-dropped"
    assert judged.experiment_of(directory, cell(experiment=name)) is catalogue.load()[name]
    with pytest.raises(UsageError, match=r"experiment 'tmpfs-droped': there is none of that name.*tmpfs-dropped"):
        judged.experiment_of(directory, cell(experiment="tmpfs-droped"))


def kept(run: Path) -> tuple[Path, str]:
    """Keeps the question of an experiment of one's own in a run, as running it does: the file, and its digest."""
    own = experiment(expect(Derived("value", lambda recording: 10)), origin="own file belief.py", question="Is it 10?")
    text = as_data.text_of(own)
    path = run_directory.source_directory(run, "made") / run_directory.QUESTION
    path.parent.mkdir(parents=True)
    path.write_bytes(text)
    return path, as_data.digest(text)


def test_an_experiment_of_ones_own_is_what_the_run_has_kept(tmp_path: Path) -> None:
    """With the numbers that its functions had computed, where no folder with its file is named."""
    _, digest = kept(tmp_path)
    directory = run_directory.cell_directory(tmp_path, "made")
    computed = [{"quantity": "value", "values": [[1, 7, 0]]}]
    found = judged.experiment_of(directory, cell(origin="own file belief.py", question=digest, computed=computed))
    assert (found.name, found.origin, found.question) == ("made", "own file belief.py", "Is it 10?")
    assert found.expects[0].quantity.read(Trial(1, {})) == 7
    without = judged.experiment_of(directory, cell(origin="own file belief.py", question=digest))
    assert without.expects[0].quantity.read(Trial(1, {})) is None
    question = judged.kept_question(tmp_path, "made")
    assert question is not None
    assert (question.name, question.expects[0].quantity.read(Trial(1, {}))) == ("made", None)


def test_an_experiment_of_ones_own_is_its_file_where_that_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    named = experiment(expect(Derived("value", lambda recording: 10)), origin="own file belief.py", question="Is it 11?")
    monkeypatch.setattr(catalogue, "get", {"made": named}.get)
    found = judged.experiment_of(Path("run/experiments/made"), cell(origin="own file belief.py", question="sha256:0"))
    assert found is named


def test_a_question_that_is_another_or_damaged_is_refused(tmp_path: Path) -> None:
    path, digest = kept(tmp_path)
    directory = run_directory.cell_directory(tmp_path, "made")
    own = cell(origin="own file belief.py", question="sha256:0")
    with pytest.raises(LabError) as said:
        judged.experiment_of(directory, own)
    assert str(said.value) == (
        f"{path}: it is another question than the one that was run: its digest is not that of cell.json; "
        "take the run's directory from where it was made"
    )
    missing = f"experiment made (own file belief.py): it is not of the catalogue, and the run has no readable {path}; "
    path.write_bytes(b"{")
    with pytest.raises(UsageError) as refused:
        judged.experiment_of(directory, cell(origin="own file belief.py", question=as_data.digest(b"{")))
    assert str(refused.value) == f"{missing}name the folder of its file with --experiments"
    assert judged.kept_question(tmp_path, "made") is None
    path.unlink()
    with pytest.raises(UsageError) as refused:
        judged.experiment_of(directory, cell(origin="own file belief.py", question=digest))
    assert str(refused.value) == f"{missing}name the folder of its file with --experiments"
    assert judged.kept_question(tmp_path, "made") is None


def test_the_file_of_ones_own_experiment_as_it_is_now_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that has taken the name of the catalogue's is another: a record without an origin never gets it."""
    _, digest = kept(tmp_path)
    now = experiment(origin="own file belief.py", question="Is it 10 now?")
    monkeypatch.setattr(catalogue, "get", lambda name: now)
    directory = run_directory.cell_directory(tmp_path, "made")
    assert judged.experiment_of(directory, cell(origin="own file belief.py", question=digest)) is now
    monkeypatch.setattr(catalogue, "find", lambda name: (experiment(question="The catalogue's"), None))
    assert judged.experiment_of(directory, cell()).question == "The catalogue's"
    monkeypatch.setattr(catalogue, "get", lambda name: experiment(question="No file's"))
    assert judged.experiment_of(directory, cell()).question == "No file's"
    assert judged.experiment_of(directory, cell(origin="own file belief.py", question=digest)).question == "Is it 10?"


def test_judging_a_cell_reads_its_record_unless_one_is_given(tmp_path: Path) -> None:
    _, digest = kept(tmp_path)
    directory = written(run_directory.cell_directory(tmp_path, "made"), events(1), events(2))
    computed = [{"quantity": "value", "values": [[1, 10, 0], [2, 10, 0]]}]
    bounds = [{"claim": "made", "quantity": "value", "why_true": "", "why_false": ""}]
    bounds[0] |= {"if_true": [11, 11, False], "if_false": [None, 10, False]}  # type: ignore[dict-item]
    run_directory.write_cell(directory, cell(origin="own file belief.py", question=digest, computed=computed, bounds=bounds))
    assert judged.judge_cell(directory).rows[0]["verdict"] == CONFIRMED
    assert judged.judge_cell(directory, as_recorded=True).rows[0]["verdict"] == UNDECIDED
    other = {**cell(origin="own file belief.py", question=digest, computed=computed), "seconds": 9.9}
    found = judged.judge_cell(directory, cell=other)
    assert (found.rows[0]["seconds"], found.directory) == (9.9, directory)
