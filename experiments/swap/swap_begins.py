"""When does swapping begin, and what serves as a swap area?

At swappiness 60 a process fills 60 % of a guest's memory, a twentieth of it, and more than all of it; a group is squeezed with a
swap area smaller than RAM, with none that it may use, and with a larger one; pages written to swap are counted. A process is
stopped for 5 s, and VmSwap is read. Files are made swap areas: on tmpfs, with holes, whole, and without the header.
"""

import os
import signal
from collections.abc import Callable

from experiments.sections import SWAP
from harness.claims import (
    MIB, REFUTED, AtLeast, AtMost, Case, Change, Claim, Counter, Disk, Errno, Exactly, Known, Needs, Not, Quantity, Settings,
    Small, pages, table,
)
from harness.lab import PAGEOUT, Lab, Region

RAM, LIMIT, WANTED, AREA, HELD, STOPPED = 512 * MIB, 8 * MIB, 14 * MIB, 64 * MIB, 8 * MIB, 5_000_000_000       # bytes; ns

PERCENTAGE = Claim(
    "swappiness-is-percentage", "swappiness 60 means that swapping starts once 40 % of RAM is in use.", SWAP,
    known=(Known(REFUTED, "Documentation/admin-guide/sysctl/vm.rst, swappiness: a relative cost of swapping against that of "
                          "reading files; mm/vmscan.c, get_scan_count is called once something is to be reclaimed (v5.10 to "
                          "v7.2), and so is get_type_to_scan of MGLRU (v6.1 to v7.2)"),),
    instead="Read swappiness as a weight between anonymous memory and page cache (0 to 200) in what is reclaimed when memory is "
            "short: as long as enough is free nothing is swapped at any value.")
TWICE = Claim(
    "swap-twice-ram", "A swap area smaller than RAM is not used.", SWAP,
    known=(Known(REFUTED, "mm/swapfile.c, enable_swap_info: an area of any size counts (v5.10 to v7.2)"),),
    instead="Choose the size of swap by what is to fit there: an area of any size is used, also one much smaller than RAM.")
STOP = Claim(
    "swap-stopped-first", "A stopped (SIGSTOP) process is swapped out without any shortage.", SWAP,
    known=(Known(REFUTED, "mm/vmscan.c: reclaim looks at pages, not at the state of the process that has them (v5.10 to v7.2)"),),
    instead="Tell the kernel to move a stopped process out (memory.reclaim of its group, or process_madvise with MADV_PAGEOUT): "
            "by being stopped alone it keeps its memory.")
TMPFS = Claim(
    "swap-file-on-tmpfs", "A swap file may lie on tmpfs.", SWAP,
    known=(Known(REFUTED, "mm/swapfile.c, swapon refuses a file without read_folio (since v6.1), readpage (v5.10), which "
                          "mm/shmem.c, shmem_aops has not (v5.10 to v7.2); swapon(2), EINVAL"),),
    instead="Use zram or zswap for swap in memory: swapon refuses a file on tmpfs with EINVAL.")
SPARSE = Claim(
    "swap-file-with-holes", "A sparse file serves as swap.", SWAP,
    known=(Known(REFUTED, "fs/iomap/swapfile.c, iomap_swapfile_activate (v5.10 to v7.2); swapon(8), on files with holes"),),
    instead="Write the file whole (dd), or fallocate it where the file system allows that: swapon refuses holes with EINVAL.")


