"""What does MemAvailable count, and can it be less than MemFree?

Each case does one thing, as to switch swap on, to write to tmpfs or to raise min_free_kbytes, and reads MemAvailable before and
after. MemAvailable is set against MemFree with much clean page cache, and with a large reserve. Memory that is filled, given
back, or only mapped shows how the answers read.
"""

from collections.abc import Callable

from experiments.sections import PROC_NUMBERS
from harness.claims import (
    CONFIRMED, KIB, MIB, REFUTED, AtLeast, AtMost, Case, Change, Claim, Counter, Disk, Known, Needs, Quantity, Small, pages,
    table,
)
from harness.lab import Lab
from harness.lab.helpers.free_pages import kept_by_nobody

SIZE = 128 * MIB
SOURCE = "mm/page_alloc.c, si_mem_available (v5.10, v6.1)"

AT_LEAST = Claim(
    "available-at-least-free", "MemAvailable is never below MemFree.", PROC_NUMBERS,
    known=(Known(REFUTED,
                 f"{SOURCE}; mm/show_mem.c, si_mem_available (v6.12, v7.2): the zones' reserve is taken off what is free"),),
    instead="Expect MemAvailable below MemFree on a machine with little page cache or a large min_free_kbytes: the kernel's "
            "reserve is free and not available.")
SWAP = Claim(
    "available-includes-swap", "MemAvailable counts free swap.", PROC_NUMBERS,
    known=(Known(REFUTED, "Documentation/filesystems/proc.rst, MemAvailable: “without swapping” (v5.10 to v7.2)"),),
    instead="Add SwapFree yourself if you mean it: MemAvailable is what can be had without swapping.")
TMPFS = Claim(
    "available-counts-tmpfs", "tmpfs pages count as available because they are in Cached.", PROC_NUMBERS,
    known=(Known(REFUTED,
                 f"{SOURCE}; mm/show_mem.c, si_mem_available (v6.12, v7.2): it counts the file lists, and pages of tmpfs are on "
                          "the anonymous ones"),),
    instead="Take Shmem off Cached in your own sums: MemAvailable has it taken off already.")
MIN_FREE = Claim(
    "min-free-lowers-available", "Raising min_free_kbytes lowers MemAvailable.", PROC_NUMBERS,
    known=(Known(CONFIRMED,
                 f"{SOURCE}; mm/show_mem.c, si_mem_available (v6.12, v7.2): the reserve grows with the watermarks"),))


def change(words: str, act: Callable[[Lab, str], object], before: Callable[[Lab, str], object] | None = None) -> Case:
    """Samples before and after something is done, and puts min_free_kbytes back."""
    def do(lab: Lab, at: str) -> None:
        had = lab.read(MIN).strip()
        with kept_by_nobody(lab):
            if before:
                before(lab, at)
            lab.sample(f"{at} before")
            act(lab, at)
            lab.sample(f"{at} after")
        lab.write(MIN, had)
    return Case(words, do)


def file(lab: Lab, at: str) -> None:
    probe = lab.probe(at)
    probe.create_file(f"{lab.mount_disk()}/file", SIZE)
    lab.sync()


def raised(lab: Lab, _: str) -> None:
    lab.sysctl("vm.min_free_kbytes", int(lab.read(MIN)) + SIZE // KIB)


def lowered(lab: Lab, _: str) -> None:
    lab.sysctl("vm.min_free_kbytes", int(lab.read(MIN)) - SIZE // KIB)


def fall(at: str) -> Quantity:
    return Change("meminfo:MemAvailable", f"{at} before", f"{at} after") * -1


def over_free(at: str) -> Quantity:
    """Gives MemAvailable less MemFree, and of the false reference what that is known to be the less of."""
    available, free = (Counter(f"meminfo:{name}", f"{at} after") for name in ("MemAvailable", "MemFree"))
    return free - available if at.endswith(".false") else available - free


MIN = "/proc/sys/vm/min_free_kbytes"
FILLED = change("after 128 MiB were filled", lambda lab, at: lab.probe(at).map(SIZE).fill())
MAPPED = change("after 128 MiB were mapped", lambda lab, at: lab.probe(at).map(SIZE))
CACHED = change("after a file of 128 MiB was written to a disk", file)
NEARLY_ALL, NEARLY_NOTHING = AtLeast(pages(SIZE) * 9 // 10, "nearly all of it"), AtMost(pages(SIZE) // 10, "nearly nothing of it")
EXPERIMENT = table(
    Small(AT_LEAST, "difference", change("of MemAvailable and MemFree, min_free_kbytes raised", raised),
          change("of MemAvailable and MemFree, with 128 MiB of page cache", file),
          change("of MemFree and MemAvailable, with 128 MiB of page cache", file), of=over_free, unit="pages",
          if_true=AtLeast(0, "not below"), if_false=AtMost(-1, "a page below is enough"),
          says="With min_free_kbytes raised by 128 MiB MemAvailable was {value:±pages above|pages below|just at} MemFree.",
          reference_why="with much page cache MemAvailable is known to be the larger: the same numbers, subtracted both ways"),
    Small(SWAP, "growth of MemAvailable", change("after swapon of 128 MiB", lambda lab, at: lab.swapon()),
          change("after min_free_kbytes was lowered by 128 MiB", lowered, raised), MAPPED,
          NEARLY_ALL, NEARLY_NOTHING, of=lambda at: fall(at) * -1,
          says="swapon of 128 MiB made MemAvailable grow by {value} pages."),
    Small(TMPFS, "fall of MemAvailable", change("after 128 MiB were written to tmpfs",
                                                lambda lab, at: lab.probe(at).create_file(f"{lab.mount_tmpfs()}/file", SIZE)),
          CACHED, FILLED, NEARLY_NOTHING, NEARLY_ALL, of=fall,
          says="128 MiB written to tmpfs made MemAvailable fall by {value} pages."),
    Small(MIN_FREE, "fall of MemAvailable", change("after min_free_kbytes was raised by 128 MiB", raised), FILLED, MAPPED,
          NEARLY_ALL,
          NEARLY_NOTHING, of=fall, says="min_free_kbytes raised by 128 MiB made MemAvailable fall by {value} pages."),
    writes=("min_free_kbytes",),
    needs=Needs(disks=(Disk("disk", "ext4", 256 * MIB), Disk("swap", "swap", SIZE)), changes=("mount", "swap", "sysctl"),
    throwaway=True),
)
