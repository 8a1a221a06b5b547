"""A plug-in of pytest for the tests of operations: their agent and probes are those in $FOLKLAB_SANITIZED."""

from __future__ import annotations

import os
from pathlib import Path

from probes import build

build.BUILD = Path(os.environ["FOLKLAB_SANITIZED"])
