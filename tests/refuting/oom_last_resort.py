"""oom-only-when-reclaim-failed: a page less than 1 % of RAM and of swap, and 1 % of swap."""

from harness.false_evidence.made import Made

MEMINFO = ("6,1,1,-;Mem-Info:\n6,2,2,-;active_anon:9 inactive_anon:9 isolated_anon:0\\x0a active_file:{} inactive_file:0 "
           "isolated_file:0\\x0a unevictable:0 dirty:0 writeback:0\n6,3,3,-;Free swap  = {}kB\n6,4,4,-;Total swap = 65532kB\n")


def account(file: int, swap: int) -> dict[str, object]:
    return {"log": MEMINFO.format(file, 4 * swap), "pids": {}, "ended": {}, "events": {}}


GOOD = Made(counters={"before": {"meminfo:MemTotal": 4 * 60_000}},
            records={"before": account(32_768, 16_383), "kill": account(599, 162), "after": account(20, 0)})

CONFIRMS = {"oom-only-when-reclaim-failed": GOOD}
REFUTES = {"oom-only-when-reclaim-failed": GOOD.but(records={"kill": account(599, 163)})}
