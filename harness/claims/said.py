"""Sentences of experiments, filled with what was read: `says` of an expectation, with {value} and {bound} in it.

What stands behind a colon says how a number reads; without one it stands as it is.

    {value:answer}                  an errno: "granted", "refused with ENOMEM"
    {value:errno}                   "ENOMEM", "no error"
    {value:times}                   "never", "once", "twice", "3 times"
    {value:was|was not}             the one if it is not 0, else the other
    {value:±pages over|pages under} "7 pages under": a number without its sign, and what it is then; a third part for 0
    {value:hundredths}              of a percent: "81.8"
    {value:filesystem}              "tmpfs", for the magic number that statfs gives
"""

from __future__ import annotations

import errno
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.claims.limits import human
from harness.evidence.recording import Number

FILE_SYSTEM = "file system"  # the unit of a magic number of statfs
# include/uapi/linux/magic.h (v6.12), and ipc/mqueue.c for its own.
FILE_SYSTEMS = {0x01021994: "tmpfs", 0xEF53: "ext4", 0x19800202: "mqueue", 0x858458F6: "ramfs", 0x794C7630: "overlayfs"}
TIMES = {0: "never", 1: "once", 2: "twice"}


def error_name(number: int) -> str:
    """Names an errno; a negative one is the signal that ended the process instead."""
    if number < 0:
        return signal.Signals(-number).name if -number in signal.valid_signals() else f"signal {-number}"
    return errno.errorcode.get(number, f"errno {number}")


def speaker(unit: str) -> Callable[[Number], str]:
    """Gives how a number of a unit is said by itself: errnos and signals by their names."""
    if unit == "errno":
        return lambda number: error_name(int(number)) if number else "no error"
    if unit == FILE_SYSTEM:
        return lambda number: FILE_SYSTEMS.get(int(number), f"one of magic number {int(number):#x}")
    if unit == "signal":
        return lambda number: error_name(-int(number)) if number else "no signal"
    return human


def answer(number: Number) -> str:
    """Says how the kernel answered a request, of its errno."""
    return (
        "granted"
        if number == 0
        else f"ended by {error_name(int(number))}"
        if number < 0
        else f"refused with {error_name(int(number))}"
    )


@dataclass(frozen=True)
class Value:
    """What was read in the trials, as `says` names it. text: how it reads as it is; of a rate, the count and its share."""

    numbers: tuple[Number, ...]
    text: str

    def __str__(self) -> str:
        return self.text

    def __format__(self, how: str) -> str:
        if not how or not self.numbers:
            return self.text
        return " or ".join(dict.fromkeys(self._one(how, number) for number in sorted(self.numbers)))

    @staticmethod
    def _one(how: str, number: Number) -> str:
        names: dict[str, Callable[[Number], str]] = {
            "answer": answer,
            "errno": speaker("errno"),
            "times": lambda number: TIMES.get(int(number), f"{human(number)} times"),
            "hundredths": lambda number: f"{number / 100:,.1f}",
            "filesystem": speaker(FILE_SYSTEM),
        }
        if how in names:
            return names[how](number)
        if how.startswith("±") and "|" in how:
            over, under, *nothing = how[1:].split("|")
            return nothing[0] if nothing and not number else f"{human(abs(number))} {under if number < 0 else over}"
        if "|" in how:
            return how.split("|", 1)[0 if number else 1]
        raise ValueError(f"{how!r} is none of {', '.join(names)}, A|B, ±A|B")


def fill(says: str, numbers: Sequence[Number | None], text: str, bound: str) -> str:
    """Fills a sentence. text: how the numbers read as they are."""
    return says.format(value=Value(tuple(one for one in numbers if one is not None), text), bound=bound)
