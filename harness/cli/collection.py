"""The commands by their names, as invoke takes them: one that is not asked for is known by its name, and not loaded."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Iterable, Sequence

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


def of(words: Sequence[str] | None = None) -> Collection:
    """Gives all commands. words: a command line without the program's name; what it doesn't name is known by its name only.
    Without one all are loaded."""
    top = COMMANDS | (CHECKOUT if paths.CHECKOUT else {})
    names = {*top, *(f"kernels.{name}" for name in KERNELS), "kernels"}
    asked = names if words is None else needed(words, names)
    found, kernels = Collection(), Collection("kernels")
    for name, place in top.items():
        found.add_task(_made(name, place, name in asked))
    for name, place in KERNELS.items():
        wanted = f"kernels.{name}" in asked or (name == DEFAULT and "kernels" in asked)
        kernels.add_task(_made(name, place, wanted), name=name, default=name == DEFAULT)
    found.add_collection(kernels)
    return found


def needed(words: Sequence[str], names: Iterable[str]) -> set[str]:
    """Names the commands that a command line needs: those that it has in it; none for a word that is being completed; all
    where it asks what there is, or nothing that there is."""
    parts = {part for word in words for part in (*re.split(r"[\s=]", word), word[2:])}
    found = set() if any(LISTS.match(word) for word in words) else parts & set(names)
    return found if found or "--complete" in words else set(names)


def _made(name: str, place: tuple[str, str], wanted: bool) -> Command:
    if not wanted:
        return Command.named(name)
    module, function = place
    made: Command = getattr(importlib.import_module(f"harness.cli.{module}"), function)
    return made


def help_wanted(words: Sequence[str], found: Collection) -> str | None:
    """Names the command whose help a command line asks for, by -h or --help behind its name; None if it does not.

    invoke would take the word for the first argument of a command that has one.
    """
    names = [word for word in words if word in found.task_names or word in found.collections]
    if not names:
        return None
    after = words[words.index(names[0]) + 1 :]
    return names[0] if {"-h", "--help"} & set(after) else None


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
        command_line.check(again or rest, found)
    except UsageError as error:
        base.warn(error)
        sys.exit(error.status)
    if again:
        Program(namespace=found, name=base.PROGRAM, binary=base.PROGRAM).run([base.PROGRAM, *again])
        sys.exit(errors.AS_KNOWN)
