"""Containers on a system of the test bed: where the local machine refuses, and that it works with the flags of
docs/local.md. No image is needed: a container's root is a directory with the system's own programs mounted in it.
"""

from __future__ import annotations

import time
from pathlib import Path

from harness.errors import NOTHING_RAN
from harness.machine.host import cgroup
from harness.testbed import state
from harness.testbed.guest import Guest
from harness.testbed.shown import Shown, collected

# What does not count as left behind (harness/testbed/state.py) and outlives a container: roots, journals.
KEPT = {"": "/var/tmp/cache", "delegated": "/var/tmp/cache-delegated"}
# A root that belongs to whom the container belongs to, with all that podman mounts over.
BOX = """
mkdir -p {kept}/state && mkdir {kept}/box && cd {kept}/box && mkdir -p dev etc opt proc root run sys tmp usr var/tmp &&
for name in bin lib lib64 sbin; do ln -s usr/$name $name; done &&
cp -r /etc/alternatives /etc/group /etc/ld.so.cache /etc/passwd etc
"""
# vfs: the guest's kernel has no overlay, and here is nothing to lay over.
RUN = (
    "podman --storage-driver=vfs run --rm --network=none --env-host --env FOLKLAB_STATE={kept}/state "
    "--volume {kept}/state:{kept}/state --volume /usr:/usr:ro --volume /opt:/opt:ro --workdir /opt/lab {flags} "
    "--rootfs {kept}/box "
)
REFUSED = "python3 -m invoke run-experiment page-size --machine local --results /tmp"
# The first changes nothing; the second changes caches and mounts a disk.
EXPERIMENTS = "page-size tmpfs-dropped"


def in_containers(guest: Guest, into: Path) -> Shown:
    """Shows that without flags nothing runs, as root and rootless; with them verdicts are guests', and nothing is left."""
    began = time.monotonic()
    wrong = [line for user in KEPT for line in refused(guest, user)]
    run = f"/var/tmp/run-{into.name}"
    before = state.read(guest.must)
    within = f"mkdir {run}; {words('', f'{cgroup.CONTAINER} --volume {run}:{run}')} {{}}"
    found = collected(guest, "", EXPERIMENTS, 1, "--changes --settings first", into, within)
    if isinstance(found, str):
        return Shown("containers", False, found)
    guest.must(f"rm -r {run}")
    wrong += state.since(guest.must, before).lines()
    wrong += [f"left: journal {name}" for name in guest.must(f"ls {KEPT['']}/state/journals").split()]
    return Shown(
        "containers",
        found.holds and not wrong,
        "\n    ".join([f"{len(KEPT)} refused, with flags {found.text()}", *wrong, f"in {time.monotonic() - began:.0f} s"]),
    )


def words(user: str, flags: str = "") -> str:
    return RUN.format(kept=KEPT[user], flags=flags)


def refused(guest: Guest, user: str) -> list[str]:
    """Makes a root for this user's containers; what is wrong with what one without flags answers."""
    guest.must(BOX.format(kept=KEPT[user]), user)
    said = guest.type(f"{words(user)} {REFUSED}", user)
    text = said.text.strip()
    if said.status >> 8 == NOTHING_RAN and cgroup.CONTAINER in text and "\n" not in text:
        return []
    return [f"{user or 'root'}: status {said.status >> 8}: {text}"]
