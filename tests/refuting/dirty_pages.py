"""dirty-written-by-reclaim: half of the pages, not most; kswapd-may-write-dirty-pages: not a single one by kswapd."""

from harness.false_evidence.made import Made

DISK, SWAP, DIRTY, FIRST = "254,0", "254,16", 20480, 4096
BLOCKS = list(range(FIRST, FIRST + DIRTY))


def wrote(task: str, pages: int, device: str = DISK, block: int = FIRST) -> str:
    """So many pages from a block on, one by one."""
    return "".join(f"  {task}-45  [000] ...1.  16.000001: block_bio_queue: {device} W {(block + number) * 8} + 8 [{task}]\n"
                   for number in range(pages))


def arm(kswapd: int, probe: int, swapped: int, refused: int = 0, new: bool = False) -> Made:
    """kswapd and the process that is short wrote so many pages of the file, the flusher threads the others."""
    texts = (wrote("kswapd0", kswapd) + wrote("probe", probe, block=FIRST + kswapd)
             + f"  kworker/u2:1-7  [000] ...1.  16.000002: block_bio_queue: {DISK} W {FIRST * 8} + 2048 [kworker/u2:1]\n"
             + wrote("kswapd0", 0 if new else 3, block=1))      # of the file system's own
    begin = {"vmstat:nr_dirty": DIRTY, "vmstat:pageoutrun": 0, "vmstat:nr_vmscan_write": 0, "vmstat:pgscan_kswapd": 0,
             "vmstat:pgscan_direct": 0, "vmstat:pgrefill": 0}
    # New files' pages: reclaim looks at them, and who asks is killed before the disk has taken half.
    short = {"vmstat:nr_dirty": 18_432 if new else 0, "vmstat:pageoutrun": 20, "vmstat:nr_vmscan_write": refused,
             "vmstat:pgscan_kswapd": 25_000, "vmstat:pgscan_direct": 1_000_000, "vmstat:pgrefill": 500}
    return Made(counters={"dirty": begin, "short": short},
                records={"disk": DISK, "swap": SWAP, **({} if new else {"blocks": BLOCKS}), "short of memory": texts,
                         "short of memory, swap on": wrote("kswapd0", swapped, SWAP)})


def made(kswapd: int, probe: int = 0) -> Made:
    return Made(arms={"written over": arm(kswapd, probe, 12_000), "new": arm(0, 0, 12_000, refused=113_821, new=True)})


CONFIRMS = {"dirty-written-by-reclaim": made(1000, 9241), "kswapd-may-write-dirty-pages": made(1)}
REFUTES = {"dirty-written-by-reclaim": made(1000, 9240), "kswapd-may-write-dirty-pages": made(0, 100)}
