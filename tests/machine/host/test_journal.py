"""The journal, through its real code, on files in a temporary directory that stand for a host's settings."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from harness.errors import LabError
from harness.machine.host import journal, journals
from harness.machine.host.journal import Journal
from tests.commands import ROOT, invoke

KILLED = """
import os, sys
from pathlib import Path
from harness.machine.host.journal import Journal
path = sys.argv[1]
journal = Journal.begin()
journal.note_setting(path)
Path(path).write_text("1\\n")
if len(sys.argv) > 2:
    print("changed", flush=True)
    sys.stdin.read()
os.kill(os.getpid(), 9)
"""


# Killed while it starts a child, which has all of its files until it calls exec.
KILLED_STARTING = """
import os, sys, time
from harness.machine.host.journal import Journal
Journal.begin().note_setting(sys.argv[1])
if os.fork() == 0:
    time.sleep(1)
    os._exit(0)
os.kill(os.getpid(), 9)
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOLKLAB_STATE", str(tmp_path / "state"))
    return tmp_path / "state" / "journals"


@pytest.fixture
def setting(tmp_path: Path) -> Path:
    file = tmp_path / "swappiness"
    file.write_text("60\n")
    return file


def change_and_die(setting: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(setting)], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    assert setting.read_text() == "1\n"


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_a_setting_is_restored_at_the_end_and_after_an_exception(
    setting: Path, state: Path, error: type[BaseException] | None
) -> None:
    with pytest.raises(error) if error else nullcontext(), Journal.begin() as entered:
        entered.note_setting(str(setting))
        setting.write_text("0\n")
        if error:
            raise error
    assert setting.read_text().strip() == "60"
    assert not list(state.iterdir())


def test_the_first_value_counts(setting: Path) -> None:
    with Journal.begin() as entered:
        for value in ("0\n", "100\n"):
            entered.note_setting(str(setting))
            setting.write_text(value)
    assert setting.read_text().strip() == "60"


def test_a_choice_is_restored_by_its_word(tmp_path: Path) -> None:
    file = tmp_path / "enabled"
    file.write_text("always [madvise] never\n")
    with Journal.begin() as entered:
        entered.note_setting(str(file))
        file.write_text("always madvise [never]\n")
    assert file.read_text() == "madvise"


def test_what_changes_along_is_restored_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """overcommit_kbytes was set; writing overcommit_ratio sets it to 0. The 0 of the ratio is not written back."""
    ratio, kbytes = tmp_path / "ratio", tmp_path / "kbytes"
    ratio.write_text("0\n")
    kbytes.write_text("4096\n")
    monkeypatch.setattr(journal, "TOGETHER", {str(ratio): str(kbytes)})
    with Journal.begin() as entered:
        entered.note_setting(str(ratio))
        ratio.write_text("50\n")
        kbytes.write_text("0\n")
    assert kbytes.read_text() == "4096"


def test_a_killed_run_is_undone_by_the_next_command(setting: Path, state: Path) -> None:
    change_and_die(setting)
    listed = invoke("list", "--search", "tmpfs")
    assert listed.returncode == 0
    assert f"setting {setting} (was 60)" in listed.stderr
    assert setting.read_text() == "60"
    assert not list(state.iterdir())


def test_a_run_that_was_killed_while_it_started_a_child_is_undone(setting: Path, state: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED_STARTING, str(setting)], cwd=ROOT)
    setting.write_text("1\n")
    assert [change.place for change in journal.restore_left()] == [str(setting)]
    assert setting.read_text().strip() == "60"
    assert not list(state.iterdir())


def test_doctor_shows_and_restore_restores(setting: Path) -> None:
    change_and_die(setting)
    shown = invoke("doctor").stdout
    assert f"setting {setting} (was 60) -> type: invoke restore" in shown
    assert setting.read_text() == "1\n"
    assert "1 changes of this host are undone" in invoke("restore").stdout
    assert setting.read_text() == "60"
    assert "nothing was left" in invoke("restore").stdout


