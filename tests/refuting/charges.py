"""What groups are charged for: a page less than all of it, but for what is charged ahead; a page more than nothing."""

from collections.abc import Mapping

from harness.false_evidence.made import Made, together

PAGE, SIZE, AHEAD, MIB = 4096, 2048, 64, 256


def grown(counter: str, name: str, asked: int, true: int, false: int, others: Mapping[str, int] | None = None) -> Made:
    """The three cases of a claim, in each of which a group's counter grows by so many pages, and others by theirs."""
    found = {}
    for which, pages in (("asked", asked), ("true", true), ("false", false)):
        at, start = f"{name}.{which}", 1000 * PAGE
        still = {f"{at}/memory.stat:{other}": start for other in others or {}}
        found[f"{at}: before"] = {f"{at}/{counter}": start, **still}
        more = {f"{at}/memory.stat:{other}": start + size * PAGE for other, size in (others or {}).items()}
        found[at] = {f"{at}/{counter}": start + pages * PAGE, **more}
    return Made(counters=found)


def current(name: str, asked: int, size: int = SIZE) -> Made:
    return grown("memory.current", name, asked, size, 0)


def file(name: str, asked: int, true: int = 0, false: int = SIZE) -> Made:
    return grown("memory.stat:file", name, asked, true, false)


def apart(name: str, processes: int, asked: int, true: int, false: int) -> Made:
    """memory.current is so many pages more than RSS, which the first process has all of."""
    found = {}
    for which, pages in (("asked", asked), ("true", true), ("false", false)):
        at = f"{name}.{which}"
        found[at] = {f"{at}/memory.current": (SIZE + pages) * PAGE, f"{at}/status:VmRSS": SIZE * 4,
                     **{f"{at} {number}/status:VmRSS": 0 for number in range(1, processes)}}
    return Made(counters=found)


def kernel(tables: int) -> Made:
    name, least = "memcg-counts-kernel-memory", {"tables": tables, "stacks": 1024, "dentries": 8192 // 21}
    return together(*(grown("memory.current", f"{name}.{key}", value - 2 * AHEAD, SIZE, 0,
                            {"anon": 0, **({"slab": 0} if key == "stacks" else {})}) for key, value in least.items()))


def cached(pages: int) -> Made:
    name = "memcg-rmdir-forgets-cache"
    read = {f"{name}.asked": pages, f"{name}.true": 0, f"{name}.false": SIZE}
    return Made(pages={at: {at: resident} for at, resident in read.items()})


ENOUGH, SHORT = SIZE - AHEAD, SIZE - AHEAD - 1
OWNS, RSS, SUM, MOVES, SHMEM = ("memcg-first-touch-owns", "memcg-current-is-rss", "memcg-sum-rss-is-usage",
                                "memcg-migration-moves-charge", "memcg-file-includes-shmem")


def moved(new: int, old: int) -> Made:
    return together(current(f"{MOVES}.new", new), grown("memory.current", f"{MOVES}.old", old, 0, SIZE))


CONFIRMS = {
    "memcg-limit-counts-untouched": current("memcg-limit-counts-untouched", ENOUGH),
    "memcg-tmpfs-counts-to-writer": current("memcg-tmpfs-counts-to-writer", ENOUGH - AHEAD),
    OWNS: together(file(f"{OWNS}.second", 0), current(f"{OWNS}.first", ENOUGH)),
    MOVES: moved(ENOUGH, AHEAD),
    RSS: apart(RSS, 1, MIB, 0, SIZE),
    SUM: apart(SUM, 3, 3 * MIB, 0, SIZE),
    SHMEM: together(file(f"{SHMEM}.shared", 0), file(f"{SHMEM}.tmpfs", 0)),
    "memcg-counts-kernel-memory": kernel(1024),
    "memcg-pipe-counted": current("memcg-pipe-counted", MIB - AHEAD, MIB),
    "memcg-rmdir-forgets-cache": cached(0),
}
REFUTES = {
    "memcg-limit-counts-untouched": current("memcg-limit-counts-untouched", SHORT),
    "memcg-tmpfs-counts-to-writer": current("memcg-tmpfs-counts-to-writer", SHORT - AHEAD),
    OWNS: together(file(f"{OWNS}.second", 1), current(f"{OWNS}.first", ENOUGH)),
    MOVES: moved(ENOUGH, AHEAD + 1),
    RSS: apart(RSS, 1, -MIB - 1, 0, SIZE),
    SUM: apart(SUM, 3, -3 * MIB - 1, 0, SIZE),
    SHMEM: together(file(f"{SHMEM}.shared", 0), file(f"{SHMEM}.tmpfs", 1)),
    "memcg-counts-kernel-memory": kernel(1023),
    "memcg-pipe-counted": current("memcg-pipe-counted", MIB - AHEAD - 1, MIB),
    "memcg-rmdir-forgets-cache": cached(1),
}
