"""What QEMU may do on this host: as a user of its own, without new privileges, and in its own sandbox of system calls.

A guest that took over its QEMU would be there. What works here is found by trying it, once for each QEMU: one without
seccomp, or a container where no other user can be had, works all the same, and `invoke doctor` says so.
"""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from harness import cache
from harness.errors import LabError

# QEMU's groups of system calls (qemu(1), -sandbox): obsolete ones; those that give privileges; processes of its own;
# priorities and affinities. It needs none of them: its files come to it opened, and its threads are no processes.
GROUPS = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
# The user that root's QEMU becomes: of the range that systemd leaves to nobody (UIDS-GIDS of systemd, 60706 to 61183), so
# that it shares nothing with a daemon, as it would with `nobody`.
USER = 60900
NO_PRIVILEGES = ("--no-new-privs",)
AS_USER = (
    "--reuid",
    str(USER),
    "--regid",
    str(USER),
    *NO_PRIVILEGES,
    "--inh-caps=-all",
    "--bounding-set=-all",
)
TRYING_SECONDS = 30
KVM = Path("/dev/kvm")


@dataclass(frozen=True)
class Confinement:
    """How QEMU is confined. user: whose processes they are, None for the caller's own; sandbox: the groups of -sandbox, ""
    for none."""

    user: int | None
    sandbox: str

    def before(self, accelerator: str) -> tuple[str, ...]:
        """Gives setpriv's options for QEMU's process."""
        if self.user is None:
            return NO_PRIVILEGES
        if accelerator != "kvm":
            return (*AS_USER, "--clear-groups")
        group = kvm_group()
        # Where /dev/kvm is root's alone, only root's QEMU is accelerated.
        return NO_PRIVILEGES if group is None else (*AS_USER, *group)

    def words(self) -> list[str]:
        """Gives QEMU's own words."""
        return ["-sandbox", self.sandbox] if self.sandbox else []

    def owner(self, accelerator: str) -> int | None:
        """Gives the user that QEMU's process is another's than the caller's, None where it is the caller's."""
        return self.user if "--reuid" in self.before(accelerator) else None

    def __str__(self) -> str:
        who = "as its user" if self.user is None else f"as user {self.user}"
        return f"QEMU runs {who}, {f'with -sandbox {self.sandbox}' if self.sandbox else 'without a sandbox'}"


def kvm_group() -> tuple[str, ...] | None:
    """Gives setpriv's option for the groups with which another user may use KVM; None where none can."""
    found = KVM.stat()
    if found.st_mode & 0o006 == 0o006:
        return ("--clear-groups",)
    return ("--groups", str(found.st_gid)) if found.st_mode & 0o060 == 0o060 and found.st_gid else None


def _works(binary: str, one: Confinement) -> bool:
    """Tries QEMU without a machine, so confined: it must come up and take a command."""
    words = ["setpriv", *one.before("tcg"), binary, "-M", "none", "-nodefaults", "-display", "none", *one.words()]
    try:
        done = subprocess.run(
            [*words, "-monitor", "stdio"], input=b"quit\n", capture_output=True, timeout=TRYING_SECONDS, env=os.environ
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@lru_cache
def confinement(binary: str) -> Confinement:
    """Finds the strictest confinement that this QEMU bears here: tried once and remembered, by binary and caller."""
    state, caller = os.stat(binary), os.geteuid()
    mark = cache.name_of(binary, state.st_size, state.st_mtime_ns, caller, Path("/proc/self/uid_map").read_text(), GROUPS, USER)
    kept = cache.place("qemu") / f"{mark}.confinement"
    with suppress(OSError, ValueError, TypeError):
        return Confinement(**json.loads(kept.read_text()))
    users = (USER, None) if caller == 0 else (None,)
    choices = [Confinement(user, sandbox) for sandbox in (GROUPS, "on", "") for user in users]
    found = next((one for one in choices if _works(binary, one)), Confinement(None, ""))
    with suppress(LabError), cache.replacing(cache.directory("qemu") / kept.name) as new:
        new.write_text(json.dumps(asdict(found)))
    return found
