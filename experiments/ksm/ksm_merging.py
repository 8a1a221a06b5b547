"""What does KSM merge, does it lower RSS, and what undoes it?

Processes fill 2 MiB each: with pages 128 of which are equal, advised to be mergeable or not; with pages that are unlike, advised;
and one maps a disk file with equal pages, advised. ksmd scans all that is advised three times and is stopped; then a byte is
written to one merged page, and at last 2 to /sys/kernel/mm/ksm/run. The pagemap tells which pages are mapped once and which
more often; VmRSS is read before and after, and of a process that gives 2 MiB back meanwhile.
"""

import os

from experiments.sections import KSM
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Besides, Change, Claim, Disk, Document, Exactly, Expect, Experiment, Guard, Known,
    Needs, Pages, Quantity, Recorded, Settings, Smaps, of_small_pages, pages,
)
from harness.lab import DONTNEED, MERGEABLE, Lab, Region

SIZE = 2 * MIB
EQUAL = SIZE // 4           # bytes with the same content, page by page: 128 pages, of 256 that may share one (max_page_sharing)
SCANS = 3                   # one to take checksums, one to compare (mm/ksm.c, cmp_and_merge_page), one that may have begun before
PAUSE = 20_000_000          # ns
RUN, FULL_SCANS = "/sys/kernel/mm/ksm/run", "/sys/kernel/mm/ksm/full_scans"
# Pages by which VmRSS may be off: a thread keeps up to 64 of each of three kinds to itself (mm/memory.c, TASK_RSS_EVENTS_THRESH,
# v5.10, v6.1), or each processor a batch of 32 (lib/percpu_counter.c, compute_batch_value, v6.12).
OFF = 3 * 64
RST = "Documentation/admin-guide/mm/ksm.rst"

AUTOMATIC = Claim(
    "ksm-automatic", "KSM merges equal pages of any process once it runs.", KSM,
    known=(Known(REFUTED, f"{RST}, “KSM only operates on those areas of address space which an application has advised” "
                          "(v5.10 to v7.2); mm/ksm.c, scan_get_next_rmap_item: VM_MERGEABLE (v5.10 to v7.2)"),),
    instead="Have the program call madvise(MADV_MERGEABLE) or, since Linux 6.4, prctl(PR_SET_MEMORY_MERGE): without one of them "
            "KSM, running or not, looks at none of its pages.")
RSS = Claim(
    "ksm-lowers-rss", "Merging lowers the processes' RSS.", KSM,
    known=(Known(REFUTED, "mm/ksm.c, replace_page puts another anonymous page into the table, and takes one off MM_ANONPAGES "
                          "only for the page of zeros (v5.10 to v7.2)"),),
    instead="Read what KSM saves in Pss, in the memory.current of a group, or in pages_sharing below /sys/kernel/mm/ksm: RSS "
            "counts a merged page once for each place where it is mapped.")
FILE = Claim(
    "ksm-file-pages", "KSM merges page cache.", KSM,
    known=(Known(REFUTED, f"{RST}, “never pagecache (file) pages” (v5.10 to v7.2)"),),
    instead="Have processes map one file instead of copies of it (hard links, bind mounts): KSM leaves page cache alone, and a "
            "reflinked copy shares blocks on disk, not the cache.")
WRITE = Claim(
    "ksm-write-unmerges", "A write to a merged page gets a copy and leaves the others merged.", KSM,
    known=(Known(CONFIRMED, f"{RST}, “automatically copied if a process later wants to update its content” (v5.10 to v7.2)"),),
    document=Document(f"{RST}, “automatically copied if a process later wants to update its content” (v5.10 to v7.2)"))
UNMERGE = Claim(
    "ksm-run-2-unmerges", "Writing 2 to run unmerges all and stops.", KSM,
    known=(Known(CONFIRMED, "mm/ksm.c, run_store: unmerge_and_remove_all_rmap_items (v5.10 to v7.2)"),),
    document=Document(f"{RST}, “set to 2 to stop ksmd and unmerge all pages currently merged” (v5.10 to v7.2)"))


def alike(memory: Region, stamp: int) -> Region:
    """Fills memory with pages of which EQUAL bytes each have the same content, unlike any of another stamp."""
    for number, offset in enumerate(range(0, SIZE, EQUAL)):
        memory.probe.poke(memory.address + offset, bytes([stamp * 16 + number]) * EQUAL)
    return memory


def equal_file(lab: Lab) -> Region:
    """Maps a disk file with equal pages privately, and reads them."""
    probe = lab.probe("file")
    fd = probe.open(f"{lab.mount_disk()}/file", os.O_RDWR | os.O_CREAT).value
    for number, offset in enumerate(range(0, SIZE, EQUAL)):
        probe.write_text(fd, bytes([3 * 16 + number]) * EQUAL, offset)
    return probe.map(SIZE, fd=fd).read()


def scans(lab: Lab, name: str, most: int) -> int:
    """Waits for SCANS more scans, or so many pauses, and records how many scans there were. Returns how many pauses."""
    before = int(lab.read(FULL_SCANS))
    for pauses in range(most + 1):
        now = int(lab.read(FULL_SCANS))
        if now - before >= SCANS or pauses == most:
            break
        lab.hand.sleep(PAUSE)
    lab.record(name, now - before)
    return pauses


def parts(name: str, memory: Region, page: int) -> dict[str, Region]:
    return {name: memory, f"{name}, first": memory.part(0, page), f"{name}, others": memory.part(page, SIZE - page)}


