"""Evidence vouches for itself: what is damaged, copied, missing or another cell's is broken, and every reader says so."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness import catalogue
from harness.errors import Damaged, LabError
from harness.evidence import integrity, json_file, recording, run_directory
from harness.evidence.schema import VerdictsFile
from harness.false_evidence.made import write_matrix
from harness.reports.comparison import reference, rows, selection
from harness.run import resume
from harness.verdicts import classify, run_cells
from tests.refuting import tmpfs_dropped

KERNEL = "6.12.9-made"
CELL = f"tmpfs-dropped@{KERNEL}"
GOOD = [tmpfs_dropped.GOOD] * 3


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_matrix(tmp_path_factory.mktemp("runs") / "run", catalogue.load()["tmpfs-dropped"], {KERNEL: {"": GOOD}})


@pytest.fixture
def run(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "run"))


def judged(run: Path) -> VerdictsFile:
    return run_cells.document(run, [one.outcome for one in run_cells.judge_run(run)])


def broken(run: Path) -> str:
    """What judging the run says is wrong: it has no row, and status 2."""
    found = judged(run)
    assert found["verdicts"] == []
    assert classify.status(found["verdicts"], found["errors"]) == 2
    assert {(one["experiment"], one["kernel"]) for one in found["errors"]} == {("tmpfs-dropped", KERNEL)}
    assert all("\n" not in one["what"] for one in found["errors"])
    return found["errors"][0]["what"]


def rewritten(path: Path, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Changes the events of a recording, and writes it with a checksum that is right."""
    events = recording.read(path).events
    change(events)
    recorder = recording.Recorder(path)
    for event in events:
        recorder.event(event["event"], **{key: value for key, value in event.items() if key != "event"})
    recorder.close()


def edited(path: Path, change: Callable[[dict[str, Any]], object], seal: bool = False) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(json_file.sealed(content) if seal else content))


def unsealed(run: Path) -> Path:
    """Makes of a run one from before there were digests: only sizes, no seals, no list of cells."""
    for path, keys in (
        (run / "environment.json", ("cells", "seal")),
        (run / "verdicts.json", ("cells", "seal")),
        (run / "experiments" / CELL / "cell.json", ("digests", "seal")),
    ):
        edited(path, lambda content, keys=keys: [content.pop(key) for key in keys])
    return run / "experiments" / CELL


def test_a_sound_run_is_judged_as_it_was(run: Path) -> None:
    assert judged(run) == {key: value for key, value in json.loads((run / "verdicts.json").read_text()).items() if key != "seal"}
    assert run_cells.unvouched(run) == ""
    assert selection.select(str(run), run.parent).broken == ()
    assert reference.gather([run]).damaged == ()


def test_a_run_from_before_there_were_digests(run: Path) -> None:
    """It is judged as ever, with a word that nothing vouches for it."""
    before = judged(run)["verdicts"]
    unsealed(run)
    assert judged(run)["verdicts"] == before
    assert "from before evidence had digests" in run_cells.unvouched(run)
    said: list[str] = []
    assert rows.collected(run.parent, run.parent, lambda line: said.append(str(line)))
    assert said == ["nothing vouches for run: from before verdicts.json had a seal"]


FIRST, SECOND, THIRD = (f"trial-{number}.jsonl.zst" for number in (1, 2, 3))


