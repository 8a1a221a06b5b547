"""Off which lists does kswapd take pages in a shortage?

In a guest of 256 MiB one process touches 64 MiB of its own memory again and again, a file of 48 MiB is read twice, and another
process asks for what is left and more; then a file larger than what is free is read: with swap, and without. The kernel's
tracepoint of the isolation step says off which list kswapd took pages. Before, while nothing but a file is read at swappiness
0, it shows how few lists read; and a group of which nearly all pages are active, a tmpfs file and one on disk that were read
twice, is made to give up half of them, which shows how all four do.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    DISK, MIB, REFUTED, SWAP, AtLeast, AtMost, Claim, Derived, Exactly, Expect, Experiment, Guard, Known, Needs, Quantity,
    Recording, Settings, trace_events,
)
from harness.lab import NO_REQUEST, Lab

RAM, OWN, READ, MORE, FILE, SPARE = 256 * MIB, 64 * MIB, 48 * MIB, 160 * MIB, 320 * MIB, 40 * MIB
EACH = 16 * MIB                     # of either kind in the group
PAUSE, LISTS = 1_000_000, 4         # ns between two rounds of the task's; lists
# A group's counts of its lists, by which reclaim tells whether the inactive one is short, are up to 2 s old
# (mm/memcontrol.c, FLUSH_TIME; v5.15 to v7.2).
FLUSHED = 3_000_000_000             # ns
ISOLATE, SHORT, CACHE, SQUEEZE = "vmscan:mm_vmscan_lru_isolate", "shortage", "a file alone", "squeeze"
WITH, WITHOUT = "with swap", "without swap"

ALL = Claim(
    "kswapd-scans-all-four", "Once awake, kswapd takes pages off all four evictable lists in one shortage, with and without "
    "swap.", RECLAIM,
    known=(Known(REFUTED, "mm/vmscan.c, get_scan_count: without swap SCAN_FILE, which leaves the anonymous lists alone (v5.10 to "
                          "v7.2)"),),
    instead="Give a machine swap if its cold anonymous memory is to make room: without it only file pages can.")


def procedure(lab: Lab) -> None:
    if lab.settings["lru"] == "mglru":
        lab.skip("the multi-generational LRU has generations instead of these lists")
    disk, swap = lab.mount_disk(), lab.arm == WITH
    if swap:
        lab.swapon()
        squeeze_active(lab, disk)       # first: while memory is short kswapd takes pages off the active list of anonymous ones
    reader = lab.probe("reader")
    files = {name: reader.create_file(f"{disk}/{name}", size) for name, size in (("twice", READ), ("once", FILE))}
    lab.sync()
    lab.sysctl("vm.swappiness", 0)
    with lab.trace(CACHE, ISOLATE):
        reader.read(files["once"], FILE)
    lab.sysctl("vm.swappiness", 60)
    company = lab.probe("company").map(OWN).fill()
    with lab.trace(SHORT, ISOLATE):
        task = company.probe.begin.touch(company.address, OWN, stride=lab.page_size, write=True, rounds=NO_REQUEST, pause=PAUSE)
        for _ in range(2):
            reader.read(files["twice"], READ)
        room = lab.counter("meminfo:MemAvailable") - SPARE
        lab.probe("eater").map(MORE if swap else room // lab.page_size * lab.page_size).fill()
        reader.read(files["once"], FILE)
    company.probe.kill_now()
    task.wait()


def squeeze_active(lab: Lab, disk: str) -> None:
    """Has a group that holds active pages of both kinds, and hardly any others, give up half of them."""
    box = lab.sandbox()
    member = lab.probe("member", box)
    for folder in (lab.mount_tmpfs(), disk):
        file = member.create_file(f"{folder}/of the group", EACH)
        if folder == disk:
            lab.sync()
        for _ in range(2):
            member.read(file, EACH)
    lab.sleep(FLUSHED)
    with lab.trace(SQUEEZE, ISOLATE):
        box.set("memory.high", str(EACH))


def taken_off(arm: str, trace: str, title: str, kswapds: bool = True) -> Quantity:
    """Counts the lists off which pages were taken: by kswapd, or by whoever took some."""
    def read(recording: Recording) -> int | None:
        found = trace_events.events(recording, trace)
        return None if found is None else len({event.fields["lru"] for event in found if event.number("nr_taken")
                                               and (not kswapds or event.task.startswith("kswapd"))})
    return Derived(f"lists off which {title} ({arm})", read, "lists", arm)


def all_four(arm: str) -> Expect:
    return Expect(
        ALL, taken_off(arm, SHORT, "kswapd took pages in the shortage"),
        if_true=Exactly(LISTS, "both kinds, active and inactive"), if_false=AtMost(LISTS - 1, "one was left alone"),
        reads_true=taken_off(WITH, SQUEEZE, "anyone took pages of a group of active ones", kswapds=False),
        reads_false=taken_off(WITH, CACHE, "kswapd took pages while a file was read"),
        says=f"In a shortage {arm} kswapd took pages off {{value}} of four lists.",
        reference_why="the same events, of a reclaim that must take pages off every list")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, disks=(DISK, SWAP), changes=("mount", "swap", "sysctl"), throwaway=True),
    settings=Settings(overcommit=1),
    writes=("swappiness",),
    arms=(WITH, WITHOUT),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    version=2,
    guards=tuple(Guard(taken_off(arm, SHORT, "kswapd took pages"), AtLeast(1), "a kswapd that took nothing was not awake")
                 for arm in (WITH, WITHOUT)),
    expects=tuple(all_four(arm) for arm in (WITH, WITHOUT)),
)
