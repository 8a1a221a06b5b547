"""All of a system that a run could leave changed, as lines: two lists that differ name what is left and what is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

# One line for each setting that anyone may write (harness/machine/host/write_guard.py lets no run write elsewhere), mount, loop
# device, swap area, cgroup, System V object, POSIX object, file, trace instance, probe of the kernel's and process.
# Left out: acts without a state (reading drop_caches tells what was written last), and what moves by itself. tracefs is
# mounted for the reading alone, where the system has it nowhere.
READ = r"""
find /proc/sys/vm /proc/sys/kernel /proc/sys/fs /sys/kernel/mm /sys/module/*/parameters -type f -perm -200 2>/dev/null |
    grep -vE '/(drop_caches|compact_memory|compact|stat_refresh|ns_last_pid|perf_event_max_sample_rate)$' |
    xargs grep -Hs ''
mkdir -p /run/state-tracing
sed 's/^/process /' /run/state-processes
tail -n +2 /proc/swaps | sed 's/ .*//; s/^/swap /'
losetup --list --noheadings --output NAME,BACK-FILE | sed 's/^/loop /'
cut -d' ' -f4- /proc/1/mountinfo | sed 's/^/mount /'
find /sys/fs/cgroup -type d | sed 's/^/cgroup /'
for kind in shm sem msg; do tail -n +2 /proc/sysvipc/$kind | awk -v kind=$kind '{print kind, $1, $2, $3}'; done
find /dev /tmp /var/tmp /root /home /run -xdev -path /var/tmp/cache -prune -o -path /var/tmp/killed -prune -o \
    -path /run/systemd/journal -prune -o -path /run/log -prune -o -path /run/state-processes -o -print | sed 's/^/file /'
find /dev/shm /dev/mqueue | sed 's/^/file /'
mount -t tracefs tracefs /run/state-tracing && cd /run/state-tracing &&
    { ls instances | sed 's/^/instance /'; sed 's/^/probe /' kprobe_events uprobe_events; cat set_event | sed 's/^/event /'; }
"""
# Before anything else is started. Kernel threads (children of 2) come and go.
PROCESSES = r"""
for process in /proc/[0-9]*; do
    read -r line 2>/dev/null <$process/stat || continue
    rest=${line##*) }; name=${line%)*}; set -- $rest
    [ $2 = 2 ] || [ ${process#/proc/} = $$ ] || echo "${process#/proc/} ${name#*\(} since ${20}"
done >/run/state-processes
"""
SETTLED = 5.0  # seconds: systemd takes a stopped scope's directories away after the stop has been answered


SCRIPT = f"{PROCESSES}\nunshare --mount sh <<'END'\n{READ}\nEND"

Shell = Callable[[str], str]  # runs a script on the system, as root: what it printed


def read(shell: Shell) -> list[str]:
    return sorted(set(shell(SCRIPT).splitlines()))


@dataclass(frozen=True)
class Difference:
    """lost: lines that were there before and are not; left: lines that are new."""

    lost: tuple[str, ...]
    left: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.lost or self.left)

    def lines(self) -> list[str]:
        return [*(f"lost: {line}" for line in self.lost), *(f"left: {line}" for line in self.left)]


def since(shell: Shell, before: list[str], settled: float = SETTLED) -> Difference:
    """Tells what differs by now; looks again for so many seconds before it says so."""
    deadline = time.monotonic() + settled
    while True:
        after = read(shell)
        found = Difference(
            tuple(line for line in before if line not in set(after)), tuple(line for line in after if line not in set(before))
        )
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.5)