def one_byte(cell: Path) -> None:
    rewritten(cell / FIRST, lambda events: events[2]["files"].update(meminfo="Cached: 1 kB\n"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (one_byte, "trial-1.jsonl.zst was changed since it was written"),
        (lambda cell: shutil.copy(cell / FIRST, cell / SECOND), "trial-2.jsonl.zst was changed since it was written"),
        (lambda cell: shutil.copy(cell / FIRST, cell / "trial--1.jsonl.zst"), "trial--1.jsonl.zst: no recording of that name"),
        (lambda cell: shutil.copy(cell / FIRST, cell / "trial-9.jsonl.zst"), "trial-9.jsonl.zst: no recording of that name"),
        (lambda cell: shutil.copy(cell / FIRST, cell / "trial-1 (copy).jsonl.zst"), "no recording of that name was planned"),
        (lambda cell: shutil.copy(cell / FIRST, cell / "trial-.jsonl.zst"), "no recording of that name was planned"),
        (lambda cell: (cell / SECOND).unlink(), "trial-2.jsonl.zst is missing"),
        (lambda cell: (cell / "cell.json").unlink(), "its cell.json is missing"),
        (shutil.rmtree, "its directory is missing"),
        (lambda cell: edited(cell / "cell.json", lambda one: one.update(trials=1)), "its seal is another"),
        (lambda cell: edited(cell / "cell.json", lambda one: one.update(trials=1), True), "than the one that the run's verdicts"),
        (lambda cell: edited(cell / "cell.json", lambda one: one.pop("seal")), "than the one that the run's verdicts.json"),
        (lambda cell: (cell / "cell.json").write_text("[]"), "it holds list where the lab writes an object"),
        (lambda cell: (cell / "cell.json").write_text("{"), "it is no JSON"),
        (lambda cell: (cell / "cell.json").write_bytes(b"\xff{}"), "it is no text in UTF-8"),
        (lambda cell: edited(cell / "cell.json", lambda one: one.update(schema=99)), "its schema is 99"),
        (lambda cell: edited(cell / "cell.json", lambda one: one.pop("kernel")), "missing required field `kernel`"),
    ],
)
def test_what_is_not_as_it_was_written(run: Path, change: Callable[[Path], object], said: str) -> None:
    cell = run / "experiments" / CELL
    change(cell)
    assert said in broken(run)
    assert said in selection.select(str(run), run.parent).broken[0]
    assert selection.select(str(run), run.parent).rows == ()
    with pytest.raises(Damaged):
        reference.gather([run])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda events: events[0].update(experiment="something-else"), "it is of experiment 'something-else'"),
        (lambda events: events[0].update(version=99), "it is of version 99"),
        (lambda events: events[0].update(trial=1), "it is of trial 1, the cell's is 2"),
        (lambda events: events[0].update(arm="swap"), "it is of arm 'swap'"),
        (lambda events: events[0]["machine"].update(release="5.10.0-other"), "it is of kernel '5.10.0-other'"),
        (lambda events: events[0]["machine"].update(page_size=0), "its page size is 0"),
        (lambda events: events[0]["machine"].pop("boot"), "missing required field `boot`"),
        (lambda events: events.pop(0), "it has no start"),
        (lambda events: events.pop(), "trial 2: the recording stops before its end"),
        (lambda events: events.append({"event": "note"}), "trial 2: the recording stops before its end"),
        (lambda events: events.insert(3, events[2]), "stands in it twice"),
        (lambda events: events[-1].update(status="good"), "an event end is not as its schema has it"),
        (lambda events: events[-1].update(status="broken", reason="lost"), "trial 2: lost"),
        (lambda events: events.insert(1, {"event": "sample"}), "an event sample is not as its schema has it"),
        (lambda events: events.insert(1, {"event": "record", "name": "x"}), "an event record is not as its schema has it"),
    ],
)
def test_a_recording_that_says_it_is_anothers(run: Path, change: Callable[[list[dict[str, Any]]], object], said: str) -> None:
    """No digest tells, as in a run from before there were any: what it says does."""
    cell = unsealed(run)
    rewritten(cell / SECOND, change)
    edited(cell / "cell.json", lambda one: one["recordings"].update({SECOND: (cell / SECOND).stat().st_size}))
    assert said in broken(run)


def test_settings_of_another_cell(run: Path) -> None:
    cell = unsealed(run)
    edited(cell / "cell.json", lambda one: one.update(axis={"lru": "mglru"}))
    for name in (FIRST, SECOND, THIRD):
        rewritten(cell / name, lambda events: events[0]["settings"].update(lru="classic"))
        edited(cell / "cell.json", lambda one, name=name: one["recordings"].update({name: (cell / name).stat().st_size}))
    assert "its setting lru is 'classic', the cell's is mglru" in broken(run)


def test_copies_are_no_repeats(run: Path) -> None:
    """A recording over its sisters, in a run that no digest vouches for: three trials, and one boot."""
    cell = unsealed(run)
    for name in (SECOND, THIRD):
        shutil.copy(cell / FIRST, cell / name)
        edited(cell / "cell.json", lambda one, name=name: one["recordings"].update({name: (cell / FIRST).stat().st_size}))
    found = judged(run)
    assert {(row["verdict"], row["boots"]) for row in found["verdicts"]} == {("undecided", 1)}
    assert "trials 1 and 2 stem from one boot (boot-1): copies are no repeats" in found["verdicts"][0]["why"]
    assert classify.status(found["verdicts"], found["errors"]) == 3


def test_trials_on_a_host_share_its_boot(run: Path) -> None:
    cell = unsealed(run)
    for name in (FIRST, SECOND, THIRD):
        rewritten(cell / name, lambda events: events[0]["machine"].update(name="local", boot="the host's"))
        edited(cell / "cell.json", lambda one, name=name: one["recordings"].update({name: (cell / name).stat().st_size}))
    assert {(row["verdict"], row["boots"]) for row in judged(run)["verdicts"]} == {("confirmed", 1)}


