"""The commands. Each calls one function of the harness; what it prints and its exit status are the contract's."""

from __future__ import annotations

import sys

from harness.cli import commands

namespace = commands.collection()
commands.prepare(sys.argv[1:], namespace)
