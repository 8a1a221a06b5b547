"""Does filling a ramfs drive the machine into OOM, and filling a tmpfs of default size too?

In a guest of 384 MiB a process writes more than the machine has to a file: on a disk, on a tmpfs of default size, on
a tmpfs of default size while another process holds 60 % of the memory, on a ramfs. errno and the number of OOM kills are
recorded after each. A process that fills private memory past the machine's shows how a kill reads.
"""

import os

from experiments.sections import SHARED_MEMORY
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, Change, Claim, Document, Exactly, Expect, Experiment, Guard, Known, Needs, Not,
    Quantity, Recorded, Settings,
)
from harness.lab import Lab

EXHAUSTS = Claim(
    "ramfs-exhausts-memory", "Filling a ramfs drives the machine into OOM.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "Documentation/filesystems/ramfs-rootfs-initramfs.rst, on what ramfs lacks"),),
    document=Document("Documentation/filesystems/ramfs-rootfs-initramfs.rst, “ramfs and tmpfs” (v5.10 to v7.2)"))
SAFE = Claim(
    "tmpfs-default-size-safe",
    "Filling a tmpfs of default size cannot drive a machine into OOM, even while a process uses 60 % of RAM.", SHARED_MEMORY,
    known=(Known(REFUTED, "tmpfs(5): size is half of the memory by default; Documentation/filesystems/tmpfs.rst (v6.12) warns "
                          "of larger ones only: half and 60 % are more than there is"),),
    instead="Mount tmpfs with a size= that fits beside what processes need, or limit its users with memory.max: the default, "
            "half of RAM, is set aside by nobody.")
SHARE = 60          # percent of the memory


def write_past_memory(lab: Lab, kind: str, path: str) -> None:
    """Writes more than the machine has, by a process that the OOM killer chooses first."""
    writer = lab.probe(kind)
    lab.write(f"/proc/{writer.pid}/oom_score_adj", "1000")
    fd = writer.open(path, os.O_RDWR | os.O_CREAT).value
    reply = writer.attempt.write(fd, lab.memory + 64 * MIB)
    lab.record(f"{kind}: errno", reply.error)
    lab.record(f"{kind}: killed", int(not writer.alive))
    lab.sample(kind)
    writer.kill_now()
    lab.hand.unlink(path)


def procedure(lab: Lab) -> None:
    files = {"disk": lab.mount_disk() + "/file", "tmpfs": lab.mount_tmpfs() + "/file",
             "ramfs": lab.mount_ramfs() + "/file"}
    # The writer's death frees nothing: ramfs keeps the memory. Theirs does, or the kernel would panic (“System is
    # deadlocked on memory”) at the next page that anyone asks for; 7.2 took up to two of them.
    for number in range(3):
        lab.probe(f"bystander {number}").map(6 * MIB).fill()
    lab.sample("nothing")
    for kind in ("disk", "tmpfs"):
        write_past_memory(lab, kind, files[kind])
    hog = lab.probe("private")
    memory = hog.map(lab.memory + 64 * MIB)
    lab.write(f"/proc/{hog.pid}/oom_score_adj", "1000")
    hog.attempt.fill(memory.address, memory.length)
    lab.sample("private")
    hog.kill_now()
    holder = lab.probe("holder")            # the first to go: its death makes room for the rest of the file
    lab.write(f"/proc/{holder.pid}/oom_score_adj", "1000")
    holder.map(lab.memory * SHARE // 100 // lab.page_size * lab.page_size).fill()
    lab.sample("held")
    writer = lab.probe("beside")
    reply = writer.attempt.write(writer.open(lab.mount_tmpfs("half") + "/file", os.O_RDWR | os.O_CREAT).value, lab.memory)
    lab.record("beside: errno", reply.error)
    lab.sample("beside")
    holder.kill_now()
    writer.kill_now()
    lab.hand.unlink("/mnt/half/file")
    lab.sample("before ramfs")
    write_past_memory(lab, "ramfs", files["ramfs"])


STEPS = ("nothing", "disk", "tmpfs", "private", "held", "beside", "before ramfs", "ramfs")


def kills(step: str, what: str) -> Quantity:
    return Change("vmstat:oom_kill", STEPS[STEPS.index(step) - 1], step).called(f"processes killed for {what}")


HOG = kills("private", "filling private memory past the machine's")
ON_DISK = kills("disk", "writing a disk file past the machine's memory")

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=384 * MIB, changes=("mount",), throwaway=True),
    settings=Settings(overcommit=1),
    guards=(Guard(Recorded("tmpfs: errno"), Not(0), "a tmpfs that took all of it was not filled"),),
    expects=(
        Expect(EXHAUSTS, kills("ramfs", "filling a ramfs"),
               if_true=AtLeast(1, "OOM: one is enough"), if_false=Exactly(0, "no OOM"),
               reads_true=HOG, reads_false=ON_DISK, says="Filling a ramfs killed {value} of the machine's processes."),
        Expect(SAFE, kills("tmpfs", "filling a tmpfs of default size"),
               if_true=Exactly(0, "no OOM"), if_false=AtLeast(1, "OOM: one is enough"),
               reads_true=ON_DISK, reads_false=HOG, says="Alone, filling a tmpfs of default size killed {value} processes;"),
        Expect(SAFE, kills("beside", f"filling a tmpfs of default size beside a process with {SHARE} % of RAM"),
               if_true=Exactly(0, "no OOM"), if_false=AtLeast(1, "OOM: one is enough"),
               reads_true=ON_DISK, reads_false=HOG, says=f"beside a process with {SHARE} % of RAM it killed {{value}} "
                                                         f"processes."),
    ),
    version=3,
)
