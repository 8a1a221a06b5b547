"""Past memory.high: a kill, a page too many, a page of progress, a little less than ten times as long."""

from harness.false_evidence.made import Made

PAGE, HIGH, FREE = 4096, 1024, 4096
GOOD = Made(
    counters={"over": {"over/memory.current": (HIGH + 1) * PAGE, "frozen/memory.current": 0, "beside/memory.current": 0},
              "later": {"over/memory.current": (HIGH + 700) * PAGE, "frozen/memory.current": 0,
                        "beside/memory.current": FREE * PAGE, "free/memory.current": FREE * PAGE,
                        "limit/memory.current": HIGH * PAGE, "over/memory.events:oom_kill": 0, "over/memory.events:high": 12,
                        "victim-box/memory.events:oom_kill": 1, "free/memory.events:oom_kill": 0}},
    records={"over: ns a page": 30_000_000, "free: ns a page": 50_000, "beside: ns a page": 49_000, "slow: ns a page": 5_000_000})

CONFIRMS = {
    "memcg-high-kills": GOOD.but(counters={"later": {"over/memory.events:oom_kill": 1}}),
    "memcg-high-is-hard": GOOD.but(counters={"later": {"over/memory.current": HIGH * PAGE}}),
    "memcg-high-stops-forever": GOOD.but(counters={"later": {"over/memory.current": (HIGH + 1) * PAGE}}),
    "memcg-high-throttles": GOOD.but(records={"over: ns a page": 500_000}),
}
REFUTES = {
    "memcg-high-kills": GOOD,
    "memcg-high-is-hard": GOOD.but(counters={"later": {"over/memory.current": (HIGH + 1) * PAGE}}),
    "memcg-high-stops-forever": GOOD.but(counters={"later": {"over/memory.current": (HIGH + 2) * PAGE}}),
    "memcg-high-throttles": GOOD.but(records={"over: ns a page": 499_000}),
}
