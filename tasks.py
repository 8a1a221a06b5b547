"""The commands. Each calls one function of the harness; what it prints and its exit status are the contract's."""

from __future__ import annotations

import sys

from harness.cli import startup

startup.prepare()

from harness.cli import commands  # noqa: E402 - a signal is to end the process while this is loaded too

namespace = commands.collection()
commands.prepare(sys.argv[1:], namespace)
