"""Errors that a user reads: one line that names the thing, the reason and the remedy, and an exit status."""

from __future__ import annotations

from harness.printable import harmless

# The exit statuses of the command line (README, "Exit status").
AS_KNOWN, USAGE, BROKEN, SURPRISE, NOTHING_RAN, INTERRUPTED = 0, 1, 2, 3, 4, 130


class LabError(Exception):
    """Something that the user must hear of in one line.

    thing: what it is about; reason: what is wrong with it; remedy: what to type or change.
    """

    status = BROKEN

    def __init__(self, thing: str, reason: str, remedy: str = "") -> None:
        self.thing, self.reason, self.remedy = thing, reason, remedy
        line = f"{thing}: {reason}" + (f"; {remedy}" if remedy else "")
        super().__init__(harmless(" ".join(line.split())))

    def __reduce__(self) -> tuple[type[LabError], tuple[str, str, str]]:
        """Lets an error of another process arrive whole."""
        return type(self), (self.thing, self.reason, self.remedy)


class UsageError(LabError):
    """The command was typed wrongly: an unknown name, a number out of range."""

    status = USAGE


class Damaged(LabError):
    """A file of the lab's is not as it was written, or is none of the lab's: nothing is judged by it."""


class Unavailable(LabError):
    """This machine lacks what the command needs: nothing could run."""

    status = NOTHING_RAN


class Denied(LabError):
    """The machine refused an operation for want of a privilege: on a host that an ordinary user may not."""


class Skip(Exception):
    """The machine lacks what the experiment needs, or may not be changed so; the text says what."""


class MachineLost(LabError):
    """The machine under test died, hung or answered nonsense: the lab broke, no verdict follows."""

    status = BROKEN
