"""Can shared memory be requested from a shell?

A shell in the guest runs ipcmk and writes to a file below /dev/shm. After each step the segments in /proc/sysvipc/shm
are counted, the growth of Shmem is read, and another process tries to open the object by shm_open. The same is done
by shmget and shm_open directly, and with a message queue and a disk file, which make no shared memory.
"""

import os
from collections.abc import Callable

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    MIB, REFUTED, AtLeast, Change, Claim, Exactly, Expect, Experiment, Known, Needs, Quantity, Recorded,
)
from harness.lab import IPC_RMID, Lab, Probe

NOT_FROM_SHELL = Claim(
    "shm-not-from-shell", "Shared memory cannot be requested from a shell.", SHARED_MEMORY,
    known=(Known(REFUTED, "ipcmk(1) of util-linux makes segments; shm_overview(7): an object is a file of /dev/shm, "
                          "which a shell's redirection makes too"),),
    instead="ipcmk -M SIZE makes a System V segment and ipcrm -m removes it; any file in /dev/shm is POSIX shared memory.")
SEGMENTS = "/proc/sysvipc/shm"      # a line of titles, then one for each segment (proc(5))


def shell(lab: Lab, probe: Probe, command: str) -> int:
    """Runs it in a shell: the number at the end of what it printed (ipcmk's: the id of what it made), or 0."""
    reply = probe.execute("/programs/dash", "-c", command)
    lab.require(reply.value == 0, f"“{command}” ended with wait status {reply.value}")
    return int((reply.text.split() or [b"0"])[-1])


def procedure(lab: Lab) -> None:
    lab.mount_shm()
    disk = lab.mount_disk()
    probe = lab.probe()
    steps: dict[str, Callable[[], int]] = {
        "nothing": lambda: 0,
        "queue": lambda: shell(lab, probe, "/programs/ipcmk -Q"),
        "segment": lambda: shell(lab, probe, f"/programs/ipcmk -M {1 * MIB}"),
        "shmget": lambda: probe.shmget(1 * MIB).value,
        "file": lambda: shell(lab, probe, f"echo text > {disk}/file"),
        "object": lambda: shell(lab, probe, "echo text > /dev/shm/object"),
        "shm_open": lambda: probe.write_text(probe.shm_open("/shm_open").value, b"text").value,
    }
    ids = {}
    before = len(lab.read(SEGMENTS).splitlines()) - 1
    for name, step in steps.items():
        ids[name] = step()
        now = len(lab.read(SEGMENTS).splitlines()) - 1
        lab.record(f"{name}: segments", now - before)
        before = now
        lab.sample(name)
    for name in ("file", "object", "shm_open"):
        lab.record(f"{name}: opened", int(not probe.attempt.shm_open(f"/{name}", os.O_RDWR).error))
    probe.msgctl(ids["queue"], IPC_RMID)
    for name in ("segment", "shmget"):
        probe.shmctl(ids[name], IPC_RMID)
    for name in ("object", "shm_open"):
        probe.shm_unlink(f"/{name}")


def segments(step: str, what: str) -> Quantity:
    return Recorded(f"{step}: segments", "segments", title=f"System V segments made by {what}")


def growth(since: str, until: str, what: str) -> Quantity:
    return Change("meminfo:Shmem", since, until).called(f"growth of Shmem by {what}")


def opened(name: str, what: str) -> Quantity:
    return Recorded(f"{name}: opened", title=f"whether shm_open finds what was made by {what}")


NOTHING, SOME = Exactly(0, "“cannot” means nothing is made"), AtLeast(1, "one is enough")

EXPERIMENT = Experiment(
    procedure,
    rate=0,
    needs=Needs(changes=("mount",), programs=("/bin/dash", "/usr/bin/ipcmk")),
    expects=(
        Expect(NOT_FROM_SHELL, segments("segment", "dash -c 'ipcmk -M 1048576'"), if_true=NOTHING, if_false=SOME,
               reads_true=segments("queue", "dash -c 'ipcmk -Q'"), reads_false=segments("shmget", "shmget in C"),
               says="A shell's ipcmk -M made {value} System V segments."),
        Expect(NOT_FROM_SHELL, growth("file", "object", "dash -c 'echo text > /dev/shm/object'"),
               if_true=NOTHING, if_false=SOME,
               reads_true=growth("shmget", "file", "the same to a file on a disk"),
               reads_false=growth("object", "shm_open", "shm_open and write in C"),
               says="A shell's redirection into /dev/shm made {value} pages of shared memory."),
        Expect(NOT_FROM_SHELL, opened("object", "dash -c 'echo text > /dev/shm/object'"),
               if_true=NOTHING, if_false=SOME,
               reads_true=opened("file", "the same to a file on a disk"),
               reads_false=opened("shm_open", "shm_open in C"),
               says="shm_open {value:found|did not find} that object."),
    ),
)
