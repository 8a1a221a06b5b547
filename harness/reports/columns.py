"""Columns of samples.parquet: which counters are measurements, and the unit of each (docs/pandas.md has the same table)."""

from __future__ import annotations

import re
from functools import cache

from harness.linux import counters

TEXTS = ("experiment", "setting", "kernel", "arm", "sample")
FIRST = ("experiment", "setting", "kernel", "trial", "arm", "sample", "t")
PAGE_SIZE = "page_size"  # of the machine, in bytes: what a page of the other columns is
COUNT = "count"
# Of /proc/PID/status, what is an amount or a count: the rest are identities, masks and switches (proc_pid_status(5)).
_STATUS = r"(Vm|Rss|Hugetlb)\w+|Threads|(non)?voluntary_ctxt_switches"
# Units that are finer than those of harness/linux/counters.py, whose numbers decide in pages or as counts: file, keys, unit.
UNITS = (
    (r"pressure\.\w+|memory\.pressure", r"\w+\.total", "us"),
    (r"pressure\.\w+|memory\.pressure", r"\w+\.avg\d+", "0.01 %"),  # hundredths of a percent
    ("cpu.stat", r"\w+_usec", "us"),
    ("stat", "[us]time", "ticks"),  # of 1/100 s (USER_HZ)
    ("slabinfo", r".*\.objsize", "bytes"),
    ("slabinfo", r".*\.pagesperslab", "pages"),
    ("vmstat", "pgpgin|pgpgout", "KiB"),  # mm/vmstat.c, vmstat_start (v6.12): sectors are made KiB
    ("vmstat", r"pgfree|pgalloc_\w+|pgskip_\w+", "pages"),  # mm/page_alloc.c (v6.12): 1 << order is counted
    ("oom_score|oom_score_adj", "", "points"),
    ("limits", r"Max (.* size|.* memory|address space)\.\w+", "bytes"),
    ("limits", r"Max cpu time\.\w+", "s"),
    ("limits", r"Max realtime timeout\.\w+", "us"),
)
_OWNER = re.compile(rf".*/(?=(?:{'|'.join(map(re.escape, counters.FILES))})(?::|$))", re.S)


@cache
def file_and_key(counter: str) -> tuple[str, str]:
    """Splits a counter: "worker/statm:size" → "statm", "size". The name of a probe or sandbox may have any character in it."""
    source, key = counters.source_and_key(counter)
    return (source, key) if source in counters.FILES else counters.source_and_key(_OWNER.sub("", counter, count=1))


def counter_unit(counter: str) -> str:
    """Gives the unit in which a counter decides: "KiB", "bytes", "pages", "" for a count."""
    file, key = file_and_key(counter)
    return counters.unit_of(f"{file}:{key}")


@cache
def unit(column: str) -> str:
    """Gives a column's unit: "KiB", "bytes", "pages", "s", "us", "0.01 %", "ticks", "points", "count"; "" for a text."""
    if column in TEXTS:
        return ""
    if column in {"trial", "t", PAGE_SIZE}:
        return {"trial": COUNT, "t": "s", PAGE_SIZE: "bytes"}[column]
    file, key = file_and_key(column)
    finer = (name for files, keys, name in UNITS if re.fullmatch(files, file) and re.fullmatch(keys, key))
    return next(finer, counters.unit_of(f"{file}:{key}")) or COUNT


@cache
def is_measurement(counter: str) -> bool:
    """Says whether a counter is an amount, a count or a limit: not a process's number, mask of signals or capability."""
    file, key = file_and_key(counter)
    return file != "status" or re.fullmatch(_STATUS, key) is not None
