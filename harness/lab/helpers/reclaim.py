"""Pushing memory out to swap, ageing MGLRU's generations, and what kswapd decides by.

A guest with less than 4 GiB has no zones but those of ZONES (arch/x86/mm/init.c, zone_sizes_init; v6.12).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import pairwise

from harness.errors import LabError
from harness.evidence.recording import Recording
from harness.lab import tracing
from harness.lab.lab import Lab
from harness.lab.probe import Probe
from harness.lab.sandbox import Sandbox
from harness.linux import trace_events
from harness.linux.btf import Types
from harness.linux.trace_events import Event


def swap_out(lab: Lab, box: Sandbox, left: int = 0) -> int:
    """Squeezes a group until the machine's swap cache holds `left` bytes, ten times at most; returns what it holds then.

    Pages whose write to swap has not ended, or which wait in a per-cpu batch of the LRU, stay in the swap cache, and the
    next squeeze frees them. 5.10 keeps a few however often it is squeezed (measured: up to 7 pages in 3 of 21 trials):
    they are alone on the active list, which mm/vmscan.c, shrink_lruvec scans only beside others, and inactive_is_low
    does not see so few of a group, whose counters are folded in batches of 32."""
    for _ in range(10):
        box.set("memory.high", "0")
        if lab.counter("meminfo:SwapCached") <= left:
            break
        lab.drain_lru()
    box.set("memory.high", "max")
    return lab.counter("meminfo:SwapCached")


def tmpfs_files(lab: Lab, box: Sandbox, names: Sequence[str], size: int, user: Probe) -> dict[str, int]:
    """Makes tmpfs files of these names, written by a process of the group that has gone: name → `user`'s descriptor.

    size: bytes. "NAME/smaps_rollup:Swap" is what of a file is in swap: a process maps it and touches nothing.
    """
    directory, writer = lab.mount_tmpfs(), lab.probe("writer", box)
    files = {name: user.open(f"{directory}/{name}", os.O_RDWR | os.O_CREAT).value for name in names}
    for name in names:
        writer.write(writer.open(f"{directory}/{name}").value, size)
        watcher = lab.probe(name)
        watcher.map(size, shared=True, fd=watcher.open(f"{directory}/{name}").value)
    writer.end()
    return files


DEBUGFS = "/sys/kernel/debug"
FILE = f"{DEBUGFS}/lru_gen"


def age_generations(lab: Lab, box: Sandbox) -> None:
    """Makes a new youngest generation for a group on node 0, as reclaim does when the oldest run empty: what page tables
    say was touched moves there (Documentation/admin-guide/mm/multigen_lru.rst, "+ memcg_id node_id max_gen_nr can_swap
    force_scan").

    Skips where the kernel does not have the file; raises LabError where it does not list the group.
    """
    if lab.find(FILE) is None:
        lab.mount("debugfs", DEBUGFS, "debugfs")
        if lab.find(FILE) is None:
            lab.skip(f"this kernel has no {FILE}")
    path = box.path.removeprefix("/sys/fs/cgroup")
    found = re.search(rf"^memcg\s+(\d+) {re.escape(path)}\n node\s+0\n((?: +\d+ .*\n)+)", lab.read(FILE), re.M)
    if not found:
        raise LabError(f"generations of {path}", f"{FILE} does not list them", "see the run's evidence")
    youngest = found[2].splitlines()[-1].split()[0]
    lab.write(FILE, f"+ {found[1]} 0 {youngest} 1 1\n")


BTF = "/sys/kernel/btf/vmlinux"
WOKEN = "mm_vmscan_wakeup_kswapd"
KSWAPD_EVENTS = (f"vmscan:{WOKEN}", "kprobes:asked", "kprobes:looked", "kprobes:answered")
ZONES = ("dma", "dma32")  # enum zone_type (x86-64)
KINDS = 4  # of zones that a request may name as its highest
LOW, HIGH = 1, 2  # enum zone_watermarks


def watch_kswapd(lab: Lab) -> None:
    """Makes the events: `asked` with the zone that kswapd is to be woken for (arguments of wakeup_kswapd: zone,
    gfp_flags, order, highest zone), `looked` with all zones when it asks whether it may sleep (of prepare_kswapd_sleep:
    node, order, highest zone), `answered` with what it was told. Skips where they can't be made."""
    types = Types(lab.read_bytes(BTF))
    places = [types.offset("zone", name) for name in ("_watermark", "vm_stat", "lowmem_reserve")]
    places += [types.offset("pglist_data", name) for name in ("node_zones", "kswapd_failures")] + [types.size("zone")]
    if None in places:
        lab.skip("this kernel's BTF has no struct zone as we know it")
    marks, free, reserve, zones, failures, size = (int(place or 0) for place in places)

    def fields(name: str, at: int) -> list[str]:  # the first of vm_stat is NR_FREE_PAGES
        words = {"free": free, "low": marks + 8 * LOW, "high": marks + 8 * HIGH}
        words |= {f"reserve{kind}": reserve + 8 * kind for kind in range(KINDS)}
        return [f"{name}_{word}=+{at + place}(%di):s64" for word, place in words.items()]

    tracing.at(lab.hand, "asked", "wakeup_kswapd", "highest=%cx:u32", *fields("zone", 0))
    both = [field for number, zone in enumerate(ZONES) for field in fields(zone, zones + size * number)]
    tracing.at(lab.hand, "looked", "prepare_kswapd_sleep", "highest=%dx:u32", f"failures=+{failures}(%di):s32", *both)
    tracing.on_return(lab.hand, "answered", "prepare_kswapd_sleep", "asleep=$retval:u8")


def wakes(recording: Recording, mark: str, *traces: str) -> list[int]:
    """Lists, for each time that kswapd was woken for single pages, the free pages of the zone that was asked for over a mark
    ("low", "high") and its reserve against the request."""
    return [
        _over("zone", mark, asked)
        for asked, woken in _pairs(recording, traces)
        if (asked.name, woken.name) == ("asked", WOKEN) and woken.number("order") == 0
    ]


def sleeps(recording: Recording, mark: str, *traces: str) -> list[int]:
    """Lists, for each time that kswapd was told that it may sleep, the free pages of the zone that had most over the mark
    and its reserve."""
    return [
        max(_over(zone, mark, looked) for zone in ZONES)
        for looked, answer in _pairs(recording, traces)
        if (looked.name, answer.name) == ("looked", "answered") and answer.number("asleep")
    ]


def _over(zone: str, mark: str, event: Event) -> int:
    return (
        event.number(f"{zone}_free") - event.number(f"{zone}_{mark}") - event.number(f"{zone}_reserve{event.number('highest')}")
    )


def _pairs(recording: Recording, traces: tuple[str, ...]) -> list[tuple[Event, Event]]:
    """Pairs each event with the next; none at all if one of the traces is not whole."""
    found = [trace_events.events(recording, trace) for trace in traces]
    return [] if None in found else [pair for events in found for pair in pairwise(events or ())]
