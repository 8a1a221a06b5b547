"""What a part of `invoke faults` is asked, and what it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Asked:
    """How a part is to be shown. count: how many cases (executions, rounds, trials: what the part counts in); kernel: the
    series of its guests, "" for the default one; seed: the same one chooses the same cases; into: a directory for what a
    part leaves for a reader (it is there, and empty)."""

    count: int
    kernel: str
    seed: int
    into: Path


@dataclass(frozen=True)
class Shown:
    """One thing that was to be shown: whether it holds, and the numbers."""

    what: str
    holds: bool
    said: str


@dataclass(frozen=True)
class Part:
    """A part. says: what it does, in one line of help; count: how many cases are full proof, as docs/reliability.md records
    it; show: yields what is shown as it comes, and raises Unavailable where this machine lacks what it takes."""

    says: str
    count: int
    show: Callable[[Asked], Iterator[Shown]]
