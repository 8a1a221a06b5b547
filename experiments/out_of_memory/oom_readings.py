"""What changes oom_score, what does a write to oom_adj say, and what does an OOM kill give back?

oom_score is read of processes that are alike but for their access to hardware, and of a large and an empty one before and
after a swap area as large as RAM is switched on, and of one whose memory is swapped out. The kernel's log is read after the
first write to an oom_adj file since boot. Processes that hold 48 MiB are killed at their group's limit, and a second later it
is read how much less anonymous and shared memory there is.
"""

import errno
from collections.abc import Callable

from experiments.sections import OUT_OF_MEMORY
from harness.claims import (
    CONFIRMED, GIB, KIB, MIB, REFUTED, AtLeast, AtMost, Case, Change, Claim, Derived, Disk, Exactly, Guard, Known, Needs, Premise,
    Quantity, Recorded, Recording, Small, pages, table,
)
from harness.lab import PAGEOUT, Lab, Probe, Region
from harness.lab.helpers.oom import adjust, number, score_of

LIMIT, HELD, LARGE, EMPTY = 64 * MIB, 48 * MIB, 256 * MIB, 64 * KIB
SECOND, LOOK, LOOKS = 1_000_000_000, 10_000_000, 6000      # ns, ns, so many looks for a kill
# oom_score is rounded down twice, in thousandths and in two thirds of them: of each of two numbers less than 2 is lost.
ROUNDING = 4
DEPRECATED, PORTS = "oom_adj is deprecated", "I/O ports were opened"

WARNS = Claim(
    "oom-adj-write-warns", "The first write to an oom_adj file after boot leaves a line in the kernel log that says the file is "
    "deprecated.", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, "fs/proc/base.c, __set_oom_adj: pr_warn_once, “oom_adj is deprecated” (v5.10 to v7.2)"),))
HARDWARE = Claim(
    "oom-factor-hardware", "A process with direct access to hardware (I/O ports open by ioperm or iopl, CAP_SYS_RAWIO) has a "
    "lower oom_score than the same process without.", OUT_OF_MEMORY,
    known=(Known(REFUTED, "mm/oom_kill.c, oom_badness: memory and oom_score_adj, nothing else (v5.10 to v7.2); raw access to "
                          "hardware divided it until a63d83f427fb (v2.6.36)", since="2.6.36"),),
    instead="Set oom_score_adj for a process that is to be spared: access to hardware does not spare it.")
SWAP = Claim(
    "oom-allowed-global-swap", "oom_score counts in shares of RAM plus swap: adding a swap area as large as RAM halves what a "
    "process's memory adds to its oom_score.", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, "fs/proc/base.c, proc_oom_score: totalram_pages and total_swap_pages together (v5.10 to v7.2)"),))
IN_SWAP = Claim(
    "oom-score-counts-swap", "What a process has in swap raises its oom_score like what it has in RAM.", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, "mm/oom_kill.c, oom_badness: what is resident and MM_SWAPENTS together (v5.10 to v7.2)"),))
FREES = Claim(
    "oom-kill-frees-anon", "Within 1 second after an OOM kill at least 99 % of the anon-rss of a victim that nothing holds up is "
    "free again.", OUT_OF_MEMORY,
    known=(Known(CONFIRMED, "mm/oom_kill.c, __oom_kill_process sends SIGKILL, and a victim that nothing holds up frees its "
                            "memory itself as it exits (kernel/exit.c, exit_mm); the OOM reaper takes that of one that does not, "
                            "but no sooner than 2 s after the kill (mm/oom_kill.c, OOM_REAPER_DELAY; v5.10 to v7.2)"),))


def logged(words: str, write: Callable[[Lab, Probe], object]) -> Case:
    def do(lab: Lab, at: str) -> None:
        before = lab.kernel_log().count(DEPRECATED)
        write(lab, lab.probe(at))
        lab.record(at, lab.kernel_log().count(DEPRECATED) - before)
    return Case(words, do)


def warning_by_hand(lab: Lab, probe: Probe) -> None:
    # Without the end of its line it waits for the next one (kernel/printk/printk.c, vprintk_store: prb_commit; v5.10 to v7.2).
    lab.write("/dev/kmsg", f"of process {probe.pid}, as a driver would say it: {DEPRECATED}\n")


def lower(words: str, change: Callable[[Lab, Probe], object], *, uid: int = 0) -> Case:
    """Records by how many points oom_score is lower after a change than without it, in a process of another user if uid is
    given."""
    def do(lab: Lab, at: str) -> None:
        score_of(lab, f"{at}: without", HELD, uid=uid)
        score_of(lab, f"{at}: with", HELD, lambda probe: change(lab, probe))
    return Case(words, do)


def open_ports(lab: Lab, probe: Probe) -> None:
    """Opens the I/O ports to a process, where the machine has any: ARM has none, and Linux without CONFIG_X86_IOPL_IOPERM."""
    error = probe.attempt.iopl(3).error
    lab.require(error in (0, errno.ENOSYS), "the I/O ports are opened, or there are none")
    lab.record(PORTS, int(not error))


def ports(recording: Recording) -> int:
    """Whether they were opened, 1 or 0; recordings that do not tell are of machines that opened them."""
    return int(recording.records.get(PORTS, 1))


def difference(at: str) -> Quantity:
    return Recorded(f"{at}: without") - Recorded(f"{at}: with")


