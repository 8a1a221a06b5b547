"""When does a memory group at its memory.max swap, when is something killed instead, and what counts as its swap?

Each case has a group with a memory.max of 8 MiB on a guest with 1 GiB of swap, and a process in it that asks for 14 MiB of
anonymous memory, of a tmpfs file, or of locked memory, under a memory.swap.max and a swappiness. How much it got, the pages that
the kernel wrote to swap and the group's memory.events tell. Then 8 MiB of a group are in swap: they are read, unmapped or left,
or memory.swap.max is lowered, and memory.swap.current is read.
"""

from collections.abc import Callable

from experiments.sections import GROUPS
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Case, Change, Claim, Counter, Document, Exactly, Known, Needs, Quantity, Small,
    pages, table,
)
from harness.lab import Lab, Probe, Region
from harness.lab.helpers.reclaim import swap_out

LIMIT, WANTED, STEP, HELD, LOWERED = 8 * MIB, 14 * MIB, MIB // 4, 8 * MIB, 2 * MIB
USUAL = 60
V2 = "Documentation/admin-guide/cgroup-v2.rst"

SUM = Claim(
    "memcg-swapmax-is-sum", "memory.swap.max limits memory plus swap together.", GROUPS,
    known=(Known(REFUTED, f"{V2}, memory.swap.max: the swap usage hard limit, of swap alone (v5.10 to v7.2)"),),
    instead="Give memory.swap.max the swap alone: version 1's memsw limit and docker's --memory-swap are of both together, so "
            "subtract memory.max from those.")
ZERO = Claim(
    "memcg-swapmax-zero-disables", "With memory.swap.max 0 no page of the group goes to swap, tmpfs pages neither.", GROUPS,
    known=(Known(CONFIRMED, f"{V2}, memory.swap.max: anonymous memory will not be swapped out (v5.10 to v7.2)"),),
    document=Document(f"{V2}, memory.swap.max (v5.10 to v7.2)"))
OOMS = Claim(
    "memcg-swappiness-0-ooms", "In a group of anonymous memory at memory.max, swappiness 0 ends in an OOM kill although "
    "swap is free.", GROUPS,
    known=(Known(CONFIRMED, "mm/vmscan.c, get_scan_count: of a group's own reclaim, 0 disables swapping (v5.10 to "
                            "v7.2), as it does in isolate_folios of MGLRU (v6.1 to v7.2)"),))
ONE = Claim(
    "memcg-swappiness-1-off", "swappiness 1 is as good as no swap: a group of anonymous memory at its limit swaps nothing.",
    GROUPS,
    known=(Known(REFUTED, "mm/vmscan.c, get_scan_count: it weighs anonymous against file pages, and here are none of a file "
                          "(v5.10 to v7.2); isolate_folios of MGLRU tries those of files, then the others (v6.1 to v7.2)"),),
    instead="Set memory.swap.max to 0 for a group that must not swap: swappiness 1 only prefers page cache, and a group without "
            "any swaps as at 60.")
FULL = Claim(
    "memcg-oom-needs-full-swap", "In a group the OOM killer comes only when memory and swap are both at their limits.", GROUPS,
    known=(Known(REFUTED, f"{V2}, memory.max: “this limit and can't be reduced, the OOM killer is invoked” (v5.10 to v7.2)"),),
    instead="Count what can't be swapped: with locked memory at memory.max a process is killed while all of swap is free.")
READ = Claim(
    "memcg-swapin-uncharges-swap", "A swapped page that was read back no longer counts in memory.swap.current.", GROUPS,
    known=(Known(REFUTED, "mm/memory.c, do_swap_page (v5.10), should_try_to_free_swap (v6.1 to v7.2): a page that is only read "
                          "keeps its place in swap while there is room"),),
    instead="Expect memory.swap.current to stay where it is after memory was read back from a disk: a page keeps its place in "
            "swap as well, as long as less than half of swap, and of the group's memory.swap.max, is in use. zram's pages don't.")
LOWER = Claim(
    "memcg-swapmax-lowered-swaps-in", "Lowering memory.swap.max below the use brings the excess back at once.", GROUPS,
    known=(Known(REFUTED, "mm/memcontrol.c, swap_max_write sets the limit and nothing else (v5.10 to v7.2)"),),
    instead="Bring pages back yourself (swapoff, or touching them): a lowered memory.swap.max only stops what would go out next.")


