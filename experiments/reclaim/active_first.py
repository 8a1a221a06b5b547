"""Are active file pages made inactive before any is freed?

Three groups cache a file of 32 MiB each: one maps it and reads it until all pages are active (MGLRU's generations are
aged twice in between), one reads it once, one is told that its pages are cold. The first group is squeezed to half, and
the growth of pgdeactivate is compared with that of pgsteal_file. The file that was read once shows how freeing without
deactivating reads, the cold one the opposite.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Change, Claim, Counter, Expect, Experiment, Guard, Known, Needs, Quantity,
    pages,
)
from harness.lab import COLD, Lab
from harness.lab.helpers.reclaim import age_generations

SIZE, LEFT = 32 * MIB, 16 * MIB
AGES = 2                # memory.stat calls the two youngest of MGLRU's generations active
LAG = 64 + 31           # memory.stat lags by up to 64 events a processor, the lists by a batch of 31 pages

DEACTIVATES = Claim(
    "reclaim-deactivates",
    "When all file pages are active (mapped, touched and aged until they are), reclaim first moves pages from the active "
    "to the inactive list (pgdeactivate grows) before it frees any.", RECLAIM,
    known=(Known(CONFIRMED, "mm/vmscan.c, shrink_list: only the inactive lists are freed from, shrink_active_list feeds "
                            "them (v6.12)", settings={"lru": "classic"}),
           Known(REFUTED, "mm/vmscan.c, evict_folios: MGLRU has generations instead and frees from the oldest, nothing is "
                          "deactivated (v6.1, v6.12)", settings={"lru": "mglru"})))


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    boxes = {name: lab.sandbox(name) for name in ("active", "once", "cold")}
    probes = {name: lab.probe(f"{name} probe", box) for name, box in boxes.items()}
    files = {name: probe.create_file(f"{disk}/{name}", SIZE) for name, probe in probes.items()}
    lab.sync()
    lab.drop_caches(1)
    for name in ("active", "cold"):
        mapped = probes[name].map(SIZE, shared=True, fd=files[name]).read()
        for _ in range(2):
            probes[name].read(files[name], SIZE)        # the second look at a cached page activates it
        mapped.read()
        for _ in range(AGES if lab.settings["lru"] == "mglru" else 0):
            age_generations(lab, boxes[name])
            mapped.read()
    probes["once"].read(files["once"], SIZE)
    lab.drain_lru()
    lab.sample("active")
    boxes["active"].set("memory.max", str(LEFT))
    lab.sample("squeezed")
    boxes["once"].set("memory.max", str(LEFT))
    lab.sample("once squeezed")
    probes["cold"].madvise(mapped.address, SIZE, COLD)
    lab.drain_lru()
    lab.sample("cold")


def ahead(since: str, until: str, what: str) -> Quantity:
    """Not negative: every page that was freed can have been deactivated before."""
    return (Change("vmstat:pgdeactivate", since, until) - Change("vmstat:pgsteal_file", since, until)).called(
        f"pages deactivated less pages freed, {what}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount", "drop_caches")),
    axes={"lru": ("classic", "mglru")},
    rate=10,
    guards=(Guard(Counter("active/memory.stat:inactive_file", "active"), AtMost(LAG), "all file pages must be active"),
            Guard(Change("vmstat:pgsteal_file", "active", "squeezed"), AtLeast(pages(SIZE - LEFT)),
                  "without pages that are freed nothing is shown")),
    expects=(Expect(
        DEACTIVATES, ahead("active", "squeezed", "of active pages in a squeeze"),
        if_true=AtLeast(0, "each page that was freed was deactivated before"),
        if_false=AtMost(-1, "one that was freed without is enough"),
        reads_true=ahead("once squeezed", "cold", "of active pages by MADV_COLD"),
        reads_false=ahead("squeezed", "once squeezed", "of pages that were inactive, in a squeeze"),
        says="Reclaim deactivated {value} pages more than it freed."),),
    version=2,
)
