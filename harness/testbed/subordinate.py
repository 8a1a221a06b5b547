"""Root of a system's files: root, or an ordinary user in a namespace with his subordinate ids (subuid(5))."""

from __future__ import annotations

import os
import shutil
import subprocess

from harness.errors import Unavailable

# The user stays himself outside of the namespace, so that what root of the system owns is his to write to.
NAMESPACE = ("unshare", "--map-root-user", "--map-auto", "--mount", "--pid", "--fork", "--kill-child")


def words() -> tuple[str, ...]:
    """Gives what stands before a command that root of a system runs."""
    return NAMESPACE if os.geteuid() else ()


def require() -> None:
    """Raises Unavailable, with what to type, where no whole system can be made."""
    if not shutil.which("mmdebstrap"):
        raise Unavailable("mmdebstrap", "it is not installed", "type: sudo apt-get install mmdebstrap")
    if subprocess.run([*words(), "true"], capture_output=True).returncode:
        raise Unavailable(
            "root of a system",
            "you have no subordinate user and group ids, or no newuidmap",
            "type: sudo apt-get install uidmap; name them in /etc/subuid and /etc/subgid; or run it as root",
        )
