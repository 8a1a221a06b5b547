"""Pushing memory out to swap, ageing MGLRU's generations, and what kswapd decides by.

A guest with less than 4 GiB has no zones but those of `Architecture.zones`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.agent.constants import COLD
from harness.errors import LabError
from harness.evidence.recording import Recording
from harness.lab import tracing
from harness.lab.lab import Lab
from harness.lab.probe import Probe, Region
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


def make_active(lab: Lab, box: Sandbox, memory: Region) -> None:
    """Makes a group's mapping active under the multi-generational LRU: it is touched in two new generations, as the two youngest
    count as active (include/linux/mm_inline.h, lru_gen_is_active, v6.1 to v7.2), and read() alone brings nothing there
    (mm/swap.c, folio_mark_accessed)."""
    for _ in range(2):
        age_generations(lab, box)
        memory.read()


def empty_batch(spare: Region) -> None:
    """Empties the processor's batch of pages on their way to the LRU lists, which count them only then, by telling a filled page
    to be cold (mm/madvise.c, madvise_cold; v5.10 to v7.2). It moves no other page; compaction, as Lab.drain_lru has it, moves
    the agent's, which are mlocked too (measured on 5.10: Unevictable grew by up to 218)."""
    spare.advise(COLD)


BTF = "/sys/kernel/btf/vmlinux"
WOKEN = "mm_vmscan_wakeup_kswapd"
KSWAPD_EVENTS = (f"vmscan:{WOKEN}", "kprobes:asked", "kprobes:looked", "kprobes:answered")
KINDS = 4  # of zones that a request may name as its highest
LOW, HIGH = 1, 2  # enum zone_watermarks
# What of a zone's free pages is kept for atomic requests of more than a page, and is not free to others
# (mm/page_alloc.c, __zone_watermark_unusable_free): the pages that are free of it, on older kernels all of it.
ATOMIC = ("nr_free_highatomic", "nr_reserved_highatomic")
TIERING = "/proc/sys/kernel/numa_balancing"  # 2: memory tiering; kernels without NUMA balancing have no such file
# Runs of kswapd in a row that freed nothing, after which it gives up: MAX_RECLAIM_RETRIES (mm/internal.h).
GIVES_UP = 16


def watch_kswapd(lab: Lab) -> None:
    """Makes the events: `asked` with the zone that kswapd is to be woken for (arguments of wakeup_kswapd: zone,
    gfp_flags, order, highest zone), `looked` with all zones when it asks whether it may sleep (of prepare_kswapd_sleep:
    node, order, highest zone), `answered` with what it was told. Skips where they can't be made."""
    types = Types(lab.read_bytes(BTF))
    places = [types.offset("zone", name) for name in ("_watermark", "vm_stat", "lowmem_reserve")]
    places += [types.offset("pglist_data", name) for name in ("node_zones", "kswapd_failures")] + [types.size("zone")]
    kept = next((place for name in ATOMIC if (place := types.offset("zone", name)) is not None), None)
    if None in places or kept is None:
        lab.skip("this kernel's BTF has no struct zone as we know it")
    first, second, third, fourth = lab.architecture.arguments
    bits = lab.architecture.bits
    step = bits // 8  # of longs
    marks, free, reserve, zones, failures, size = (int(place or 0) for place in places)

    def fields(name: str, at: int) -> list[str]:  # the first of vm_stat is NR_FREE_PAGES
        words = {"free": free, "low": marks + step * LOW, "high": marks + step * HIGH, "atomic": kept}
        words |= {f"reserve{kind}": reserve + step * kind for kind in range(KINDS)}
        return [f"{name}_{word}=+{at + place}({first}):s{bits}" for word, place in words.items()]

    tracing.at(lab.hand, "asked", "wakeup_kswapd", f"highest={fourth}:u32", *fields("zone", 0))
    both = [field for number, zone in enumerate(lab.architecture.zones) for field in fields(zone, zones + size * number)]
    request = (f"order={second}:s32", f"highest={third}:u32", f"failures=+{failures}({first}):s32")
    tracing.at(lab.hand, "looked", "prepare_kswapd_sleep", *request, *both)
    tracing.on_return(lab.hand, "answered", "prepare_kswapd_sleep", "asleep=$retval:u8")


