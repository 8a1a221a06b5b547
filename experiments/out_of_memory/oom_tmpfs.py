"""Does a full tmpfs that is larger than the memory leave a machine on which nothing can run?

A guest of 256 MiB without swap has a tmpfs of twice that, four idle processes of 8 MiB, and a shell that the OOM killer takes
last (oom_score_adj -999). Three small processes, one after the other, write more than the guest has to the tmpfs until they are
killed; or one does that holds 48 MiB and so is the largest. Then the shell tries ten times to run a command that needs 2 MiB,
more than the last small writer may leave behind. The same with a tmpfs of half of the memory, which is full before the guest
is, and with a writer that can't be killed, so that there is nobody left to kill.
"""

from experiments.sections import OUT_OF_MEMORY
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, Besides, Change, Claim, Derived, Document, Exactly, Expect, Experiment, Known, Needs,
    Quantity, Recording,
)
from harness.lab import Lab
from harness.lab.helpers.oom import NEVER, adjust, occupy

OVER, LARGE, HALF, IMMUNE = "oversized", "large", "half", "immune"
# Size of the tmpfs, how many write to it, what each holds, its oom_score_adj, in words. A shortage may kill two (v6.1 and later:
# the next victim is chosen while the first one's memory is on its way back): another writer takes what that has left.
ARMS = {OVER: ("200%", 3, 0, 0, "the tmpfs twice RAM"), LARGE: ("200%", 1, 48 * MIB, 0, "twice RAM, its writer large"),
        HALF: ("50%", 3, 0, 0, "half of RAM"), IMMUNE: ("200%", 1, 0, NEVER, "twice RAM, its writer at -1000")}
COMMAND = ("/programs/dash", "-c", "text=$(printf %2000000s)")
IDLE, EACH, STARTS, LAST, BEYOND = 4, 8 * MIB, 10, -999, 64 * MIB
WHERE = "Documentation/filesystems/tmpfs.rst, size"

DEADLOCK = Claim(
    "oom-tmpfs-deadlock", "A full oversized tmpfs deadlocks the machine where processes fill it that are smaller than the "
    "others, one after another: after the OOM kills no command that needs 2 MiB can run, or the kernel panics.", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, "mm/oom_kill.c, out_of_memory: the smallest goes last, and all that the others had is in its file by "
                            "then; the kernel panics once nobody is left (v5.10 to v7.2); measured. What was predicted is that "
                            "the victims' memory would do for others"),),
    document=Document(f"{WHERE} (v5.10 to v7.2)"))
ALSO_LARGE = Claim(
    "oom-tmpfs-deadlock-large-writer", "A full oversized tmpfs deadlocks the machine also where the process that fills it is the "
    "largest: after the OOM kills no command that needs 2 MiB can run.", OUT_OF_MEMORY,
    known=(Known(REFUTED, "mm/oom_kill.c, select_bad_process: the largest is killed first, its request ends with it, and what it "
                          "had is free (v5.10 to v7.2)"),),
    instead="Give a tmpfs a size that leaves room for what must run. If one has filled the memory, remove the file: a death "
            "frees only what the process itself had, so the machine lives if the writer was large.",
    document=Document(f"{WHERE} (v5.10 to v7.2)",
                      "If tmpfs instances are oversized the OOM killer takes process after process, the largest first, and none "
                      "of these deaths frees the file. If its writer is smaller than the others the kernel panics in the end."))


def procedure(lab: Lab) -> None:
    size, count, held, adj, _ = ARMS[lab.arm]
    shell = lab.probe("shell")
    adjust(lab, shell, LAST)
    for number in range(IDLE):
        occupy(lab, f"idle {number}", EACH)
    tmpfs = lab.mount_tmpfs(options=f"huge=never,size={size}")
    writers = [occupy(lab, f"writer {number}", held, adj=adj) for number in range(count)]
    files = [writer.create_file(f"{tmpfs}/{writer.name}", 0) for writer in writers]
    lab.sample("before")
    with lab.panics("panicked"):
        for writer, file in zip(writers, files, strict=True):
            writer.attempt.write(file, lab.memory + BEYOND)
        for number in range(STARTS):
            shell.try_as(f"start {number}").execute(*COMMAND)
        lab.sample("after")


def started(arm: str) -> Quantity:
    """Counts the commands that ran to their end, also before a panic."""
    def read(recording: Recording) -> int | None:
        found = [recording.outcomes.get(f"start {number}") for number in range(STARTS)]
        if None in found and recording.records.get("panicked") != 1:
            return None
        return sum(one is not None and one.get("ended") is None and not one["error"] and not one["value"] for one in found)
    return Derived(f"commands that could be run of {STARTS}, {ARMS[arm][4]}", read, "commands", arm)


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    version=2,
    arms=tuple(ARMS),
    needs=Needs(memory=256 * MIB, disks=(), changes=("mount",), programs=("/bin/dash",), throwaway=True),
    expects=tuple(Expect(claim, started(arm), if_true=Exactly(0, "“no command”"), if_false=AtLeast(1, "one ran"),
                         reads_true=started(IMMUNE), reads_false=started(HALF),
                         says=f"After {who} had filled a tmpfs of twice RAM {{value}} of 10 commands could be run.")
                  for claim, arm, who in ((DEADLOCK, OVER, "small processes"), (ALSO_LARGE, LARGE, "a large process"))),
    besides=tuple(Besides(claim, Change("vmstat:oom_kill", "before", "after", arm), AtLeast(1),
                          "{value} processes had been killed.")
                  for claim, arm in ((DEADLOCK, OVER), (ALSO_LARGE, LARGE))),
)
