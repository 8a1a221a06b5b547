"""request-over-free-is-oom: refuted by one of two requests that nothing was killed for."""

from harness.false_evidence.made import Made


def made(of_filled: int, of_requested: int) -> Made:
    kills = {"before": 0, "after the reference's kill": 1, "modest filled": 1,
             "more than is left filled": 1 + of_filled, "before the request": 1 + of_filled,
             "requested": 1 + of_filled + of_requested}
    counters = {moment: {"vmstat:oom_kill": number, "meminfo:MemAvailable": 60 * 1024, "meminfo:SwapFree": 1000 * 1024,
                         "vmstat:pswpout": 1000 * at}
                for at, (moment, number) in enumerate(kills.items())}
    return Made(counters=counters, records={"filled": 76 * 256, "kept": 76 * 256, "requested": 1076 * 256})


CONFIRMS = {"request-over-free-is-oom": made(1, 1)}
REFUTES = {"request-over-free-is-oom": made(1, 0)}