def test_a_run_that_was_killed(run: Path) -> None:
    """Cells that never began, and one that was torn: broken, as a lab is that fails."""
    edited(run / "environment.json", lambda one: one["cells"].append(f"tmpfs-swap@{KERNEL}"), True)
    cell = run / "experiments" / CELL
    edited(cell / "cell.json", lambda one: [one.pop(key) for key in ("verdicts", "recordings", "digests")], True)
    (run / "verdicts.json").unlink()
    data = (cell / THIRD).read_bytes()
    (cell / THIRD).write_bytes(data[: len(data) // 2])
    found = judged(run)
    assert found["verdicts"] == []
    assert [(one["experiment"], one["what"].partition(":")[0]) for one in found["errors"]] == [
        ("tmpfs-dropped", "it was never run to its end"),
        ("tmpfs-swap", "its directory is missing"),
    ]
    assert "no verdicts.json" in run_cells.unvouched(run)


def test_a_judge_that_stumbles_is_broken(run: Path) -> None:
    cell = unsealed(run)
    for name in (FIRST, SECOND, THIRD):
        rewritten(cell / name, lambda events: [one.update(data="?") for one in events if one["event"] == "pages"])
        edited(cell / "cell.json", lambda one, name=name: one["recordings"].update({name: (cell / name).stat().st_size}))
    assert "its evidence can't be judged" in broken(run)


def test_evidence_of_another_version_that_does_not_fit_says_so(run: Path) -> None:
    cell = unsealed(run)
    edited(cell / "cell.json", lambda one: one.update(version=99))
    assert "(version 99 of tmpfs-dropped recorded it, the catalogue has" in broken(run)


def test_judging_again_makes_nothing_believable(run: Path) -> None:
    """`invoke report` writes verdicts.json anew: the seal that it had of a cell stays."""
    cell = run / "experiments" / CELL
    seal = json.loads((run / "verdicts.json").read_text())["cells"][CELL]
    edited(cell / "cell.json", lambda one: one.update(seconds=1.5), True)
    for _ in range(2):
        found = judged(run)
        assert found["cells"] == {CELL: seal}
        run_directory.write_verdicts(run, found)
        assert "than the one that the run's verdicts.json" in broken(run)


def test_a_matrix_goes_on_with_sound_cells_only(run: Path) -> None:
    cell = run / "experiments" / CELL
    planned = run_directory.read_cell(cell)
    seal = run_directory.entered_cells(run)[CELL]
    assert not isinstance(resume.finished(cell, planned, seal), str)
    assert "another than the one" in str(resume.finished(cell, planned, "sha256:0"))
    shutil.copy(cell / FIRST, cell / SECOND)
    assert "trial-2.jsonl.zst was changed" in str(resume.finished(cell, planned, seal))


def test_one_bad_run_is_passed_over(run: Path, sound: Path) -> None:
    """history and explain tell of all others, and name the bad one in a line."""
    for number, text in enumerate(("[]", "null", '{"schema": 1, "verdicts": 5}', '{"schema": 99}', "{", '{"verdicts": [{}]}')):
        bad = run.parent / f"bad-{number}"
        bad.mkdir()
        (bad / "verdicts.json").write_text(text)
    said: list[str] = []
    found = rows.collected(run.parent, run.parent, lambda line: said.append(str(line)))
    assert {row["run"] for row in found} == {"run"}
    assert len(said) == 6
    assert all("bad-" in line and "\n" not in line for line in said)


@pytest.mark.parametrize("text", ["[]", "null", '{"schema": 99}', '{"schema": 1, "kernels": 5}', "\x00"])
def test_a_damaged_environment_is_one_line(run: Path, text: str) -> None:
    (run / "environment.json").write_text(text)
    with pytest.raises(LabError, match=r"environment\.json: .*; restore it from a copy, or write {} into it"):
        judged(run)
    (run / "environment.json").write_text("{}")
    assert len(judged(run)["verdicts"]) == 2


def test_names_that_lead_elsewhere(run: Path) -> None:
    edited(run / "environment.json", lambda one: one["cells"].append("../../victim"), True)
    with pytest.raises(Damaged, match="no name of a cell"):
        judged(run)
    with pytest.raises(LabError, match="no name of a cell"):
        run_directory.cell_directory(run, "tmpfs-dropped@6.12/../../../victim")


def test_no_flipped_bit_goes_unnoticed(sound: Path, tmp_path: Path) -> None:
    """The checksum of a recording alone tells, whatever its digest says: every bit of its first and last bytes, and more."""
    data = (sound / "experiments" / CELL / FIRST).read_bytes()
    whole = recording.read(sound / "experiments" / CELL / FIRST).events
    step = max(1, len(data) // 200)
    for place in sorted({*range(32), *range(0, len(data), step), *range(len(data) - 16, len(data))}):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[place] ^= 1 << bit
            (tmp_path / FIRST).write_bytes(flipped)
            found = recording.read(tmp_path / FIRST)
            assert found.damage or found.events == whole, (place, bit)
            assert not found.damage or found.end["status"] == "broken"


def test_a_recording_that_unpacks_to_more_than_any_trial_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "TEXT_LIMIT", 1 << 20)
    recorder = recording.Recorder(tmp_path / FIRST)
    for _ in range(20):
        recorder.event("note", text="0" * 100_000)
    recorder.close()
    assert "it unpacks to more than 1 MiB" in recording.read(tmp_path / FIRST).damage
    assert integrity.digest_of(tmp_path / FIRST).startswith("sha256:")
