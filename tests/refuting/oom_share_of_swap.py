"""A share of memory alone: the adjusted process is spared although it is 2 % above the balance of memory and swap."""

from experiments.out_of_memory.oom_share_of_swap import CASES
from harness.false_evidence.made import Made, oom


def contest(name: str, adjusted: bool) -> dict[str, object]:
    pair = (f"{name}: adjusted", f"{name}: other")
    return oom(pair[not adjusted], alive=(pair[adjusted],))


GOOD = Made(records={f"{name}: kill": contest(name, name.endswith("less")) for name in CASES},
            counters={name: {f"{name.replace(', ', '-')}/memory.swap.current": 40 << 20} for name in CASES})

CONFIRMS = {"oom-allowed-memcg-swap": GOOD}
REFUTES = {"oom-allowed-memcg-swap": GOOD.but(records={"+200, less: kill": contest("+200, less", False)})}
