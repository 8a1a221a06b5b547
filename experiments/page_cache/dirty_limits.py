"""What is vm.dirty_ratio a share of, and is a writer held back before it is reached?

In a guest of 256 MiB processes write new files to a disk of 2 MB/s, with dirty_ratio 30. One of 4 MiB ends by itself; one without
end is allowed half of the threshold for 12 s, in which the kernel learns how slow the disk is; one without end has all of it. The
kernel's tracepoint tells how often each was made to pause, and how many pages were dirty then. After that half of the memory is
filled, and the threshold of /proc/vmstat, with dirty_ratio 20, is held against MemTotal, and against free and file pages less the
reserve that /proc/zoneinfo shows. The same threshold set in bytes shows how both shares read. Last, values of dirty_bytes that
the kernel does not take are written.
"""

import os

from experiments.sections import PAGE_CACHE
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, Besides, Claim, Counter, Derived, Disk, Document, Errno, Exactly, Expect,
    Experiment, Guard, Known, Needs, Not, Outside, Quantity, Recorded, Recording, Settings, Within, counters, trace_events,
)
from harness.lab import Lab

RAM, SMALL, ENDLESS = 256 * MIB, 4 * MIB, 240 * MIB             # bytes
TICK, TICKS, MORE = 100_000_000, 400, 20        # ns; how often it is looked at most, and after enough is dirty
# As often while the kernel learns the disk's rate: from the 100 MB/s that it begins with (INIT_BW) it goes down by some 8 % each
# 200 ms (measured on 5.10: 102,400 to 13,672 KB/s in 6 s), and a writer that is slower than that is not held back.
LEARNS = 120
# Ratios, %. Writers have a larger one than the kernel began with: the limit that it slows down towards follows a threshold that
# grows at once, and one that falls slowly (mm/page-writeback.c, domain_update_dirty_limit; v6.1 to v7.2).
RATIO, WRITERS, BACKGROUND = 20, 30, 2
BELOW, ENOUGH = 90, 60          # % of the threshold: before it, however it moves meanwhile; past the mean of both thresholds
SLOW = Disk("disk", "ext4", 256 * MIB, rate=2_000_000)
REQUESTS, LARGEST = 4, 64      # KiB a request: little is on its way to the disk when a file is deleted
PAUSES, DIR = "writeback:balance_dirty_pages", "/proc/sys/vm"
BY_RATIO, BY_RAM, BY_AVAILABLE = "dirty_ratio 20", "20 % of RAM in dirty_bytes", "20 % of what is available in dirty_bytes"
PARTS = ("nr_free_pages", "nr_inactive_file", "nr_active_file")
MANUAL, SOURCE = "Documentation/admin-guide/sysctl/vm.rst", "mm/page-writeback.c"

OF_RAM = Claim(
    "dirty-ratio-of-ram", "dirty_ratio 20 means 20 % of RAM.", PAGE_CACHE,
    known=(Known(REFUTED, f"{SOURCE}, domain_dirty_limits: a share of global_dirtyable_memory (v5.10 to v7.2)"),),
    instead="Set vm.dirty_bytes and vm.dirty_background_bytes for fixed limits: a ratio is of free and file pages, so it falls "
            "as programs take memory.")
OF_AVAILABLE = Claim(
    "dirty-ratio-of-available", "dirty_ratio is a share of free plus file pages minus reserves: that is the threshold, to within "
    "1 %.", PAGE_CACHE,
    known=(Known(CONFIRMED, f"{SOURCE}, global_dirtyable_memory: free pages less totalreserve_pages, and both file lists (v5.10 "
                            "to v7.2)"),),
    document=Document(f"{MANUAL}, dirty_ratio (v5.10 to v7.2)"))
BEFORE = Claim(
    "dirty-throttle-at-ratio-only", "A writer is not held back before dirty_ratio is reached.", PAGE_CACHE,
    known=(Known(REFUTED, f"{SOURCE}, dirty_freerun_ceiling: the mean of both thresholds, above which balance_dirty_pages makes "
                          "a writer pause (v5.10 to v7.2); measured on 6.12: from 52 % of the threshold on, but a first writer, "
                          "while the kernel takes the disk for one of 100 MB/s, went on to all of it"),),
    instead="Expect a writer to slow down from the middle between dirty_background_ratio and dirty_ratio on, once the kernel "
            "knows how slow the disk is: raise both if bursts are to be taken at full speed.",
    document=Document(f"{MANUAL}, dirty_ratio (v5.10 to v7.2)",
                      "A process that generates disk writes is made to pause once more pages are dirty or under write-back than "
                      "the mean of the background threshold and this one; dirty_ratio is what they are kept below."))
