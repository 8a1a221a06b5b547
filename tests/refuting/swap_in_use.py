"""Swap in use: a page that is scanned, or none; a page that came back, or none."""

from harness.false_evidence.made import Made

SIZE, OUT, FREE = 24_576, 20_000, 131_000
READ = {"squeezed": OUT, "while it lasts": OUT, "at its end": OUT, "10 s later": OUT, "once it has read all": 0}


def scans(name: str, since: int, more: int) -> dict[str, dict[str, int]]:
    return {f"{name}: {when}": {"vmstat:pgscan_kswapd": since, "vmstat:pgscan_direct": count}
            for when, count in (("not taken", 0), ("taken", more))}


def made(scanned: int, later: int) -> Made:
    swap = {"10 s later": {"meminfo:SwapTotal": 4 * FREE, "meminfo:SwapFree": 4 * (FREE - OUT)}}
    return Made(counters={**scans("before", 0, 0), **scans("short", 500, 900), **scans("over", 900, scanned), **swap},
                pages={at: {"idle": {"swapped": count, "anonymous": SIZE - count}}
                       for at, count in {**READ, "10 s later": later}.items()})


CONFIRMS = {"swap-used-means-short-now": made(1, OUT), "swap-comes-back-by-itself": made(0, OUT - 1)}
REFUTES = dict.fromkeys(CONFIRMS, made(0, OUT))
