"""Help is help: of every command, by both words, and no option that can harm has a short form."""

from __future__ import annotations

import pytest

from harness.cli import collection
from tests.commands import invoke

FOUND = collection.of()
NAMES = [name.replace("kernels.list", "kernels") for name in FOUND.task_names]


@pytest.mark.parametrize("word", ["--help", "-h"])
@pytest.mark.parametrize("name", ["run-experiment", "run-all", "check", "kernels", "kernels.fetch"])
def test_the_help_of_a_command(name: str, word: str) -> None:
    finished = invoke(name, word)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith(f"Usage: invoke [--core-opts] {name} ")
    assert finished.stderr == ""


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_asked_for_its_help_by_both_words(name: str) -> None:
    assert collection.help_wanted([name, "-h"], FOUND) == collection.help_wanted(["--no-dedupe", name, "--help"], FOUND) == name
    assert collection.help_wanted([name], FOUND) is None
    assert collection.help_wanted(["--help", name], FOUND) is None, "invoke does that itself"


@pytest.mark.parametrize("name", NAMES)
def test_no_option_has_a_short_form_and_each_has_its_line(name: str) -> None:
    arguments = FOUND[name].get_arguments()
    assert not [one.names for one in arguments if any(len(word) == 1 for word in one.names)]
    assert all(one.help for one in arguments)
    assert all(one.help for one in FOUND[name].get_arguments()), "asked once more, each has its line yet"


def test_help_of_a_name_after_the_word_for_it_runs_nothing() -> None:
    finished = invoke("run-experiment", "tmpfs-unreclaimable", "--throwaway-host", "-h")
    assert finished.returncode == 0
    assert "CONFIRMED" not in finished.stdout
