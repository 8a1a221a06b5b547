"""Words of a text as an index has them: sysctls, files, options and calls in all their spellings, and of each word its stem.
Claims and queries go through the same functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import Stemmer

LONGEST = 2000  # characters of a text that are read: a pasted page is no question
# "echo 3 > FILE", "echo 3 | sudo tee FILE": the value comes behind the file's name, as in "name=3".
ECHO = re.compile(r"""echo\s+(?:-n\s+)?["']?(-?\w+)["']?\s*(?:>+|\|\s*(?:sudo\s+)?tee(?:\s+-a)?)\s*(\S+)""")
PATH = re.compile(r"/(?:proc|sys|etc|usr|var|dev)(?:/[\w.*<>$-]+)+")
# The folders of such a path say nothing; its other parts do.
FOLDERS = frozenset(
    ("proc", "sys", "vm", "kernel", "mm", "fs", "cgroup", "self", "pid", "usr", "etc", "var", "module", "parameters")
)
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")  # CommitLimit
SYSCTL = re.compile(r"\bvm[./](?=\w)")
CALL = re.compile(r"(?<=\w)\(\)")
# "-1000" is a number of its own; letters and digits are apart: "oc2", "drop3", "4KiB".
WORD = re.compile(r"(?<![\w-])-\d+|[^\W\d_]+|\d+(?:\.\d+)?")


@cache
def _stemmer() -> Any:
    return Stemmer.Stemmer("english")


@cache
def stem(word: str) -> str:
    """Gives what the inflections of a word have in common: "cached" and "caches" are "cach"."""
    return str(_stemmer().stemWord(word)) if len(word) > 3 else word


@cache
def forms(text: str) -> tuple[str, ...]:
    """Gives the words of a text in small letters and without accents."""
    plain = CAMEL.sub(" ", text[:LONGEST]).casefold()
    if not plain.isascii():
        plain = "".join(letter for letter in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(letter))
    plain = ECHO.sub(r"\2 \1", plain)
    plain = PATH.sub(lambda path: " ".join(part for part in path[0].split("/") if part not in FOLDERS), plain)
    plain = CALL.sub(" function", SYSCTL.sub("", plain))
    return tuple(WORD.findall(plain))


def stems(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(stem(word) for word in words)


def pairs(terms: Sequence[str]) -> list[str]:
    """Gives neighbours as one term each: "drop cach"."""
    return [f"{one} {other}" for one, other in pairwise(terms) if one != other]


def is_number(term: str) -> bool:
    return term.lstrip("-").replace(".", "").isdecimal()
