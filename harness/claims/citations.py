"""Citations of the kernel's source in what experiments say, and what of them a tree of source does not have.

A source is a text, and what of it can be checked is written like this:

    mm/vmscan.c, shrink_list and shrink_active_list: why it follows; mm/swap.c, folio_add_lru (since v5.16)

A name belongs to the file that was named last before it: what follows a file's comma, and further on whatever has an
underscore in it; of a document also what is “quoted”. What stands in parentheses ends with them. A manual page and a
file of another project end what belongs to a file. Versions in parentheses say of which kernels is spoken, from the
last such on: (v6.12), (v5.10, v6.12), (v5.10 to v7.2), (since v6.1), (before v5.18). Versions
behind a commit only date that.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from harness.claims.claim import Known
from harness.linux.releases import within

# The folders at the top of the kernel's tree; a path that begins otherwise is another project's.
FOLDERS = (
    *("Documentation", "arch", "block", "crypto", "drivers", "fs", "include", "init", "io_uring", "ipc", "kernel", "lib"),
    *("mm", "net", "rust", "samples", "scripts", "security", "sound", "tools", "usr", "virt"),
)
VERSION = r"v\d+\.\d+"
SPAN = rf"(?:{VERSION}\sto\s{VERSION}|(?:since\s|before\s)?{VERSION})"
IDENTIFIER = r"[A-Za-z_]\w*"
TOKEN = re.compile(
    rf"""
    (?P<versions> (?:\(|[;,]\s) (?P<spans>{SPAN}(?:,\s{SPAN})*) (?=[;)]) )
    | (?P<file> (?<![\w./-]) (?:[\w+.-]+/)+ [\w+.-]+ \. (?:cc?|h|S|rst|txt|html|py) \b )
    | (?P<page> \b {IDENTIFIER} \(\d[a-z]*\) )
    | “(?P<quoted> [^”]+ )”
    | (?P<name> (?<![\w./-]) {IDENTIFIER} (?![\w/]) )
    | (?P<open> \( ) | (?P<close> \) ) | (?P<end> : | ; | \.\s )
    """,
    re.VERBOSE,
)
COMMIT = re.compile(r"\b[0-9a-f]{12,40}\s?$")
# Words that may stand in the list of names behind a file.
FILLERS = {"and", "enum", "struct", "union"}


@dataclass(frozen=True)
class Citation:
    """A file of the kernel, or a name or quotation in it.

    spans: (from series, before series) of which it speaks, either open; none for every kernel.
    """

    file: str
    name: str = ""
    spans: tuple[tuple[str | None, str | None], ...] = ()

    def about(self, series: str) -> bool:
        return not self.spans or any(within(series, since, before) for since, before in self.spans)

    def missing(self, read: Callable[[str], str | None]) -> str:
        """Says what of it a tree lacks, "" for nothing. read: gives a file's text, None for one that is not there."""
        text = read(self.file)
        if text is None:
            return "there is no such file"
        if " " in self.name:
            return "" if self.name in " ".join(text.split()) else f"it does not say “{self.name}”"
        return "" if not self.name or re.search(rf"\b{self.name}\b", text) else f"it has no {self.name}"


