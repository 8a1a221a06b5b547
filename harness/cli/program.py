"""The command line of the installed lab: `folklab` has the commands that `invoke` has in the checkout."""

from __future__ import annotations

import sys
from importlib import metadata

from invoke import Program

from harness.cli import base, collection


def run() -> None:
    """Runs what was typed."""
    base.PROGRAM = "folklab"
    namespace = collection.of(sys.argv[1:])
    collection.prepare(sys.argv[1:], namespace)
    Program(namespace=namespace, name=base.PROGRAM, binary=base.PROGRAM, version=metadata.version("folklab")).run()
