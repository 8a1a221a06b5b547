"""MGLRU's generations: aged on purpose, as reclaim does it when the oldest ones run empty."""

from __future__ import annotations

import re

from harness.errors import LabError
from harness.procedure import Lab, Sandbox

DEBUGFS = "/sys/kernel/debug"
FILE = f"{DEBUGFS}/lru_gen"


def age(lab: Lab, box: Sandbox) -> None:
    """A new youngest generation for a group on node 0: what page tables say was touched moves there
    (Documentation/admin-guide/mm/multigen_lru.rst, "+ memcg_id node_id max_gen_nr can_swap force_scan").

    Skips where the kernel does not have the file; raises LabError where it does not list the group.
    """
    if lab.find(FILE) is None:
        lab.mount("debugfs", DEBUGFS, "debugfs")
        if lab.find(FILE) is None:
            lab.skip(f"this kernel has no {FILE}")
    path = box.path.removeprefix("/sys/fs/cgroup")
    found = re.search(rf"^memcg\s+(\d+) {re.escape(path)}\n node\s+0\n((?: +\d+ .*\n)+)", lab.read(FILE), re.M)
    if not found:
        raise LabError(f"generations of {path}", f"{FILE} does not list them", "see the run's evidence")
    youngest = found[2].splitlines()[-1].split()[0]
    lab.write(FILE, f"+ {found[1]} 0 {youngest} 1 1\n")
