"""The command line as invoke parses it, read once before invoke does: what it can't be read as is told in the lab's one line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from invoke import Collection, ParseError, Program
from invoke.parser import Parser, ParserContext

from harness.errors import UsageError

NO_IDEA = re.compile(r"No idea what (?:'|\")(.*)(?:'|\") is!", re.S)
NO_VALUE = re.compile(r"Flag <Argument: (\S+).*> needed value")
MISSING = re.compile(r"did not receive required positional arguments: (.+)")


def commands_in(words: Sequence[str]) -> list[str]:
    """Gives a command line from the first command's name on: what stands before it is invoke's own (bootstrap puts
    --search-root there). words: without the program's name. Raises UsageError for an option of invoke's without its value."""
    try:
        return list(Parser(initial=Program().initial_context, ignore_unknown=True).parse_argv(list(words)).unparsed)
    except ParseError as error:
        raise told(error, words) from error


def check(rest: Sequence[str], found: Collection, offered: Iterable[str]) -> None:
    """Reads a command line from its first command on. Raises UsageError for one that invoke would refuse or take for
    another: an option without a value that may stand several times it leaves out, and an empty value is like none. offered: the
    names of all commands."""
    if not rest:
        return
    contexts = contexts_of(found, rest)
    try:
        Parser(contexts=contexts).parse_argv(list(rest))
    except ParseError as error:
        raise told(error, rest, offered) from error
    for word, after in zip(rest, [*rest[1:], "--"], strict=True):
        if word.startswith("--") and (word.endswith("=") or not after):
            raise UsageError(word, "its value is empty", f"leave it out, or name one; {see_help(rest[0])}")
        if after.startswith("--") and any(word in one.flags and one.flags[word].kind is list for one in contexts):
            raise UsageError(word, "it has no value", see_help(rest[0]))


def contexts_of(found: Collection, rest: Sequence[str]) -> list[ParserContext]:
    """Gives what invoke's parser knows of the commands that are named here: of all it takes ten times as long, and each command
    line is read."""
    return [
        ParserContext(name=name, aliases=aliases, args=found[name].get_arguments())
        for name, aliases in found.task_names.items()
        if {name, *aliases} & set(rest)
    ]


def told(error: ParseError, words: Sequence[str], offered: Iterable[str] = ()) -> UsageError:
    """Says what is wrong with a command line, and what to type instead."""
    from harness.claims.checks import nearest

    said, context = str(error), error.context
    command = str(context.name) if context and context.name else ""
    if unknown := NO_IDEA.search(said):
        word = next((one for one in words if ascii(one) == ascii(unknown[1])), unknown[1])
        if word.startswith("-"):
            near = nearest(word, [flag for flag in context.flags if flag.startswith("--")] if context else [])
            return UsageError(
                word, f"{command or 'it'} has no such option", f"{near} {see_help(command)}" if near else see_help(command)
            )
        if command:
            return UsageError(
                word or "''", f"{command} takes no such word", f"several names go together, with commas; {see_help(command)}"
            )
        return UsageError(word or "''", "there is no such command", nearest(word, list(offered)))
    if valueless := NO_VALUE.search(said):
        return UsageError(f"--{valueless[1].replace('_', '-')}", "it has no value", see_help(command))
    if missing := MISSING.search(said):
        wanted = " and ".join(f"its {name.strip()}" for name in missing[1].replace("'", "").split(","))
        return UsageError(command, f"it needs {wanted}", see_help(command))
    return UsageError("command line", said, see_help(command))


def see_help(command: str) -> str:
    """Says where the options of a command are told."""
    return f"`invoke --help {command}` names what it takes" if command else "see `invoke --list`"
