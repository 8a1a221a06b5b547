"""Are active file pages made inactive before any is freed?

Three groups map a file of 32 MiB each and read it until all pages are active (MGLRU's generations are aged twice in
between). The first group is squeezed to half: by how much active_file fell is what became inactive, by how much it fell
together with inactive_file is what was freed. The pages of the second file are given up by fadvise, which frees active
pages as they are; those of the third are told to be cold, which makes them inactive and frees none.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Change, Claim, Counter, Expect, Experiment, Guard, Known, Needs, Quantity, pages,
)
from harness.lab import COLD, DONTNEED, Lab
from harness.lab.helpers.reclaim import make_active

SIZE, LEFT = 32 * MIB, 16 * MIB
LAG = 64 + 31           # memory.stat lags by up to 64 events a processor, the lists by a batch of 31 pages
GROUPS = ("active", "given up", "cold")

DEACTIVATES = Claim(
    "reclaim-deactivates",
    "When all file pages are active (mapped, touched and aged until they are), reclaim makes pages inactive (by active_file "
    "and inactive_file) before it frees them: at the end of a squeeze more pages have become inactive than were freed.",
    RECLAIM,
    known=(Known(REFUTED, "mm/vmscan.c, shrink_node (v5.10), prepare_scan_count (v6.1): it asks inactive_is_low, of counts that "
                          "are up to date, before each pass; "
                          "once as many are inactive as active, shrink_list leaves the active ones alone, and what is inactive "
                          "is freed to the last (v5.10, v6.1); measured on 5.10: 5,816 became inactive, 5,820 were freed",
                 until="6.12", settings={"lru": "classic"}),
           Known(CONFIRMED, "mm/vmscan.c, prepare_scan_control: it asks inactive_is_low of counts that are up to 2 s old "
                            "(mem_cgroup_flush_stats_ratelimited), to which hardly any page is inactive yet; so each pass makes "
                            "more of them inactive, until all are (v6.12, v7.2); measured on 6.12 and 7.2: all 8,192 became "
                            "inactive, 5,825 were freed", since="6.12",
                 settings={"lru": "classic"}),
           Known(CONFIRMED, "mm/vmscan.c, inc_max_seq: with a new youngest generation all but the two youngest count as "
                            "inactive, and only the oldest is freed from, which must not be one of them (MIN_NR_GENS; v6.1 to "
                            "v7.2); pgdeactivate says nothing of it: of reclaim shrink_active_list alone counts there; measured",
                 settings={"lru": "mglru"})),
    instead="Do not wait for the inactive list to grow before anything is freed: with the classic lists reclaim deactivates "
            "and frees in turn, and where it goes by counts that are up to date (as 5.10 does) it frees as much as it "
            "deactivates. What protects a working set is memory.low of its group.")


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    boxes = {name: lab.sandbox(name) for name in GROUPS}
    probes = {name: lab.probe(f"{name} probe", box) for name, box in boxes.items()}
    files = {name: probe.create_file(f"{disk}/{name}", SIZE) for name, probe in probes.items()}
    lab.sync()
    lab.drop_caches(1)
    mapped = {}
    for name, probe in probes.items():
        mapped[name] = probe.map(SIZE, shared=True, fd=files[name]).read()
        for _ in range(2):
            probe.read(files[name], SIZE)               # the second look at a cached page activates it
        mapped[name].read()
        if lab.settings["lru"] == "mglru":
            make_active(lab, boxes[name], mapped[name])
    lab.drain_lru()
    lab.sample("active")
    boxes["active"].set("memory.max", str(LEFT))
    mapped["given up"].unmap()
    probes["given up"].fadvise(files["given up"], 0, 0, DONTNEED)
    probes["cold"].madvise(mapped["cold"].address, SIZE, COLD)
    lab.drain_lru()
    lab.sample("after")


def fell(group: str, which: str) -> Quantity:
    return Counter(f"{group}/memory.stat:{which}", "active") - Counter(f"{group}/memory.stat:{which}", "after")


def freed(group: str, what: str) -> Quantity:
    return (fell(group, "active_file") + fell(group, "inactive_file")).called(f"file pages freed, {what}")


def ahead(group: str, what: str) -> Quantity:
    """Counts what active_file fell by less what it fell by together with inactive_file: the growth of inactive_file."""
    return Change(f"{group}/memory.stat:inactive_file", "active", "after").called(
        f"file pages that became inactive less those freed, {what}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount", "drop_caches")),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    guards=(*(Guard(Counter(f"{group}/memory.stat:inactive_file", "active").called(f"inactive file pages before, {group}"),
                    AtMost(LAG), "all file pages must be active") for group in GROUPS),
            Guard(freed("active", "by the squeeze"), AtLeast(pages(SIZE - LEFT - MIB)),
                  "without pages that are freed nothing is shown"),
            Guard(freed("given up", "by fadvise"), AtLeast(pages(SIZE - MIB)), "without them its reference reads 0 anyhow")),
    expects=(Expect(
        DEACTIVATES, ahead("active", "in a squeeze"),
        if_true=AtLeast(2 * LAG + 1, "more, whichever way both readings lag"),
        if_false=AtMost(LAG, "no more than were freed, but for the lag of what is read"),
        reads_true=ahead("cold", "by MADV_COLD"),
        reads_false=ahead("given up", "by fadvise"),
        says="{value:±pages more|pages less|no page more} became inactive than were freed."),),
    version=3,
)