def test_a_living_run_is_left_alone(setting: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(setting), "wait"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == "changed\n"
        assert journal.restore_left() == []
        assert setting.read_text() == "1\n"
    assert [str(change) for change in journal.restore_left()] == [f"setting {setting} (was 60)"]


def test_a_journal_that_was_never_begun_is_removed(state: Path) -> None:
    """A run that is killed between the file and its first line; one that lives goes on with it."""
    dead = subprocess.run(["sh", "-c", "echo $$"], capture_output=True, text=True, check=True).stdout.strip()
    for owner in (dead, str(os.getpid())):
        journals.directory().mkdir(parents=True, exist_ok=True)
        (journals.directory() / f"{owner}-1.new").touch()
    assert journal.restore_left() == []
    assert [path.name for path in state.iterdir()] == [f"{os.getpid()}-1.new"]


def test_after_a_reboot_only_files_are_undone(setting: Path, tmp_path: Path, state: Path) -> None:
    change_and_die(setting)
    (path,) = state.iterdir()
    (tmp_path / "work").mkdir()
    lines = [
        json.dumps({"boot": "another"}),
        *path.read_text().splitlines()[1:],
        json.dumps({"kind": "directory", "place": str(tmp_path / "work"), "before": ""}),
    ]
    path.write_text("\n".join(lines) + "\n")
    assert [change.kind for change in journal.restore_left()] == ["directory"]
    assert setting.read_text() == "1\n"
    assert not (tmp_path / "work").exists()


def test_a_torn_line_is_a_change_that_was_never_made(setting: Path, state: Path) -> None:
    change_and_die(setting)
    (path,) = state.iterdir()
    with open(path, "a") as file:
        file.write('{"kind": "setting", "pla')
    assert len(journal.restore_left()) == 1
    assert setting.read_text() == "60"


def test_what_cannot_be_undone_stays_and_is_named(setting: Path, tmp_path: Path, state: Path) -> None:
    entered = Journal.begin()
    entered.note("setting", tmp_path / "gone" / "file", "5")
    entered.note_setting(str(setting))
    setting.write_text("1\n")
    with pytest.raises(LabError, match=r"gone/file \(was 5\).*invoke restore"):
        entered.restore()
    assert setting.read_text() == "60"  # the others are undone all the same
    assert len(list(state.iterdir())) == 1
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "file").write_text("4")
    journal.restore_left()
    assert (tmp_path / "gone" / "file").read_text() == "5"


def test_what_another_process_undoes_at_the_same_moment_is_tried_again(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed run's child goes on: seen in one of 100 kills, an instance of tracefs was gone between look and removal."""
    tries = []

    def removed_meanwhile(path: str, before: str) -> None:
        tries.append(path)
        if len(tries) == 1:
            raise subprocess.CalledProcessError(1, "rmdir", stderr="rmdir: No such file or directory")

    monkeypatch.setitem(journal.UNDO, "instance", removed_meanwhile)
    with journal.Journal.begin() as begun:
        begun.note("instance", "/instances/trace")
    assert len(tries) == 2
    assert not list(journals.directory().iterdir())


def test_undoing_what_was_never_made_does_nothing(tmp_path: Path) -> None:
    """A run that is killed between the note and the change."""
    with Journal.begin() as entered:
        for kind in ("directory", "group"):
            entered.note(kind, tmp_path / "never")
    assert not os.path.lexists(tmp_path / "never")


def traced(script: str) -> str:
    """What a shell prints that sees tracefs, as the machine does: mounted for it alone."""
    words = ["unshare", "--mount", "sh", "-ec", f"mount -t tracefs tracefs {journal.TRACING}; {script}"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def tracing() -> None:
    try:
        traced(f"[ -w {journal.TRACING}/kprobe_events ]")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may trace, on a kernel that can")


@pytest.mark.usefixtures("tracing")
def test_traces_are_undone_where_tracefs_is_mounted_nowhere(tmp_path: Path) -> None:
    """An instance and two probes of the kernel's outlive the machine that made them, and its mount; a third probe was
    there before."""
    name = f"folklab{os.getpid()}"
    instance, events = f"{journal.TRACING}/instances/{name}", f"{journal.TRACING}/kprobe_events"
    try:
        with Journal.begin() as entered:
            before = traced(f"echo 'p:{name}/before do_exit' >>{events}; cat {events}")
            entered.note("events", events, before)
            entered.note("instance", instance)
            traced(
                f"mkdir {instance}; echo 'p:{name}/one do_exit' >>{events}; echo 'r:{name}/two do_exit' >>{events}; "
                f"echo 1 >{instance}/events/{name}/one/enable"
            )
            assert traced(f"grep -c {name}/ {events}").strip() == "3"
        assert traced(f"grep {name}/ {events}").split()[:1] == [f"p:{name}/before"]
        assert traced(f"ls {journal.TRACING}/instances").split() == []
    finally:
        traced(f"echo '-:{name}/before' >>{events}")


def test_traces_that_were_never_made_need_no_undoing(tracing: None, tmp_path: Path) -> None:
    with Journal.begin() as entered:
        entered.note("instance", f"{journal.TRACING}/instances/folklab-never")
        entered.note("events", f"{journal.TRACING}/kprobe_events", traced(f"cat {journal.TRACING}/kprobe_events"))