def hardware(key: str, asked: Case) -> Small:
    return Small(HARDWARE, "points less", asked, lower("with oom_score_adj -100", lambda lab, probe: adjust(lab, probe, -100)),
                 lower("with nothing changed", lambda lab, probe: None), of=difference, key=key, unit="points",
                 if_true=AtLeast(2, "more than the one point by which two equal processes may differ"),
                 if_false=AtMost(1, "equal processes may differ by one point, where a border lies between them"),
                 says=f"With {key} the oom_score was {{value}} points lower.")


def halved(words: str, later: int = LARGE, swap: bool = False) -> Case:
    """Reads oom_score of a large and an empty process; and again, of one with `later` bytes and an empty one."""
    def do(lab: Lab, at: str) -> None:
        for moment, size in (("before", LARGE), ("after", later)):
            if swap and moment == "after":
                lab.swapon(size=lab.memory)
            score_of(lab, f"{at}: large {moment}", size)
            score_of(lab, f"{at}: empty {moment}", EMPTY)
    return Case(words, do)


def off_half(at: str) -> Quantity:
    before, after = (Recorded(f"{at}: large {moment}") - Recorded(f"{at}: empty {moment}") for moment in ("before", "after"))
    return abs(after * 2 - before)


def moved(words: str, change: Callable[[Region], object]) -> Case:
    """Records by how many points oom_score of a process differs after something was done with its memory."""
    def do(lab: Lab, at: str) -> None:
        lab.swapon(size=lab.memory)
        memory = lab.probe(at).map(LARGE).fill()
        before = number(lab, memory.probe)
        change(memory)
        lab.record(at, abs(number(lab, memory.probe) - before))
        status = lab.read(f"/proc/{memory.probe.pid}/status")
        lab.record(f"{at}: swapped", int(status.partition("VmSwap:")[2].split()[0]) * KIB // lab.page_size)
    return Case(words, do)


def ended(words: str, tmpfs: bool = False, kill: bool = True) -> Case:
    """Samples a group's process that holds HELD bytes, and a second after its end."""
    def do(lab: Lab, at: str) -> None:
        probe = lab.probe(at, lab.sandbox(at, memory_max=LIMIT, memory_swap_max=0))
        if tmpfs:
            probe.create_file(lab.mount_tmpfs() + "/file", HELD)
        else:
            probe.map(HELD).fill()
        lab.sample(f"{at}: full")
        if kill:
            more, before = probe.map(LIMIT), lab.counter("vmstat:oom_kill")
            filling = probe.begin.fill(more.address, more.length)
            for _ in range(LOOKS):      # the second begins with the kill, not with the end of the victim
                if lab.counter("vmstat:oom_kill") > before:
                    break
                lab.sleep(LOOK)
        else:
            probe.end()
        lab.sleep(SECOND)
        lab.sample(f"{at}: gone")
        if kill:
            lab.require(filling.done and not probe.alive, "it is killed at its group's limit")
    return Case(words, do)


def freed(at: str) -> Quantity:
    before, after = f"{at}: full", f"{at}: gone"
    return (Change("meminfo:AnonPages", before, after) + Change("meminfo:Shmem", before, after)) * -1


EXPERIMENT = table(
    Small(WARNS, "new lines that say so",
          logged("after the first write to oom_adj", lambda lab, probe: adjust(lab, probe, 3, "oom_adj")),
          logged("after such a line was written to /dev/kmsg", warning_by_hand),
          logged("after a write to oom_score_adj", lambda lab, probe: adjust(lab, probe, 3)),
          if_true=AtLeast(1, "a line"), if_false=Exactly(0, "no line"), unit="lines",
          says="The lines of the log that call oom_adj deprecated grew by {value} with the first write to it."),
    hardware("iopl", lower("with iopl(3)", open_ports)),
    hardware("CAP_SYS_RAWIO", lower("with root's capabilities", lambda lab, probe: None, uid=1000)),
    Small(SWAP, "points off half of it", halved("with swap as large as RAM", swap=True),
          halved("with half of the memory", LARGE // 2), halved("with nothing changed"), of=off_half, unit="points",
          if_true=AtMost(2 * ROUNDING, "what rounding loses of four numbers, two of them doubled"),
          if_false=AtLeast(2 * ROUNDING + 1, "more than rounding can lose"),
          says="Twice what 256 MiB added to oom_score with swap was {value} points off what it had added without."),
    Small(IN_SWAP, "change of oom_score", moved("once 256 MiB were swapped out", lambda memory: memory.advise(PAGEOUT)),
          moved("with nothing done", lambda memory: None), moved("once they were given back", lambda memory: memory.unmap()),
          unit="points", if_true=AtMost(ROUNDING, "what rounding loses of two numbers"),
          if_false=AtLeast(ROUNDING + 1, "more than rounding can lose"),
          says="oom_score changed by {value} points when 256 MiB of the process were swapped out."),
    Small(FREES, "memory freed a second later", ended("of a victim of the OOM killer"),
          ended("of a process that ended by itself", kill=False),
          ended("of a victim that had written to tmpfs", tmpfs=True), of=freed, unit="pages",
          if_true=AtLeast(pages(HELD * 99 // 100), "the claim's share"), if_false=AtMost(pages(HELD * 99 // 100) - 1, "less"),
          says="A second after the kill {value} pages of its anonymous memory were free again."),
    guards=(Guard(Recorded(f"{IN_SWAP.id}.asked: swapped"), AtLeast(pages(LARGE * 99 // 100)), "it must be in swap"),),
    premises=(Premise(HARDWARE, Derived(PORTS, ports, ""), Exactly(1), "this machine has no I/O ports to be opened"),),
    needs=Needs(memory=1 * GIB, disks=(Disk("swap", "raw", 1 * GIB),), changes=("swap", "mount"), throwaway=True),
    version=3,
)
