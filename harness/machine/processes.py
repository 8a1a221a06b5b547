"""The processes of this host's that machines live in, so that an interrupted run ends every one."""

from __future__ import annotations

import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from harness.errors import MachineLost


class Running(Protocol):
    """A process of this host's that a machine lives in; killing it ends the machine."""

    process: subprocess.Popen[bytes]


class Fleet:
    """All machines' processes of this Python process, so that an interrupted run ends every one, booting ones too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: set[Running] = set()
        self._stopped = False

    def add(self, process: Running) -> None:
        with self._lock:
            self._processes.add(process)

    def remove(self, process: Running) -> None:
        with self._lock:
            self._processes.discard(process)

    def __len__(self) -> int:
        return len(self._processes)

    def check(self) -> None:
        """Raises MachineLost once the fleet is stopped: nothing starts any more."""
        if self._stopped:
            raise MachineLost("run", "it was interrupted")

    def stop(self) -> None:
        """Kills all of them; their trials end as lost machines."""
        self._stopped = True
        with self._lock:
            for process in self._processes:
                process.process.kill()

    def start(self) -> None:
        self._stopped = False


fleet = Fleet()
# PR_SET_PDEATHSIG (prctl(2)) says nothing of a parent that is dead already: whoever has another one by then ends.
WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"')
# A machine dies with its parent thread (PR_SET_PDEATHSIG): all are started by one that lives as long as the process.
launcher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="launcher")
