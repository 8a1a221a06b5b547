"""Where the journals of this host lie, and whether there are any: all that most commands have to know of them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from harness import cache


def directory() -> Path:
    """Names the directory of journals: they must outlive the cache. FOLKLAB_STATE names another place. Without a journal it
    need not be there."""
    return Path(os.environ.get("FOLKLAB_STATE") or cache.user_directory("XDG_STATE_HOME", "~/.local/state"), "journals")


def any_there() -> bool:
    """Says whether there is a journal, of a run that goes on or of one that was killed."""
    with suppress(FileNotFoundError):
        return bool(os.listdir(directory()))
    return False