def anon(lab: Lab, at: str, probe: Probe) -> None:
    lab.record(at, probe.fill_until_killed(WANTED, STEP) // lab.page_size)


def little(lab: Lab, at: str, probe: Probe) -> None:
    probe.map(LIMIT // 2).fill()


def tmpfs(lab: Lab, at: str, probe: Probe) -> None:
    probe.attempt.write(probe.create_file(f"{lab.mount_tmpfs()}/{at}", 0), WANTED)


def lock(lab: Lab, at: str, probe: Probe) -> None:
    memory = probe.map(WANTED)
    probe.attempt.mlock(memory.address, memory.length)


def case(words: str, do: Callable[[Lab, str, Probe], object], swap: int | str = "max", swappiness: int = USUAL) -> Case:
    def run(lab: Lab, at: str) -> None:
        lab.swapon()
        probe = lab.probe(at, lab.sandbox(at, memory_max=LIMIT, memory_swap_max=swap))
        lab.sysctl("vm.swappiness", swappiness)
        lab.sample(f"{at}: before")
        do(lab, at, probe)
        lab.sample(at)
        lab.sysctl("vm.swappiness", USUAL)
    return Case(words, run)


def swapped(words: str, then: Callable[[Lab, Region], object] | None = None, lowered: bool = False) -> Case:
    """Has HELD of a group in swap, does something with it, and lowers memory.swap.max if that is what is asked."""
    def run(lab: Lab, at: str) -> None:
        lab.swapon()
        box = lab.sandbox(at)
        memory = lab.probe(at, box).map(HELD).fill()
        swap_out(lab, box)
        if then:
            then(lab, memory)
        if lowered:
            box.set("memory.swap.max", str(LOWERED))
        lab.sample(at)
    return Case(words, run)


def swap_off(lab: Lab, memory: Region) -> None:
    lab.hand.swapoff(lab.device("swap"))


def written(at: str) -> Quantity:
    return Change("vmstat:pswpout", f"{at}: before", at)


def kills(at: str) -> Quantity:
    return Counter(f"{at}/memory.events:oom_kill", at)


def in_swap(at: str) -> Quantity:
    return Counter(f"{at}/memory.swap.current", at)


NOTHING, SOMETHING = Exactly(0, "not a page"), AtLeast(1, "a page is enough")
KILL, NO_KILL = AtLeast(1, "something was killed"), Exactly(0, "nothing was")
WRITTEN, GOT, HAS = "pages written to swap", "pages that a process got", "memory.swap.current"
SHORT = "in a group that asks for 14 MiB"
EXPERIMENT = table(
    Small(SUM, GOT, case("with memory.swap.max 8 MiB", anon, LIMIT), case("with memory.swap.max 0", anon, 0),
          case("with memory.swap.max at max", anon), unit="pages", if_true=AtMost(pages(LIMIT), "memory.swap.max, for both"),
          if_false=AtLeast(pages(LIMIT) + 1, "a page more"),
          says="With 2,048 pages each for memory.max and memory.swap.max a process got {value} of 3,584."),
    *(Small(ZERO, WRITTEN, case(f"of {what}, with memory.swap.max 0", do, 0), case(f"of {what} within memory.max", little),
            case(f"of {what}, with memory.swap.max at max", do), of=written, key=key, unit="pages", if_true=NOTHING,
            if_false=SOMETHING, says=f"With memory.swap.max 0 {{value}} pages were written to swap {SHORT} of {what}.")
      for key, what, do in (("anon", "anonymous memory", anon), ("tmpfs", "a tmpfs file", tmpfs))),
    Small(OOMS, "kills", case("at swappiness 0", anon, swappiness=0), case("with memory.swap.max 0", anon, 0),
          case("at swappiness 60", anon), of=kills, unit="kills", if_true=KILL, if_false=NO_KILL,
          says="At swappiness 0, with swap free, {value} processes were killed."),
    Small(ONE, WRITTEN, case("at swappiness 1", anon, swappiness=1), case("with memory.swap.max 0", anon, 0),
          case("at swappiness 60", anon), of=written, unit="pages", if_true=NOTHING, if_false=SOMETHING,
          says=f"At swappiness 1 {{value}} pages were written to swap {SHORT}."),
    Small(FULL, "kills", case("of a process that locks 14 MiB, all of swap free", lock), case("of one that fills 14 MiB", anon),
          case("of one that does, with memory.swap.max 2 MiB", anon, LOWERED), of=kills, unit="kills", if_true=NO_KILL,
          if_false=KILL, says="With swap free, {value} processes were killed in a group at memory.max."),
    Small(READ, HAS, swapped("after the pages were read back", lambda lab, memory: memory.read()),
          swapped("after they were unmapped", lambda lab, memory: memory.unmap()), swapped("while they are in swap"), of=in_swap,
          if_true=AtMost(pages(HELD // 4), "none of the pages counts, but what else the process has in swap does"),
          if_false=AtLeast(pages(HELD) * 3 // 4, "they do"),
          says="After 2,048 pages were read back memory.swap.current had {value}."),
    Small(LOWER, HAS, swapped("after memory.swap.max was lowered to 2 MiB", lowered=True), swapped("after swapoff", swap_off),
          swapped("with nothing lowered"), of=in_swap, if_true=AtMost(pages(LOWERED), "the new limit"),
          if_false=AtLeast(pages(LOWERED) + 1, "a page more"),
          says="With memory.swap.max lowered to 512 pages, memory.swap.current had {value}."),
    axes={"lru": ("classic", "mglru")},
    writes=("swappiness",),
    needs=Needs(memory=512 * MIB, changes=("swap", "sysctl", "mount")),
)
