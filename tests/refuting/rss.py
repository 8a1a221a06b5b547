"""RSS and smaps: a page that VmRSS is off, a page in the other number, a table too few, a KiB too much."""

from harness.false_evidence.made import Made, cases

ALL, LARGE, KIB_A_PAGE, BEFORE, OFF = 1024, 65_536, 4, 2_000_000, 66


def grown(claim: str, counter: str, asked: int, true: int, false: int) -> Made:
    """Evidence of growths in pages."""
    found: dict[str, dict[str, int]] = {}
    for case, pages in cases(claim, asked, true, false).items():
        name = f"{case}{counter}" if counter.startswith("/") else counter
        found[f"{case} before"], found[f"{case} after"] = {name: BEFORE}, {name: BEFORE + KIB_A_PAGE * pages}
    return Made(counters=found)


def parts(total: int) -> Made:
    found = {}
    for case, shmem in cases("rss-parts-sum", 1000, 1000, 1000).items():
        status = f"{case}/status"
        found[f"{case} after"] = {f"{status}:VmRSS": KIB_A_PAGE * total, f"{status}:VmSize": KIB_A_PAGE * 9000,
                                  f"{case}/statm:resident": 1300, f"{status}:RssAnon": KIB_A_PAGE * 100,
                                  f"{status}:RssFile": KIB_A_PAGE * 200, f"{status}:RssShmem": KIB_A_PAGE * shmem}
    return Made(counters=found)


def tables(number: int, rss: int) -> Made:
    one = grown("pagetables-outside-rss.tables", "/status:VmPTE", number, 1000, 3)
    return one.but(counters=grown("pagetables-outside-rss.rss", "/status:VmRSS", rss, 1000, 2000).counters)


def by_flag(shared: int, private: int) -> Made:
    found = {}
    for key, asked in (("shared", shared), ("private", private)):
        for case, pages in cases(f"smaps-shared-means-map-shared.{key}", asked, ALL, 0).items():
            other = "Private" if key == "shared" else "Shared"
            found[case] = {"memory": {f"{key.capitalize()}_Clean": 0, f"{key.capitalize()}_Dirty": KIB_A_PAGE * pages,
                                      f"{other}_Clean": 0, f"{other}_Dirty": KIB_A_PAGE * (ALL - pages)}}
    return Made(smaps=found)


def records(claim: str, asked: int, true: int, false: int) -> Made:
    return Made(records=cases(claim, asked, true, false))


RSS, MAPPED = "/smaps_rollup:Rss", "meminfo:Mapped"
CONFIRMS = {
    "rss-exact": records("rss-exact", 0, 0, 112), "rss-includes-cache-read": grown("rss-includes-cache-read", RSS, ALL, ALL, 0),
    "rss-includes-shared": grown("rss-includes-shared", "/status:VmRSS", OFF, 0, ALL), "rss-parts-sum": parts(1300),
    "vmsize-means-memory": grown("vmsize-means-memory", "meminfo:MemFree", -LARGE, -LARGE, 0),
    "vmdata-is-data-segment": grown("vmdata-is-data-segment", "/status:VmData", 0, 0, ALL),
    "mapped-counts-anon": grown("mapped-counts-anon", MAPPED, ALL, ALL, 0), "pagetables-outside-rss": tables(1002, 1000 + OFF),
    "pss-sums-up": records("pss-sums-up", 3, 0, 8192), "pss-example-1500": records("pss-example-1500", 1500, 1500, 2000),
    "smaps-shared-means-map-shared": by_flag(ALL, ALL)}
REFUTES = {
    "rss-exact": records("rss-exact", 1, 0, 112), "rss-includes-cache-read": grown("rss-includes-cache-read", RSS, 102, ALL, 0),
    "rss-includes-shared": grown("rss-includes-shared", "/status:VmRSS", OFF + 1, 0, ALL), "rss-parts-sum": parts(1301),
    "vmsize-means-memory": grown("vmsize-means-memory", "meminfo:MemFree", -6553, -LARGE, 0),
    "vmdata-is-data-segment": grown("vmdata-is-data-segment", "/status:VmData", 1, 0, ALL),
    "mapped-counts-anon": grown("mapped-counts-anon", MAPPED, 102, ALL, 0), "pagetables-outside-rss": tables(1002, 2000 - OFF),
    "pss-sums-up": records("pss-sums-up", 4, 0, 8192), "pss-example-1500": records("pss-example-1500", 1499, 1500, 2000),
    "smaps-shared-means-map-shared": by_flag(ALL, ALL - 1)}
