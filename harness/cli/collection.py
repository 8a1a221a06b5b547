"""The commands by their names, as invoke takes them: one that is not asked for is not loaded."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Sequence

from invoke import Collection, Program

from harness import errors, paths
from harness.cli import base, command_line
from harness.cli.base import Command
from harness.errors import UsageError

# Name → module of harness/cli and its function, under the names of the contract.
COMMANDS = {
    "run-experiment": ("runs", "run_experiment"),
    "run-all": ("runs", "run_all"),
    "matrix": ("runs", "matrix"),
    "judge": ("commands", "judge"),
    "check": ("bisect", "check"),
    "compare": ("compare", "compare"),
    "history": ("compare", "history"),
    "report": ("commands", "report"),
    "new": ("own", "new"),
    "try": ("own", "try_"),
    "false-evidence": ("own", "false_evidence"),
    "bisected": ("compare", "bisected"),
    "publish": ("compare", "publish"),
    "list": ("commands", "list_"),
    "ask": ("commands", "ask"),
    "explain": ("commands", "explain"),
    "oom": ("oom", "oom"),
    "doctor": ("commands", "doctor"),
    "restore": ("commands", "restore"),
    "sources": ("sources", "sources"),
}
CHECKOUT = {  # about the checkout itself
    "test": ("commands", "test"),
    "bench": ("bench", "bench"),
    "testbed": ("testbed", "testbed"),
    "faults": ("faults", "faults"),
}
KERNELS = {
    "list": ("kernels", "kernels_"),
    "fetch": ("kernels", "fetch"),
    "add": ("kernels", "add"),
    "forget": ("kernels", "forget"),
}
DEFAULT = "list"  # of the commands about kernels
LISTS = re.compile(r"--list\b|-[A-Za-z]*l")  # invoke's own options that tell what every command does


def top() -> dict[str, tuple[str, str]]:
    """Gives the commands that are in no group."""
    return COMMANDS | (CHECKOUT if paths.CHECKOUT else {})


def names() -> list[str]:
    """Lists what a command can be called by."""
    return [*top(), *(f"kernels.{name}" for name in KERNELS), "kernels"]


def of(words: Sequence[str] | None = None) -> Collection:
    """Gives the commands: all, or those that a command line asks for (words: without the program's name). invoke reads the
    options of every command that it is given, once for each time that it reads the line."""
    asked = set(names()) if words is None else needed(words)
    completing = words is not None and "--complete" in words
    found, kernels = Collection(), Collection("kernels")
    for name, place in top().items():
        if name in asked or completing:
            found.add_task(_made(name, place, name in asked))
    for name, place in KERNELS.items():
        wanted = f"kernels.{name}" in asked or (name == DEFAULT and "kernels" in asked)
        if wanted or completing:
            kernels.add_task(_made(name, place, wanted), name=name, default=name == DEFAULT)
    found.add_collection(kernels)
    return found


def needed(words: Sequence[str]) -> set[str]:
    """Names the commands that a command line needs: those that it has in it; none for a word that is being completed; all
    where it asks what there is, or nothing that there is."""
    parts = {part for word in words for part in (*re.split(r"[\s=]", word), word[2:])}
    found = set() if any(LISTS.match(word) for word in words) else parts & set(names())
    return found if found or "--complete" in words else set(names())


def _made(name: str, place: tuple[str, str], wanted: bool) -> Command:
    """Loads a command, or gives one that is known by its name."""
    if not wanted:
        return Command.named(name)
    module, function = place
    made: Command = getattr(importlib.import_module(f"harness.cli.{module}"), function)
    return made


def help_wanted(words: Sequence[str], found: Collection) -> str | None:
    """Names the command whose help a command line asks for, by -h or --help behind its name; None if it does not.

    invoke would take the word for the first argument of a command that has one.
    """
    named = [word for word in words if word in found.task_names or word in found.collections]
    if not named:
        return None
    after = words[words.index(named[0]) + 1 :]
    return named[0] if {"-h", "--help"} & set(after) else None


def print_help(name: str, found: Collection) -> None:
    """Prints a command's help as `invoke --help NAME` does."""
    try:
        Program(namespace=found, name=base.PROGRAM, binary=base.PROGRAM).run([base.PROGRAM, "--help", name], exit=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def prepare(words: Sequence[str], found: Collection) -> None:
    """Does with a command line what invoke can't: prints a command's help and exits, takes the files of `oom`, tells wrong
    usage in one line, and has that of `check` end as `git bisect run` needs it. words: without the program's name."""
    if "--complete" in words:
        return  # half typed
    if name := help_wanted(words, found):
        print_help(name, found)
        sys.exit(errors.AS_KNOWN)
    again = None
    try:
        rest = command_line.commands_in(words)
        if "check" in rest:
            from harness.cli import bisect

            bisect.arm(rest)
        if "oom" in rest:
            from harness.cli import oom

            again = oom.rewritten(rest)
        command_line.check(again or rest, found, names())
    except UsageError as error:
        base.warn(error)
        sys.exit(error.status)
    if again:
        Program(namespace=found, name=base.PROGRAM, binary=base.PROGRAM).run([base.PROGRAM, *again])
        sys.exit(errors.AS_KNOWN)
