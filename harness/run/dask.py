"""A cluster of Dask's as an executor (docs/cluster.md). The only module that knows of Dask, an optional dependency."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from harness.errors import Unavailable, UsageError

# How often a cell is given out again after its worker was lost or broke. The scheduler gives a cell of a lost worker to
# another one by itself, up to its own limit (distributed.scheduler.allowed-failures, 3); these come on top.
RETRIES = 3
WORKER_SECONDS = 60


def require(address: str) -> None:
    """Raises UsageError without Dask, and for what is no address of a scheduler."""
    if importlib.util.find_spec("distributed") is None:
        raise UsageError("--scheduler", "Dask is not installed", "type: pip install 'folklab[cluster]'")
    if "://" not in address:
        raise UsageError(f"--scheduler {address}", "it is no address", "for instance --scheduler tcp://HOST:8786")


@contextmanager
def executor(address: str) -> Iterator[Executor]:
    """Calls on the workers of a scheduler ("tcp://HOST:8786"). Raises UsageError as `require` does, Unavailable where no
    scheduler answers, or none that has a worker."""
    require(address)
    from distributed import Client

    # What goes wrong is told in one line here, or by the cells that it breaks; Dask would tell it with tracebacks.
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=f"{WORKER_SECONDS}s", set_as_default=False)
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"scheduler {address}", " ".join(str(error).split()) or "it does not answer", "start one with `dask scheduler`"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TimeoutError:
            raise Unavailable(f"scheduler {address}", "it has no worker", f"start one with `dask worker {address}`") from None
        # pure: a cell is run when it is asked for, also where another client has asked for the same.
        yield client.get_executor(retries=RETRIES, pure=False)
