"""Does a System V segment that nobody uses outlive its IPC namespace?

A process makes a segment of 16 MiB, fills it, and ends: in an IPC namespace of its own, in the machine's, and after it
has marked the segment to be removed. How much shared memory the machine has more afterwards tells whether the segment is there.
"""

from experiments.sections import SHARED_MEMORY
from harness.claims import MIB, REFUTED, AtMost, Case, Change, Claim, Exactly, Known, Needs, Small, pages, table
from harness.lab import CLONE_NEWIPC, IPC_RMID, Lab

SIZE, PAUSE, MOST = 16 * MIB, 100_000_000, 100      # bytes; ns between two looks; looks for the end of a segment

OUTLIVES = Claim(
    "sysv-shm-outlives-namespace", "A System V segment without users stays until ipcrm, also when its creator's IPC namespace "
    "ends.", SHARED_MEMORY,
    known=(Known(REFUTED, "ipc/namespace.c, free_ipc_ns, and ipc/shm.c, shm_exit_ns: do_shm_rmid for each segment that is left "
                          "(v5.10 to v7.2); ipc_namespaces(7)"),),
    instead="Keep a process in the namespace for as long as its segments are needed: with a container they are gone.")


def left(words: str, *, own: bool = False, removed: bool = False) -> Case:
    def do(lab: Lab, at: str) -> None:
        maker = lab.probe(at)
        lab.sample(f"{at}: before")
        had = lab.counter("meminfo:Shmem")
        if own:
            maker.unshare(CLONE_NEWIPC)
        segment = maker.shmget(SIZE).value
        maker.fill(maker.shmat(segment).value, SIZE)
        if removed:
            maker.shmctl(segment, IPC_RMID)
        maker.end()
        # A worker of the kernel's takes the namespace down (ipc/namespace.c, free_ipc), some time.
        for _ in range(MOST if own or removed else 1):
            lab.sleep(PAUSE)
            if lab.counter("meminfo:Shmem") <= had:
                break
        lab.sample(f"{at}: after")
        if not own and not removed:
            lab.hand.shmctl(segment, IPC_RMID)
    return Case(words, do)


EXPERIMENT = table(
    Small(OUTLIVES, "shared memory left", left("by a segment whose namespace ended", own=True),
          left("by a segment of the machine's namespace"),
          left("by a segment that was removed before its namespace ended", own=True, removed=True),
          of=lambda at: Change("meminfo:Shmem", f"{at}: before", f"{at}: after"),
          if_true=Exactly(pages(SIZE), "all of it stays"), if_false=AtMost(pages(SIZE) - 1, "a page of it is gone"), unit="pages",
          says="Of a segment of {bound} pages {value} were left once its namespace had ended."),
    version=2,
    needs=Needs(disks=()),
)