def citations(text: str, *, listed_only: bool = False) -> list[Citation]:
    """Reads the citations of a text. listed_only: files, and the names right behind their commas, nothing further on."""
    return list(dict.fromkeys(_Reader(" ".join(text.split()), listed_only).read()))


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str, listed_only: bool) -> None:
        self.text, self.listed_only = text, listed_only
        self.file = ""  # that names belong to
        self.listing = False  # in the list behind its comma
        self.enclosing: list[str] = []  # the files outside of each open parenthesis
        self.found: list[Citation] = []
        self.dated = 0  # how many of them have their versions

    def read(self) -> list[Citation]:
        for token in TOKEN.finditer(self.text):
            if token["versions"]:
                self._date(token)
            elif token["file"]:
                self._enter(token["file"], self.text[token.end() : token.end() + 2])
            elif token["page"]:
                self.file, self.listing = "", False
            elif token["quoted"]:
                if self.file.startswith("Documentation/") and " " in token["quoted"] and not self.listed_only:
                    self.found.append(Citation(self.file, token["quoted"]))
            elif token["name"]:
                self._name(token)
            elif token["open"]:
                self.enclosing.append(self.file)
                self.listing = False
            elif token["close"]:
                self.file = self.enclosing.pop() if self.enclosing else self.file
            else:
                self.listing = False
        return self.found

    def _enter(self, path: str, behind: str) -> None:
        self.file = path if path.partition("/")[0] in FOLDERS else ""
        self.listing = behind == ", "
        if self.file:
            self.found.append(Citation(self.file))

    def _name(self, token: re.Match[str]) -> None:
        name = token["name"]
        if not self.file or name in FILLERS:
            return
        follows = self.text[token.end() : token.end() + 6]
        if self.listing and not re.match(r"[,:;.)]|$| and | \(", follows) and "_" not in name:
            self.listing = False  # it is a sentence
        if self.listing or (not self.listed_only and "_" in name):
            self.found.append(Citation(self.file, name))

    def _date(self, token: re.Match[str]) -> None:
        if token[0].startswith("("):
            self.enclosing.append(self.file)
        if not COMMIT.search(self.text[: token.start()]):
            spans = tuple(_span(words) for words in token["spans"].split(", "))
            self.found[self.dated :] = [replace(one, spans=spans) for one in self.found[self.dated :]]
            self.dated = len(self.found)


def _span(words: str) -> tuple[str | None, str | None]:
    first, *more = re.findall(r"\d+\.\d+", words)
    if words.startswith("since"):
        return first, None
    if words.startswith("before"):
        return None, first
    return first, _next(more[0] if more else first)


def _next(series: str) -> str:
    major, minor = series.split(".")
    return f"{major}.{int(minor) + 1}"


@dataclass(frozen=True)
class Cited:
    """A citation where it stands in an experiment's file: on a line, and in which known answer, None elsewhere."""

    line: int
    citation: Citation
    known: Known | None = None

    def about(self, series: str) -> bool:
        return self.citation.about(series) and (self.known is None or self.known.covers(series))


def cited(module: str, known: Iterable[Known]) -> list[Cited]:
    """Finds the citations of an experiment: of its known answers, and the listed ones of all else that its file says.

    module: the text of its file.
    """
    said, found, answers = list(_said(module)), [], list(known)
    for answer in answers:
        parts = [(line, text) for line, text in said if text in _one_line(answer.source)]
        found += [Cited(_line(module, one, parts), one, answer) for one in citations(answer.source)]
    for line, text in said:
        if not any(text in _one_line(answer.source) for answer in answers):
            found += [Cited(_line(module, one, [(line, text)]), one) for one in citations(text, listed_only=True)]
    return list(dict.fromkeys(found))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _line(module: str, citation: Citation, parts: list[tuple[int, str]]) -> int:
    """Finds the line of a citation: of its name, at or behind the one on which the text with its file begins."""
    begins = next((line for line, text in parts if citation.file in text), 1)
    behind = enumerate(module.splitlines()[begins - 1 :], begins)
    return next((number for number, line in behind if (citation.name or citation.file) in line), begins)


def _said(module: str) -> Iterator[tuple[int, str]]:
    """Yields the texts of a Python file with the lines they begin on: its strings, and its comments without their marks."""
    for node in ast.walk(ast.parse(module)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, _one_line(node.value)
    block: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(module).readline):
        if token.type == tokenize.COMMENT:
            if block and token.start[0] != block[-1][0] + 1:
                yield block[0][0], _one_line(" ".join(text for _, text in block))
                block = []
            block.append((token.start[0], token.string.lstrip("# ")))
    if block:
        yield block[0][0], _one_line(" ".join(text for _, text in block))