ZEROES = Claim(
    "dirty-bytes-zeroes-ratio", "Setting dirty_bytes makes dirty_ratio read 0.", PAGE_CACHE,
    known=(Known(CONFIRMED, f"{MANUAL}, dirty_bytes: “the other appears as 0 when read” (v5.10 to v7.2)"),),
    document=Document(f"{MANUAL}, dirty_bytes (v5.10 to v7.2)"))
MINIMUM = Claim(
    "dirty-bytes-minimum", "dirty_bytes below two pages is silently ignored and the old value stays.", PAGE_CACHE,
    known=(Known(REFUTED, "kernel/sysctl.c, __do_proc_doulongvec_minmax (v5.10 to v6.12), do_proc_doulongvec_minmax (v7.2): "
                          "what is below the minimum is not ignored but refused with EINVAL; the old value stays"),),
    instead="Check what writing vm.dirty_bytes returns: less than two pages is refused with EINVAL, and the old value stays.",
    document=Document(f"{MANUAL}, dirty_bytes (v5.10 to v7.2)",
                      "The least is two pages, in bytes: a lower value is refused with EINVAL, and the old configuration is "
                      "retained."))


def procedure(lab: Lab) -> None:
    lab.mount_disk()
    queue = f"/sys/block/{lab.device('disk').rpartition('/')[2]}/queue"
    lab.write(f"{queue}/nr_requests", str(REQUESTS))
    lab.write(f"{queue}/max_sectors_kb", str(LARGEST))
    writes(lab, "small", SMALL, SMALL, 1)
    lab.sample("limits")
    limit = lab.counter("vmstat:nr_dirty_threshold")
    lab.sysctl("vm.dirty_bytes", limit // 2)
    writes(lab, "limited", ENDLESS, limit // 3, LEARNS)
    lab.sysctl("vm.dirty_ratio", WRITERS)
    writes(lab, "large", ENDLESS, limit * ENOUGH // 100, MORE)

    lab.sysctl("vm.dirty_ratio", RATIO)
    lab.probe("filler").map(lab.memory // 2).fill()
    lab.sample(BY_RATIO)
    lab.sysctl("vm.dirty_bytes", lab.memory * RATIO // 100)
    lab.sample(BY_RAM)
    lab.record("dirty_ratio with dirty_bytes", setting(lab, "dirty_ratio"))
    lab.sysctl("vm.dirty_bytes", available(lab) * RATIO // 100)
    lab.sample(BY_AVAILABLE)

    for name, size in (("less than two pages", 2 * lab.page_size - 1), ("two pages", 2 * lab.page_size)):
        before = setting(lab, "dirty_bytes")
        lab.hand.try_as(name).put(f"{DIR}/dirty_bytes", str(size))
        lab.record(f"{name}: change", abs(setting(lab, "dirty_bytes") - before))
    lab.hand.try_as("101 %").put(f"{DIR}/dirty_background_ratio", "101")
    before = setting(lab, "dirty_bytes")
    lab.sysctl("vm.dirty_bytes", before)
    lab.record("the same: change", abs(setting(lab, "dirty_bytes") - before))
    for ratio in (0, RATIO):
        lab.sysctl("vm.dirty_ratio", ratio)
        lab.record(f"dirty_ratio after {ratio}", setting(lab, "dirty_ratio"))


def writes(lab: Lab, name: str, size: int, enough: int, more: int) -> None:
    """Has a new file written until `enough` bytes are dirty, and so many ticks more, and deletes it, dirty as it is."""
    probe, path = lab.probe(name), f"/mnt/disk/{name}"
    fd = probe.open(path, os.O_RDWR | os.O_CREAT).value
    with lab.trace(name, PAUSES, pid=probe.pid):
        writing = probe.begin.write(fd, size)
        for _ in range(TICKS):
            more -= lab.counter("vmstat:nr_dirty") + lab.counter("vmstat:nr_writeback") >= enough
            if writing.done or not more:
                break
            lab.hand.sleep(TICK)
        lab.sample(name)
        probe.kill_now()
        writing.wait()
    lab.hand.unlink(path)


def setting(lab: Lab, name: str) -> int:
    return int(lab.read(f"{DIR}/{name}"))


def reserved(zoneinfo: str) -> int:
    """Sums up what of each zone is kept for the kernel (mm/page_alloc.c, calculate_totalreserve_pages)."""
    found = counters.parse("zoneinfo", zoneinfo)
    zones = {name.removesuffix(".managed") for name in found if name.endswith(".managed")}
    return sum(min(found[f"{zone}.managed"], found[f"{zone}.high"] + max(
        (pages for name, pages in found.items() if name.startswith(f"{zone}.protection.")), default=0)) for zone in zones)


def available(lab: Lab) -> int:
    free = sum(lab.counter(f"vmstat:{name}") for name in PARTS)
    return free - reserved(lab.read("/proc/zoneinfo")) * lab.page_size


def share_of_ram(sample: str) -> Quantity:
    return (Counter("vmstat:nr_dirty_threshold", sample) * 10_000 // Counter("meminfo:MemTotal", sample)).called(
        f"threshold as a share of MemTotal, with {sample}", "hundredths of a percent")


def share_of_available(sample: str) -> Quantity:
    def kept(recording: Recording) -> int | None:
        text = recording.text(sample, "zoneinfo")
        return None if text is None else reserved(text)
    free, inactive, active = (Counter(f"vmstat:{name}", sample) for name in PARTS)
    share = Counter("vmstat:nr_dirty_threshold", sample) * 10_000 // (free + inactive + active - Derived("reserve", kept))
    return share.called(
        f"threshold as a share of free and file pages less the reserve, with {sample}", "hundredths of a percent")


def pauses(recording: Recording, name: str) -> list[int] | None:
    """Lists what per cent of the threshold was dirty, or being written, whenever a writer was made to pause."""
    found, limit = trace_events.events(recording, name), recording.counter("limits", "vmstat:nr_dirty_threshold")
    if found is None or not limit:
        return None
    return [event.number("dirty") * 100 // limit for event in found if event.number("pause") > 0]


def held_back(name: str, words: str) -> Quantity:
    def count(recording: Recording) -> int | None:
        found = pauses(recording, name)
        return None if found is None else sum(share < BELOW for share in found)
    return Derived(f"pauses before {BELOW} % of the threshold, of a writer {words}", count, "pauses")


def middle(recording: Recording) -> int | None:
    """Gives the share of the threshold below which half of the pauses came."""
    found = pauses(recording, "large")
    return sorted(found)[len(found) // 2] if found else None


def change(name: str) -> Quantity:
    return Recorded(f"{name}: change", "bytes", title=f"change of dirty_bytes by writing {name}")


def ratio_after(record: str, words: str) -> Quantity:
    return Recorded(record, "%", title=f"dirty_ratio after {words}")


SHARE = Within(RATIO * 99, RATIO * 101, "20 %, to within 1 % of it"), Outside(RATIO * 95, RATIO * 105, "off by more than 5 %")
EXPERIMENT = Experiment(
    procedure,
    needs=Needs(memory=RAM, disks=(SLOW,), changes=("mount", "sysctl")),
    settings=Settings(dirty_ratio=WRITERS, dirty_background_ratio=BACKGROUND),
    writes=("dirty_ratio", "dirty_bytes"),
    rate=0,
    guards=(Guard(Counter("vmstat:nr_dirty", "large") + Counter("vmstat:nr_writeback", "large"),
                  AtLeast(Counter("vmstat:nr_dirty_threshold", "limits") * (ENOUGH - 5) // 100), "it must outrun the disk"),),
    besides=(Besides(BEFORE, Derived("dirty pages at the pause in the middle", middle, "%"), AtLeast(1),
                     "Half of all its pauses came at less than {value} % of the threshold."),),
    expects=(
        Expect(OF_RAM, share_of_ram(BY_RATIO), *SHARE, reads_true=share_of_ram(BY_RAM), reads_false=share_of_ram(BY_AVAILABLE),
               says="With half of RAM in use dirty_ratio 20 allowed {value:hundredths} % of RAM."),
        Expect(OF_AVAILABLE, share_of_available(BY_RATIO), *SHARE, reads_true=share_of_available(BY_AVAILABLE),
               reads_false=share_of_available(BY_RAM),
               says="dirty_ratio 20 allowed {value:hundredths} % of free and file pages less the reserve."),
        Expect(BEFORE, held_back("large", "without end"), if_true=Exactly(0, "never held back"),
               if_false=AtLeast(1, "once is enough"), reads_true=held_back("small", f"of {SMALL // MIB} MiB"),
               reads_false=held_back("limited", "with half of the threshold in dirty_bytes"),
               says=f"Before {BELOW} % of the threshold were dirty a writer was made to pause {{value:times}}."),
        Expect(ZEROES, ratio_after("dirty_ratio with dirty_bytes", "dirty_bytes was set"), if_true=Exactly(0, "the claim's"),
               if_false=AtLeast(1, "another"), reads_true=ratio_after("dirty_ratio after 0", "0 was written to it"),
               reads_false=ratio_after(f"dirty_ratio after {RATIO}", f"{RATIO} was written to it"),
               says="With dirty_bytes set dirty_ratio read {value}."),
        Expect(MINIMUM, Errno("less than two pages"), if_true=Exactly(0, "ignored: no error"), if_false=Not(0, "refused"),
               reads_true=Errno("two pages"), reads_false=Errno("101 %"),
               says="A dirty_bytes of two pages less a byte gave {value:errno},"),
        Expect(MINIMUM, change("less than two pages"), if_true=Exactly(0, "the old value stays"), if_false=AtLeast(1, "another"),
               reads_true=change("the same"), reads_false=change("two pages"),
               says="and changed the value by {value} bytes."),
    ),
)
