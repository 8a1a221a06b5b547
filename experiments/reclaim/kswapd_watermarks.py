"""At which watermarks does kswapd wake and go to sleep again?"""

import os

from experiments.sections import RECLAIM
from harness import trace_events
from harness.btf import Types
from harness.claims import CONFIRMED, AtLeast, AtMost, Claim, Expect, Experiment, Guard, Known
from harness.evidence import Recording
from harness.needs import MIB, Needs
from harness.procedure import Lab
from harness.quantities import Change, Derived, Quantity
from harness.settings import Settings

RAM, DEMAND = 256 * MIB, 288 * MIB
BTF, KPROBES = "/sys/kernel/btf/vmlinux", "/sys/kernel/tracing/kprobe_events"
WAKE, SLEEP = "vmscan:mm_vmscan_wakeup_kswapd", "vmscan:mm_vmscan_kswapd_sleep"
LOW, HIGH, DMA, DMA32, NORMAL = 1, 2, 0, 1, 2           # enum zone_watermarks, enum zone_type (x86-64)

WAKES = Claim(
    "kswapd-wakes-below-low", "For order-0 pressure (watermark_boost_factor 0), kswapd is woken only when a zone's free "
    "pages have fallen below its low watermark.", RECLAIM,
    known=(Known(CONFIRMED, "mm/page_alloc.c: __alloc_pages_slowpath wakes it, after get_page_from_freelist found no zone "
                            "above its low watermark (v6.12)"),))
SLEEPS = Claim(
    "kswapd-sleeps-at-high", "kswapd sleeps again only once a zone that may serve the request has reached its high "
    "watermark plus its reserve.", RECLAIM,
    known=(Known(CONFIRMED, "mm/vmscan.c, prepare_kswapd_sleep and pgdat_balanced (v6.12); not after it has given up on "
                            "a node with nothing left to reclaim (kswapd_failures), which this pressure avoids"),))


def watch_zones(lab: Lab) -> None:
    """Two events of our own: what a zone has when kswapd is woken for it, and when kswapd goes to sleep. The first
    argument of wakeup_kswapd is the zone, of set_pgdat_percpu_threshold (called on the way to sleep) its node."""
    types = Types(lab.read_bytes(BTF))
    places = [types.offset("zone", name) for name in ("_watermark", "vm_stat", "lowmem_reserve")]
    places += [types.offset("pglist_data", "node_zones"), types.size("zone")]
    if None in places:
        lab.skip("this kernel's BTF has no struct zone as we know it")
    marks, free, reserve, zones, size = (int(place or 0) for place in places)

    def fields(base: int, number: int, mark: int) -> str:
        return (f"free{number}=+{base + free}(%di):s64 mark{number}=+{base + marks + 8 * mark}(%di):s64 "
                f"reserve{number}=+{base + reserve + 8 * NORMAL}(%di):s64")
    lab.write(KPROBES, f"p:asked wakeup_kswapd {fields(0, DMA32, LOW)}")
    nodes = " ".join(fields(zones + size * number, number, HIGH) for number in (DMA, DMA32))
    lab.hand.put(KPROBES, f"p:threshold set_pgdat_percpu_threshold {nodes}", os.O_APPEND)


def procedure(lab: Lab) -> None:
    watch_zones(lab)
    lab.swapon()
    probe = lab.probe()
    memory = probe.map(DEMAND)
    events = (WAKE, SLEEP, "kprobes:asked", "kprobes:threshold")
    normal = int(lab.read("/proc/sys/vm/min_free_kbytes"))
    lab.sample("before")
    with lab.trace("pressure", *events):
        memory.fill()
        lab.hand.sleep(500_000_000)
    lab.sample("after")
    memory.unmap()
    # The references: marks that are moved past what is free, up while kswapd sleeps, and down while it works.
    half = lab.counter("meminfo:MemFree") // 2
    probe.map(half).fill()
    with lab.trace("marks moved", *events):
        lab.sysctl("vm.min_free_kbytes", 2 * half // 1024)
        probe.map(MIB).fill()
        lab.sysctl("vm.min_free_kbytes", normal)
        lab.hand.sleep(500_000_000)


def margins(recording: Recording, trace: str, moment: str) -> list[int] | None:
    """At each wake for an order-0 request, or at each going to sleep: free pages over the mark, of the zone that has most."""
    found = trace_events.events(recording, trace)
    if found is None:
        return None
    margin, asleep, values = None, False, []
    for event in found:
        if event.name in {"asked", "threshold"}:
            margin = max(event.number(f"free{zone}") - event.number(f"mark{zone}") - event.number(f"reserve{zone}")
                         for zone in (DMA, DMA32) if f"free{zone}" in event.fields)
        if event.name == "threshold" and asleep and moment == "sleep" and margin is not None:
            values.append(margin)
        if event.name == "mm_vmscan_wakeup_kswapd" and event.number("order") == 0 and moment == "wake":
            values += [] if margin is None else [margin]
        asleep = event.name == "mm_vmscan_kswapd_sleep"
    return values


def most(trace: str, what: str) -> Quantity:
    def read(recording: Recording) -> int | None:
        return max(margins(recording, trace, "wake") or [], default=None)
    return Derived(f"most pages that a zone had over its low mark when kswapd was woken {what}", read, "pages")


def least(trace: str, moment: str, what: str) -> Quantity:
    def read(recording: Recording) -> int | None:
        return min(margins(recording, trace, moment) or [], default=None)
    return Derived(f"least pages over the mark, {what}", read, "pages")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, files=(BTF, KPROBES), changes=("swap", "sysctl"), throwaway=True),
    settings=Settings(overcommit=1, watermark_boost_factor=0),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    guards=(Guard(Change("vmstat:pgsteal_kswapd", "before", "after"), AtLeast(1000), "kswapd must have worked"),),
    expects=(
        Expect(WAKES, most("pressure", "in a shortage of single pages"),
               if_true=AtMost(0, "at the mark or below it: what is above it is served without kswapd"),
               if_false=AtLeast(1, "one wake with pages to spare is enough"),
               reads_true=most("marks moved", "after the marks were raised past what was free"),
               reads_false=least("marks moved", "sleep", "when kswapd went to sleep after the marks were lowered"),
               says="At the wake with most to spare the zone was {value} pages over its low mark."),
        Expect(SLEEPS, least("pressure", "sleep", "when kswapd went to sleep in a shortage"),
               if_true=AtLeast(1, "the high mark, the reserve, and a page more, as pgdat_balanced asks"),
               if_false=AtMost(0, "one sleep below it is enough"),
               reads_true=least("marks moved", "sleep", "when kswapd went to sleep after the marks were lowered"),
               reads_false=least("marks moved", "wake", "when kswapd was woken after the marks were raised"),
               says="At the sleep with least to spare the best zone was {value} pages over its high mark and reserve."),
    ),
)
