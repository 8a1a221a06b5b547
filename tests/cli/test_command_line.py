"""Command lines that can't be read, told in one line before invoke reads them."""

from __future__ import annotations

import pytest

from harness.cli import collection, command_line
from harness.errors import UsageError

FOUND = collection.of()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["run-experiments"], "run-experiments: there is no such command; did you mean run-experiment?"),
        (["run-experiment"], "run-experiment: it needs its name; `invoke --help run-experiment` names what it takes"),
        (["compare", "latest"], "compare: it needs its second; `invoke --help compare` names what it takes"),
        (
            ["run-experiment", "a", "--kernle", "6.12"],
            "--kernle: run-experiment has no such option; did you mean --kernel? `invoke --help run-experiment`",
        ),
        (["run-experiment", "a", "--trials"], "--trials: it has no value; `invoke --help run-experiment` names what it takes"),
        (["run-experiment", "a", "--set"], "--set: it has no value; `invoke --help run-experiment` names what it takes"),
        (
            ["run-experiment", "a", "--set", "--json"],
            "--set: it has no value; `invoke --help run-experiment` names what it takes",
        ),
        (["run-all", "--section", ""], "--section: its value is empty; leave it out, or name one"),
        (["run-all", "--section="], "--section=: its value is empty; leave it out, or name one"),
        (["run-all", "more"], "more: run-all takes no such word; several names go together, with commas"),
    ],
)
def test_it_is_told_in_one_line(words: list[str], line: str) -> None:
    with pytest.raises(UsageError) as raised:
        command_line.check(command_line.commands_in(words), FOUND, collection.names())
    assert str(raised.value).startswith(line)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--list"],
        ["--search-root", "/somewhere", "list"],
        ["--help", "run-all"],
        ["run-experiment", "a", "--set", "lru=classic", "--set=cpus=2", "--trials=1", "--json"],
        ["run-experiment", "--name", "a"],
        ["kernels"],
        ["kernels.add", "path", "label"],
        ["doctor", "list"],
    ],
)
def test_what_can_be_read_passes(words: list[str]) -> None:
    command_line.check(command_line.commands_in(words), FOUND, collection.names())


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["list"], {"list"}),
        (["--search-root", "/somewhere", "list"], {"list"}),
        (["doctor", "list", "--json"], {"doctor", "list"}),
        (["--help", "judge"], {"judge"}),
        (["--help=judge"], {"judge"}),
        (["-hjudge"], {"judge"}),
        (["kernels", "-h"], {"kernels.list"}),
        (["kernels.add", "path", "label"], {"kernels.add"}),
    ],
)
def test_what_is_asked_for_is_loaded(words: list[str], names: set[str]) -> None:
    assert set(collection.of(words).task_names) == names


@pytest.mark.parametrize("words", [[], ["--list"], ["-l"], ["--list=kernels"], ["-l", "kernels"], ["lst"], ["--help"]])
def test_all_are_loaded_where_none_is_asked_for(words: list[str]) -> None:
    found = collection.of(words)
    assert set(found.task_names) == set(FOUND.task_names)
    assert all(found[name].__doc__ == FOUND[name].__doc__ for name in FOUND.task_names)


def test_a_word_is_completed_among_all_names() -> None:
    found = collection.of(["--complete", "--", "invoke run-all --se"])
    assert found.task_names == FOUND.task_names
    assert len(found["run-all"].get_arguments()) > 5
    assert found["list"].get_arguments() == []
