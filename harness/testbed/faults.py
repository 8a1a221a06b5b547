"""The fault test: runs that change the host are killed at random moments, and the host must be as it was.

Agent and harness are killed in turn, by SIGKILL. What is compared is all that a run could leave behind.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from harness.testbed.guest import Guest

# Each line of what it prints is one thing that must be as before: settings, swap, loop devices, mounts, control groups,
# System V objects and message queues, files where the lab makes some, processes, trace instances and probes.
STATE = r"""
for file in /proc/sys/vm/swappiness /proc/sys/vm/overcommit_memory /proc/sys/vm/overcommit_ratio /proc/sys/vm/page-cluster \
    /proc/sys/vm/min_free_kbytes /proc/sys/vm/watermark_scale_factor /proc/sys/kernel/randomize_va_space \
    /sys/kernel/mm/lru_gen/enabled /sys/kernel/mm/transparent_hugepage/enabled /sys/module/zswap/parameters/enabled; do
    echo "$file $(cat $file 2>&1)"
done
tail -n +2 /proc/swaps; losetup --list --noheadings; cut -d' ' -f5- /proc/self/mountinfo; ipcs | grep 0x
ls -A /dev/shm /dev/mqueue
find /sys/fs/cgroup -name 'folklab*'; ls -d /var/tmp/folklab* 2>/dev/null; ls -A /root/.local/state/folklab/journals 2>/dev/null
ps -eo args | grep -E '^(/init|/programs|python3 -m harness)' | grep -v grep
"""
# Values that no experiment asks for, so that each of them changes all.
UNUSUAL = ("sysctl -q vm.swappiness=37 vm.overcommit_ratio=61 vm.overcommit_memory=1 vm.page-cluster=2 "
           "kernel.randomize_va_space=1")
# Changes settings, swap, loop devices, mounts and drop_caches: all kinds at once.
VICTIM = "python3 -m harness.testbed.collect /var/tmp/killed {names} --trials 3 --changes"
NAMES = "tmpfs-swap swappiness-range swap-file tmpfs-dropped"
# Before that nothing is changed: Python takes seconds to start under emulation.
BEGUN = "until ls /root/.local/state/folklab/journals 2>/dev/null | grep -q . || ! kill -0 $harness; do sleep 0.05; done"
LONGEST = 6.0       # seconds from the first journal to the kill: two or three trials
KILL_HARNESS = "kill -KILL $harness"
KILL_AGENT = "kill -KILL $(pgrep -x init)"


def state(guest: Guest) -> list[str]:
    return sorted(guest.type(STATE).text.splitlines())


@dataclass(frozen=True)
class Round:
    """One kill. whom: "harness" or "agent"; undone: how many changes `invoke restore` has undone; wrong: what is not as
    it was before the first round."""

    number: int
    whom: str
    undone: int
    wrong: tuple[str, ...]


def faults(guest: Guest, rounds: int, seed: int = 1) -> Iterator[Round]:
    chance = random.Random(seed)
    guest.must(UNUSUAL)
    before = state(guest)
    for number in range(1, rounds + 1):
        whom, kill = ("harness", KILL_HARNESS) if number % 2 else ("agent", KILL_AGENT)
        wait = chance.uniform(0, LONGEST)
        guest.type(f"rm -rf /var/tmp/killed; {VICTIM.format(names=NAMES)} >/dev/null 2>&1 & harness=$!; "
                   f"{BEGUN}; sleep {wait:.2f}; {kill}; sleep 0.2; {KILL_HARNESS}; wait")
        said = guest.must("cd /opt/lab && python3 -m invoke restore && rm -rf /var/tmp/killed")
        after = state(guest)
        wrong = [f"lost: {line}" for line in before if line not in after]
        wrong += [f"left: {line}" for line in after if line not in before]
        yield Round(number, whom, said.count("undone: "), tuple(wrong))
