"""Hides QEMU from a test without the marker `guest`, and names tests alike in each worker."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator

import pytest

from harness.linux import architecture

BINARIES = tuple(dict.fromkeys(one.board.qemu for one in architecture.ALL.values()))
REFUSES = """#!/bin/sh
[ "$1" = --version ] && exec {real} --version
echo "a test without the marker guest starts a guest: mark it with pytest.mark.guest" >&2
exit 97
"""


def pytest_configure(config: pytest.Config) -> None:
    # A suite that a script started in the background ignores SIGINT, one under nohup(1) SIGHUP, and so would every command that a
    # test ends.
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)
    config.addinivalue_line("markers", "guest: boots a guest; `invoke test --fast` leaves it out")


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Names a case of bytes by its parameter: bytes may hold the time of their making, as a gzip header does."""
    return argname if isinstance(val, bytes) else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Puts the refusing QEMU first for the whole of a test that is not marked, its fixtures included."""
    real = {name: found for name in BINARIES if (found := shutil.which(name))}
    if item.get_closest_marker("guest") or not real:
        return (yield)
    factory: pytest.TempPathFactory = item.config._tmp_path_factory  # type: ignore[attr-defined]
    place = factory.getbasetemp() / "no-guests"
    place.mkdir(exist_ok=True)
    for name, path in real.items():
        file = place / name
        if not file.exists():
            file.write_text(REFUSES.format(real=path))
            file.chmod(0o755)
    before = os.environ["PATH"]
    os.environ["PATH"] = f"{place}:{before}"
    try:
        return (yield)
    finally:
        os.environ["PATH"] = before