def filled(words: str, percent: int) -> Case:
    def run(lab: Lab, at: str) -> None:
        lab.swapon()
        lab.sample(f"{at}: before")
        # A page of zeros need not be written (mm/page_io.c, swap_zeromap_folio_set, since v6.12): these are filled.
        lab.probe(at).map(lab.memory * percent // 100 // lab.page_size * lab.page_size).fill()
        lab.sample(at)
    return Case(words, run)


def squeezed(words: str, area: int | None, swap: int | str = "max") -> Case:
    def run(lab: Lab, at: str) -> None:
        lab.swapon(size=area)
        probe = lab.probe(at, lab.sandbox(f"{at} box", memory_max=LIMIT, memory_swap_max=swap))
        lab.sample(f"{at}: before")
        probe.fill_until_killed(WANTED, MIB)
        lab.sample(at)
    return Case(words, run)


def written(at: str) -> Quantity:
    return Change("vmstat:pswpout", f"{at}: before", at)


def idle(words: str, then: Callable[[Lab, Region], object]) -> Case:
    def run(lab: Lab, at: str) -> None:
        lab.swapon()
        memory = lab.probe(at).map(HELD).fill()
        then(lab, memory)
        lab.sample(at)
    return Case(words, run)


def stop(lab: Lab, memory: Region) -> None:
    memory.probe.signal(signal.SIGSTOP)
    lab.sleep(STOPPED)


def file(words: str, directory: Callable[[Lab], str], hole: bool = False, header: bool = True) -> Case:
    """Tries to switch on a swap area in a new file."""
    def run(lab: Lab, at: str) -> None:
        path = f"{directory(lab)}/{at}"
        fd = lab.hand.open(path, os.O_RDWR | os.O_CREAT).value
        if hole:
            lab.hand.ftruncate(fd, AREA)
        else:
            lab.hand.write(fd, AREA)
        lab.hand.fsync(fd)
        lab.hand.close(fd)
        if header:
            lab.make_swap(path, AREA)
        lab.hand.try_as(at).swapon(path)
        lab.hand.attempt.swapoff(path)
        lab.hand.unlink(path)
    return Case(words, run)


BEGUN, NOT_BEGUN = AtLeast(1, "a page is enough"), Exactly(0, "not a page")
WHOLE, PLAIN = file("of a whole file on ext4", Lab.mount_disk), file("of a file without the header", Lab.mount_disk, header=False)
WRITTEN, SERVES, REFUSED = "pages written to swap", Exactly(0, "it serves"), Not(0, "it is refused")
EXPERIMENT = table(
    Small(PERCENTAGE, WRITTEN, filled("with 60 % of RAM filled", 60), filled("with 110 % filled", 110),
          filled("with 5 % filled", 5), of=written, unit="pages", if_true=BEGUN, if_false=NOT_BEGUN,
          says="At swappiness 60, with 60 % of RAM filled, {value} pages were written to swap."),
    Small(TWICE, WRITTEN, squeezed("with an area of an eighth of RAM", AREA), squeezed("with memory.swap.max 0", None, 0),
          squeezed("with an area of twice RAM", None), of=written, unit="pages", if_true=NOT_BEGUN, if_false=BEGUN,
          says="To an area of an eighth of RAM {value} pages were written."),
    Small(STOP, "VmSwap", idle("of a process stopped for 5 s", stop),
          idle("of one that was told to go (MADV_PAGEOUT)", lambda lab, memory: memory.advise(PAGEOUT)),
          idle("of one that is not stopped", lambda lab, memory: lab.sleep(STOPPED)),
          of=lambda at: Counter(f"{at}/status:VmSwap", at),
          if_true=AtLeast(pages(HELD) // 2, "half of its memory or more"), if_false=AtMost(pages(HELD) // 2 - 1, "less"),
          says="After 5 s a stopped process had {value} of 2,048 pages in swap."),
    Small(TMPFS, "errno of swapon", file("of a file on tmpfs", Lab.mount_tmpfs), WHOLE, PLAIN, of=Errno, unit="errno",
          if_true=SERVES, if_false=REFUSED, says="swapon of a file on tmpfs gave {value:errno}."),
    Small(SPARSE, "errno of swapon", file("of a file with holes", Lab.mount_disk, hole=True), WHOLE, PLAIN, of=Errno,
          unit="errno", if_true=SERVES, if_false=REFUSED, says="swapon of a file with holes gave {value:errno}."),
    settings=Settings(swappiness=60),
    needs=Needs(memory=RAM, disks=(Disk("disk", "ext4", 256 * MIB), Disk("swap", "swap", 2 * RAM)), changes=("swap", "mount"),
                throwaway=True),
)
