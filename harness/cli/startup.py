"""What is done before anything else: this process is made fit to run a command, and can be ended from its first moment.

Loaded before the commands are, so it loads nothing.
"""

from __future__ import annotations

import codecs
import locale
import os
import signal
import sys
from types import FrameType

# Ctrl-C, an orderly end (systemd, CI, timeout(1)), a terminal that was closed. One that the caller has ignored stays so
# (nohup(1); the shell of a script for what runs in its background).
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_number = 0  # of the signal that ends the command; 0 while none has come


def prepare() -> None:
    """Makes the process fit: a signal ends it, its standard streams are open and take every character, and what it compiles
    is kept."""
    keep_compiled()
    handle_signals(_end_at_once)
    _open_streams()
    _use_utf8()


def keep_compiled() -> None:
    """Has Python keep what it compiles, unless the caller wants otherwise. invoke keeps nothing whenever it reads a command line:
    every command would compile what it loads anew, half of its time."""
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)


def handle_signals(handler: object) -> None:
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)  # type: ignore[arg-type]


def _end_at_once(number: int, frame: FrameType | None) -> None:
    """Ends the process: nothing is there yet, or any more, that would have to be put in order."""
    os._exit(128 + number)


def _end(number: int, frame: FrameType | None) -> None:
    """Has the command leave by every block's end. A second signal ends the process there and then: its guests end with it,
    and what it was making is found by the next command."""
    global _number
    if _number:
        os._exit(128 + number)
    _number = number
    from harness import interruption

    interruption.interrupt()


def begin() -> None:
    """Has a signal, from now on, put in order what a command has begun."""
    keep_compiled()
    handle_signals(_end)


def over() -> None:
    """Has a signal end the process at once again."""
    handle_signals(_end_at_once)


def interrupted() -> int:
    """Gives the exit status of a command that a signal ends, as a shell tells it: 130, 143 or 129; 0 where none has come."""
    return 128 + _number if _number else 0


def _open_streams() -> None:
    """Opens standard streams that the caller has closed: else the next file would be taken for one of them."""
    for descriptor, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, mode)  # the lowest that is free
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115 - it stays open as long as the process
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8")  # noqa: SIM115


def _use_utf8() -> None:
    """Starts Python anew where the locale has another encoding than UTF-8: files of the lab are in UTF-8. A terminal gets
    its own, with a question mark for what it does not have."""
    name = locale.getpreferredencoding(False)
    if sys.flags.utf8_mode or codecs.lookup(name).name == "utf-8":
        return
    os.environ |= {"PYTHONUTF8": "1", "PYTHONIOENCODING": f"{name}:replace"}
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - this very command, as it was typed
