"""The processes of this host's that machines live in: started only while a run lasts, and ended with it."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import MachineLost

STOPPED_SECONDS = 5
STARTING_SECONDS = 60
# A machine dies with its parent thread (PR_SET_PDEATHSIG): all are started by one that lives as long as the process.
launcher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="launcher")


def with_parent(parent: int, options: Sequence[str] = ()) -> tuple[str, ...]:
    """Gives the words that stand before a command which is to end with its parent. options: more of setpriv's.

    PR_SET_PDEATHSIG (prctl(2)) says nothing of a parent that is dead already: whoever has another one by then ends. It is
    set last, since the kernel forgets it where a process becomes another user's.
    """
    return ("setpriv", *options, "--pdeathsig", "KILL", "sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"', str(parent))


class Stops:
    """Watches one process for being stopped: by SIGSTOP or a debugger's like, from outside. Such a one never answers."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._since: float | None = None

    def too_long(self) -> bool:
        """Looks at it, and says whether it was stopped at every look of the last STOPPED_SECONDS."""
        now = time.monotonic()
        self._since = (self._since or now) if is_stopped(self.pid) else None
        return self._since is not None and now - self._since >= STOPPED_SECONDS


def is_stopped(pid: int) -> bool:
    """Says whether a process is stopped (proc(5), stat: state T); one that is gone is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


class Fleet:
    """All machines' processes of this Python process.

    They start, by any thread, while a block of `running` is open. Blocks may lie within each other, and overlap in
    threads: they are one run, which ends with the last of them, or at once where one is left by an interruption. Then
    every process is killed, booting ones too, and nothing starts until all blocks are left and one is entered anew.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._blocks = 0
        self._over = False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Lets machines start until the block ends, and then ends those that are left; their trials end as lost machines.

        A block stands inside of the pool whose threads drive its machines, since leaving a pool waits for its threads:
        `with ThreadPoolExecutor() as pool, fleet.running():`.
        """
        with self._lock:
            if not self._blocks:
                self._over = False
            self._blocks += 1
        interrupted = False
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            interrupted = True
            raise
        finally:
            with self._lock:
                self._blocks -= 1
                if interrupted or not self._blocks:
                    self._end()

    def _end(self) -> None:
        self._over = True
        for process in self._processes:
            process.kill()

    def check(self) -> None:
        """Raises MachineLost once the run is over: nothing starts any more."""
        if self._over:
            raise MachineLost("run", "it was interrupted")
        if not self._blocks:
            raise RuntimeError("a machine was to start outside of `with fleet.running():`")

    def launch(self, words: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """Starts a machine's process, as subprocess.Popen does. Raises MachineLost once the run is over."""
        self.check()
        try:
            return launcher.submit(self._start, words, options).result(STARTING_SECONDS)
        except futures.TimeoutError:
            raise MachineLost(
                "machine", f"its process did not start in {STARTING_SECONDS} s", "see what holds this host"
            ) from None

    def _start(self, words: Sequence[str], options: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(words, **options)
        with self._lock:
            self._processes.add(process)
            if self._over:  # meanwhile
                process.kill()
        return process

    def forget(self, process: subprocess.Popen[bytes]) -> None:
        """Takes a process that has ended off the list."""
        with self._lock:
            self._processes.discard(process)

    def __len__(self) -> int:
        """Counts the processes that were launched and not forgotten."""
        return len(self._processes)


fleet = Fleet()
