"""What happens to a swapped-out tmpfs page that is read, or partly written?"""

from experiments.sections import SHARED_MEMORY
from harness.claims import CONFIRMED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known, Lab
from harness.needs import MIB, Needs
from harness.quantities import Change, Counter, Quantity, Recorded, pages
from harness.settings import Settings

SIZE = 4 * MIB

READ = Claim(
    "tmpfs-read-swaps-in", "Reading a swapped-out tmpfs page brings it back from swap with its content.", SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_swapin_folio (v6.12)"),))
WRITE = Claim(
    "tmpfs-write-swaps-in",
    "Writing part of a swapped-out tmpfs page first reads it in from swap; the rest of its content is kept.",
    SHARED_MEMORY,
    known=(Known(CONFIRMED, "mm/shmem.c, shmem_write_begin: shmem_get_folio with SGP_WRITE, which swaps in what is in "
                            "swap (v6.12)"),))
KINDS = ("read", "write", "cut", "private")


def procedure(lab: Lab) -> None:
    lab.swapon()
    box = lab.sandbox()
    tmpfs = lab.mount_tmpfs()
    writer, owner, hand = lab.probe("writer", box), lab.probe("private", box), lab.probe("outside")
    for name in ("read", "write", "cut"):
        path = f"{tmpfs}/{name}"
        writer.create_file(path, SIZE)
        # Maps the file and touches nothing: what is in swap of this process is in swap of the file (smaps: Swap).
        watcher = lab.probe(name)
        watcher.map(SIZE, shared=True, fd=watcher.open(path).value)
    writer.end()
    private = owner.map(SIZE).fill()
    for _ in range(10):
        # Swap cache is left where pages were still under writeback: the next squeeze frees it.
        box.set("memory.high", "0")
        if not lab.counter("meminfo:SwapCached"):
            break
    box.set("memory.high", "max")
    lab.sample("squeezed")
