"""The processes of this host's that machines live in: started only while a run lasts, and ended with it."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from harness.errors import MachineLost

# PR_SET_PDEATHSIG (prctl(2)) says nothing of a parent that is dead already: whoever has another one by then ends.
WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"')
# A machine dies with its parent thread (PR_SET_PDEATHSIG): all are started by one that lives as long as the process.
launcher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="launcher")


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
        return launcher.submit(self._start, words, options).result()

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
