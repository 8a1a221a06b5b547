"""What kswapd decides by: the zones' free pages and marks when it is woken and when it asks whether to sleep.

A guest with less than 4 GiB has no zones but these (arch/x86/mm/init.c, zone_sizes_init; v6.12).
"""

from __future__ import annotations

from itertools import pairwise

from harness.evidence.recording import Recording
from harness.lab import tracing
from harness.linux import trace_events
from harness.linux.btf import Types
from harness.linux.trace_events import Event
from harness.procedure import Lab

BTF = "/sys/kernel/btf/vmlinux"
WOKEN = "mm_vmscan_wakeup_kswapd"
EVENTS = (f"vmscan:{WOKEN}", "kprobes:asked", "kprobes:looked", "kprobes:answered")
ZONES = ("dma", "dma32")  # enum zone_type (x86-64)
KINDS = 4  # of zones that a request may name as its highest
LOW, HIGH = 1, 2  # enum zone_watermarks


def watch(lab: Lab) -> None:
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

    tracing.at(lab, "asked", "wakeup_kswapd", "highest=%cx:u32", *fields("zone", 0))
    both = [field for number, zone in enumerate(ZONES) for field in fields(zone, zones + size * number)]
    tracing.at(lab, "looked", "prepare_kswapd_sleep", "highest=%dx:u32", f"failures=+{failures}(%di):s32", *both)
    tracing.on_return(lab, "answered", "prepare_kswapd_sleep", "asleep=$retval:u8")


def wakes(recording: Recording, mark: str, *traces: str) -> list[int]:
    """For each time that kswapd was woken for single pages: the free pages of the zone that was asked for over a mark
    ("low", "high") and its reserve against the request."""
    return [
        _over("zone", mark, asked)
        for asked, woken in _pairs(recording, traces)
        if (asked.name, woken.name) == ("asked", WOKEN) and woken.number("order") == 0
    ]


def sleeps(recording: Recording, mark: str, *traces: str) -> list[int]:
    """For each time that kswapd was told that it may sleep: the same of the zone that had most over it."""
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
    """Each event and the next; none at all if one of the traces is not whole."""
    found = [trace_events.events(recording, trace) for trace in traces]
    return [] if None in found else [pair for events in found for pair in pairwise(events or ())]