def wakes(recording: Recording, mark: str, *traces: str, large: bool = False) -> list[int]:
    """Lists, for each time that kswapd was woken for a single page (large: for more than one), the free pages of the zone
    that was asked for over a mark ("low", "high") and its reserve against the request."""
    return [
        _over("zone", mark, asked)
        for asked, woken in _pairs(recording, traces)
        if (asked.name, woken.name) == ("asked", WOKEN) and (woken.number("order") > 0) == large
    ]


@dataclass(frozen=True)
class Look:
    """One time that kswapd asked whether it may sleep.

    order: of the blocks of pages that it was to free. vain: how many of its last runs in a row had freed nothing, as the
    kernel counts them (mm/vmscan.c, balance_pgdat). over: free pages of the zone that had most over its high mark and its
    reserve. asleep: it was told to sleep.
    """

    order: int
    vain: int
    over: int
    asleep: bool


def looks(recording: Recording, *traces: str) -> list[Look]:
    """Lists all times that kswapd asked whether it may sleep."""
    return [
        Look(
            looked.number("order"),
            looked.number("failures"),
            max(_over(zone, "high", looked) for zone in recording.architecture.zones),
            bool(answer.number("asleep")),
        )
        for looked, answer in _pairs(recording, traces)
        if (looked.name, answer.name) == ("looked", "answered")
    ]


def _over(zone: str, mark: str, event: Event) -> int:
    held = (f"{zone}_{mark}", f"{zone}_reserve{event.number('highest')}", f"{zone}_atomic")
    return event.number(f"{zone}_free") - sum(map(event.number, held))


def _pairs(recording: Recording, traces: tuple[str, ...]) -> list[tuple[Event, Event]]:
    """Pairs each event with the next; none at all if one of the traces is not whole, or of another version's events, which
    did not tell what is kept for atomic requests."""
    found = [trace_events.events(recording, trace) for trace in traces]
    if None in found:
        return []
    pairs = [pair for events in found for pair in pairwise(events or ())]
    told = {"asked": "zone_atomic", "looked": f"{recording.architecture.zones[0]}_atomic"}
    return pairs if all(told[event.name] in event.fields for event, _ in pairs if event.name in told) else []


DIRECT, OF_GROUP = "mm_vmscan_direct_reclaim_begin", "mm_vmscan_memcg_reclaim_begin"
DIRECT_EVENTS = ("kprobes:requested", f"vmscan:{DIRECT}", f"vmscan:{OF_GROUP}")


def watch_direct_reclaim(lab: Lab) -> None:
    """Makes the event `requested`, with the zone that a request would be served from when the kernel looks for a free page
    (arguments of get_page_from_freelist: gfp_mask, order, alloc_flags, struct alloc_context). Skips where it can't be made."""
    types = Types(lab.read_bytes(BTF))
    free, mark, reserve = (types.offset("zone", name) for name in ("vm_stat", "_watermark", "lowmem_reserve"))
    preferred = types.offset("alloc_context", "preferred_zoneref")
    kept = next((place for name in ATOMIC if (place := types.offset("zone", name)) is not None), None)
    if None in (free, mark, reserve, preferred, kept):
        lab.skip("this kernel's BTF has no struct zone as we know it")
    context, bits = lab.architecture.arguments[3], lab.architecture.bits
    places = {"free": free, "min": mark, "reserve": int(reserve or 0) + bits // 8 * (KINDS - 1), "atomic": kept}
    fields = [f"{word}=+{place}(+0(+{preferred}({context}))):s{bits}" for word, place in places.items()]
    tracing.at(lab.hand, "requested", "get_page_from_freelist", *fields)


def direct_spares(recording: Recording, trace: str, began: str = DIRECT) -> list[int]:
    """Lists, for each time that a process began to reclaim for a single page, how many pages over its min mark and reserve its
    zone had free when it had last looked for one. began: for want of free pages, or for its group's limit (OF_GROUP)."""
    found: list[int] = []
    last: dict[int, Event] = {}
    for event in trace_events.events(recording, trace) or ():
        if event.name == "requested":
            last[event.pid] = event
        elif event.pid in last and event.name == began and event.number("order") == 0:
            looked = last[event.pid]
            found.append(looked.number("free") - sum(map(looked.number, ("min", "reserve", "atomic"))))
    return found