def procedure(lab: Lab) -> None:
    advised = alike(lab.probe("advised", lab.sandbox()).map(SIZE), 1)
    plain = alike(lab.probe("plain").map(SIZE), 2)
    unlike = lab.probe("unlike").map(SIZE).fill()
    file = equal_file(lab)
    given_back = lab.probe("given back").map(SIZE).fill()
    for memory in (advised, unlike, file):
        memory.advise(MERGEABLE)
    lab.sample("before", smaps={"advised": advised})
    lab.write(RUN, "1")
    took = scans(lab, "scans while it runs", 500)
    lab.write(RUN, "0")
    scans(lab, "scans once it is stopped", 3 * took)
    given_back.advise(DONTNEED)
    regions = {"unlike": unlike, "file": file, **parts("advised", advised, lab.page_size), **parts("plain", plain, lab.page_size)}
    lab.sample("merged", pages=regions, smaps={"advised": advised})
    advised.probe.poke(advised.address, b"other")
    lab.sample("written", pages=parts("advised", advised, lab.page_size))
    lab.write(RUN, "1")
    took = scans(lab, "scans while it runs again", 500)
    lab.write(RUN, "2")
    scans(lab, "scans after 2", 3 * took)       # three times as long as they take while it runs
    lab.sample("unmerged", pages={"advised": advised})
    lab.write(RUN, "0")


def shared(sample: str, label: str, what: str) -> Quantity:
    return Pages(sample, label, "shared").called(f"pages mapped more than once of {what}")


def single(sample: str, label: str, what: str) -> Quantity:
    return Pages(sample, label, "exclusive").called(f"pages mapped once of {what}")


def fall(process: str, what: str) -> Quantity:
    return (Change(f"{process}/status:VmRSS", "before", "merged") * -1).called(f"fall of VmRSS of {what}")


def scanned(name: str) -> Quantity:
    return Recorded(name, "scans")


ALL, NOT_ALL = Exactly(pages(SIZE), "every page"), AtMost(pages(SIZE) - 1, "one page that is not is enough")
ADVISED, UNLIKE = shared("merged", "advised", "equal, advised memory"), shared("merged", "unlike", "unlike, advised memory")
PLAIN = single("merged", "plain", "equal memory without advice")
EXPERIMENT = Experiment(
    procedure,
    needs=Needs(disks=(Disk("disk", "ext4", 64 * MIB),), files=(RUN,), changes=("mount", "sysctl")),
    settings=Settings(ksm_sleep_millisecs=10, ksm_pages_to_scan=4096),
    writes=("ksm",),
    rate=0,
    version=2,
    premises=(of_small_pages(RSS),),                # of 128 pages VmRSS is off by too many
    guards=(Guard(scanned("scans while it runs"), AtLeast(SCANS), "what was not scanned is not merged, whatever was advised"),
            Guard(Pages("merged", "file", "resident"), ALL, "a page that is not there is not merged")),
    expects=(
        Expect(AUTOMATIC, shared("merged", "plain", "equal memory without advice"), ALL, NOT_ALL, ADVISED, UNLIKE,
               says="Of {bound} equal pages that were not advised {value} were merged."),
        Expect(RSS, fall("advised", "the process whose pages were merged"),
               AtLeast(pages(SIZE) // 2, "more than 9 of 10 pages were merged away: half is far less than that"),
               AtMost(OFF, "no more than VmRSS is off"), fall("given back", "one that gave as much back"),
               fall("plain", "one that was left alone"),
               says=f"Merging {SIZE // MIB} MiB of equal pages made VmRSS of their process fall by {{value}} pages."),
        Expect(FILE, shared("merged", "file", "a file with equal pages, advised"), AtLeast(1, "it merges a page of it"),
               Exactly(0, "not one"), ADVISED, UNLIKE,
               says=f"Of {SIZE // MIB} MiB of equal, advised pages of a file {{value}} were merged."),
        Expect(WRITE, single("written", "advised, first", "the page that was written"), Exactly(1, "it is a copy"),
               Exactly(0, "it is not"), single("merged", "plain, first", "a page without advice"),
               single("merged", "advised, first", "the page before"),
               says="After a write to a merged page {value} copy was made,"),
        Expect(WRITE, shared("written", "advised, others", "the others"), Exactly(pages(SIZE) - 1, "all of them"),
               AtMost(pages(SIZE) - 2, "one that is not is enough"), shared("merged", "advised, others", "the others before"),
               shared("merged", "plain, others", "as many without advice"), says="and {value} of {bound} others stayed merged."),
        Expect(UNMERGE, single("unmerged", "advised", "equal, advised memory"), ALL, NOT_ALL, PLAIN,
               single("merged", "advised", "equal, advised memory before"),
               says="After 2 was written to run {value} of {bound} pages were mapped once,"),
        Expect(UNMERGE, scanned("scans after 2"), Exactly(0, "it has stopped"), AtLeast(1, "it goes on"),
               scanned("scans once it is stopped"), scanned("scans while it runs again"),
               says="and ksmd made {value} scans more."),
    ),
    besides=(
        Besides(RSS, Smaps("merged", "advised", "Pss"), AtLeast(0), "Its Pss was {value} pages then."),
        Besides(RSS, Change("box/memory.current", "before", "merged") * -1, AtLeast(1),
                "memory.current of its group fell by {value} pages."),
    ),
)
