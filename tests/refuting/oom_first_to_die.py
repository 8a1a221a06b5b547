"""Who is killed first: the small process everywhere, and the large one in one place."""

from typing import Any

from harness.false_evidence.made import Made, oom

ALWAYS, MACHINE = "oom-score-adj-max-first", "oom-score-adj-max-first-machine"


def killed(name: str, who: str) -> dict[str, Any]:
    pair = {"small": "large", "large": "small"}
    return oom(f"{name}: {who}", alive=(f"{name}: {pair[who]}",))


PLAIN = ("64 MiB, nothing written", "machine, nothing written")
GOOD = Made(records={**{name: killed(name, "small") for name in ("64 MiB", "1,999 pages", "machine")},
                     **{name: killed(name, "large") for name in PLAIN}})

CONFIRMS = {ALWAYS: GOOD, MACHINE: GOOD}
REFUTES = {ALWAYS: GOOD.but(records={"1,999 pages": killed("1,999 pages", "large")}),
           MACHINE: GOOD.but(records={"machine": killed("machine", "large")})}
