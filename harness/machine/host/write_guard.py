"""What a request would change of a host outside the sandbox: written to the journal first, or refused."""

from __future__ import annotations

from harness.errors import Skip
from harness.machine.host.journal import TRACING, Journal

# Writing there is an act without a state that could be restored; folding per-cpu counters is not even felt.
HARMLESS = {"/proc/sys/vm/stat_refresh"}
ACTS = {"/proc/sys/vm/drop_caches", "/proc/sys/vm/compact_memory"}
# Of this machine's own namespaces (ipc_namespaces(7)): no other process sees it.
PRIVATE = ("/proc/sys/kernel/shm", "/proc/sys/kernel/msg", "/proc/sys/kernel/sem", "/proc/sys/fs/mqueue/")
ALLOW = "with --allow-host-changes it is done, and restored afterwards"


class WriteGuard:
    """Looks at each request before it is sent (Agent.look_at_requests). groups: the cgroups that are the machine's own;
    allowed: whether anything else may be changed; root: the machine's own root directory, where tracefs is mounted even
    if it is nowhere else."""

    def __init__(self, journal: Journal, groups: str, allowed: bool, root: str = "") -> None:
        self.journal, self.groups, self.allowed, self.root = journal, groups, allowed, root
        self._mounted: dict[str, str] = {}  # where in the machine's namespace → device

    def before(self, operation: str, text: bytes) -> None:
        """Notes what a request would change. Raises Skip where that may not be changed."""
        path = text.partition(b"\0")[0].decode(errors="replace")
        if operation == "put":
            self._write(path)
        elif operation == "swapon":
            self._permit(f"switches swap on ({path})")
            self.journal.note("swap", path, self._on_device(path))
        elif operation == "mount" and text.split(b"\0")[2:3] == [b"cgroup2"]:
            raise Skip("it changes the options of cgroup2's mount, which all of this host has: --machine vm does it")
        elif operation == "mount" and path.startswith("/dev/"):
            self._mounted[text.split(b"\0")[1].decode()] = path
        elif operation == "mkdir" and path.startswith(f"{TRACING}/"):
            self._permit("traces the kernel")
            self.journal.note("instance", path)
        elif operation in {"insmod", "set_clock", "reseed"}:
            raise Skip(f"it needs {operation}, which can't be undone on a host: --machine vm does it")

    def _on_device(self, path: str) -> str:
        """Gives "/dev/loop3 name" for a file on a disk that only the machine has mounted, "" for any other."""
        found = [place for place in self._mounted if path.startswith(f"{place}/")]
        return f"{self._mounted[found[0]]} {path[len(found[0]) + 1 :]}" if found else ""

    def _permit(self, what: str) -> None:
        if not self.allowed:
            raise Skip(f"it {what}: {ALLOW}")

    def _write(self, path: str) -> None:
        own = path.startswith((f"{self.groups}/", *PRIVATE)) or path in HARMLESS
        if own or path == self.groups.rsplit("/", 1)[0] + "/cgroup.subtree_control":
            return
        if not path.startswith(("/proc/sys/", "/sys/")):
            return  # /proc/PID of a probe, a file of the machine's own
        self._permit(f"writes {path}")
        if path == f"{TRACING}/kprobe_events":
            with open(f"{self.root}{path}") as file:
                self.journal.note("events", path, file.read())
        elif path not in ACTS and not path.startswith(f"{TRACING}/"):
            self.journal.note_setting(path)
