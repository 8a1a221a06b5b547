"""Buffers one page short of what was read; one page of a device that is not on the file LRU lists."""

from harness.false_evidence.made import Made

N = 8192


def meminfo(buffers: int, cached: int) -> dict[str, int]:
    return {"meminfo:Buffers": 4 * buffers, "meminfo:Cached": 4 * cached}


GOOD = Made(
    counters={"start": meminfo(10, 200), "device": meminfo(10 + N, 200), "file": meminfo(11 + N, 200 + N),
              "tmpfs": meminfo(11 + N, 200 + 2 * N), "anonymous": meminfo(11 + N, 200 + 2 * N)},
    pages={"mapped": {"device": {"file LRU": N, "shmem": 0}, "file": {"file LRU": N}, "tmpfs": {"anonymous LRU": N}}})

CONFIRMS = {"buffers-are-block-devices": GOOD, "block-device-cache-is-page-cache": GOOD}
REFUTES = {"buffers-are-block-devices": GOOD.but(counters={"start": meminfo(11, 200)}),
           "block-device-cache-is-page-cache": GOOD.but(pages={"mapped": {"device": {"file LRU": N - 1, "shmem": 1}}})}
