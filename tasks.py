"""The commands. Each calls one function of the harness; what it prints and its exit status are the contract's."""

from __future__ import annotations

import sys

from harness.cli import startup

startup.prepare()

from harness.cli import collection  # noqa: E402 - a signal is to end the process while this is loaded too

namespace = collection.of(sys.argv[1:])
collection.prepare(sys.argv[1:], namespace)
