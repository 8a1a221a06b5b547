"""Every counter that is read: its file, its unit, how its text becomes numbers.

A counter is named `source:key` ("meminfo:Cached", "box/memory.stat:anon", "worker/status:VmRSS"), or just `source`
where a file holds one number ("box/memory.current").
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from probes._native import ffi, lib

from harness.errors import LabError

# From 2^63 up no counter of the kernel is a number of anything: it is one that went below zero, or damage.
LIMIT = 1 << 63


def whole(word: str, signed: bool = False) -> int | None:
    """Reads a word that is a whole number below 2^63, and not below zero unless it is `signed`; None for any other."""
    if not re.fullmatch(r"-?[0-9]{1,19}" if signed else r"[0-9]{1,19}", word):
        return None
    value = int(word)
    return value if -LIMIT <= value < LIMIT else None


def once(pairs: Iterable[tuple[str, int | None]]) -> dict[str, int]:
    """Gives the numbers of names that stand in a file once. Of one that stands there twice nobody knows which is meant, and
    None is no number: neither is read."""
    found: dict[str, int | None] = {}
    for name, value in pairs:
        found[name] = None if name in found else value
    return {name: value for name, value in found.items() if value is not None}


def _text(raw: bytes) -> str:
    """Reads what may be no UTF-8."""
    return raw.decode(errors="backslashreplace")


def _lines(raw: bytes) -> list[str]:
    """Gives the lines that are whole: the kernel ends each, and what stands behind the last end is cut."""
    return _text(raw).split("\n")[:-1]


def keyed(text: bytes) -> dict[str, int]:
    """Reads lines of a name and a whole number, decoded in C."""
    limit = text.count(b"\n") + 1
    numbers, names, used = ffi.new("int64_t[]", limit), ffi.new("char[]", len(text) + 1), ffi.new("size_t *")
    count = lib.parse_counters(text, len(text), numbers, names, used, limit)
    names_read, values = _names(ffi.buffer(names, used[0])[:]), ffi.unpack(numbers, count) if count else []
    found = dict(zip(names_read, values, strict=True))
    return found if len(found) == count else once(zip(names_read, values, strict=True))


@lru_cache(maxsize=256)
def _names(raw: bytes) -> tuple[str, ...]:
    """Reads names that end in newlines, once for all samples of a file: its numbers change, its names hardly ever."""
    return tuple(_text(name) for name in raw.split(b"\n")[:-1])


def single(text: bytes) -> dict[str, int]:
    """Reads one number, or "max" (which is no number: left out)."""
    return once([("", whole(_text(text).strip()))])


def signed(text: bytes) -> dict[str, int]:
    """Reads one number that may be below zero."""
    return once([("", whole(_text(text).strip(), signed=True))])


def zoneinfo(text: bytes) -> dict[str, int]:
    """Reads "NODE.ZONE.KEY": free, min, low, high, managed, nr_…; of a node as a whole: "NODE.KEY"; pages."""
    found: dict[str, int | None] = {}
    zone = place = ""
    for line in _lines(text):
        words = line.replace(",", " ").replace(":", " ").split()
        if words[:1] == ["Node"] and len(words) == 4:
            zone = place = f"{words[1]}.{words[3]}"
        elif words == ["per-node", "stats"]:
            place = zone.split(".")[0]
        elif words[:2] == ["pages", "free"] and len(words) == 3:
            place = zone
            found[f"{zone}.free"] = whole(words[2])
        elif words[:1] == ["protection"]:
            for number, value in enumerate(re.findall(r"[0-9]+", line)):
                found[f"{zone}.protection.{number}"] = whole(value)
        elif len(words) == 2:
            found.setdefault(f"{place}.{words[0]}", whole(words[1]))
    return {name: value for name, value in found.items() if value is not None}


def buddyinfo(text: bytes) -> dict[str, int]:
    """Reads "NODE.ZONE.ORDER": free blocks of that order."""
    found: list[tuple[str, int | None]] = []
    for line in _lines(text):
        words = line.replace(",", "").split()
        if len(words) < 5 or words[0] != "Node":
            continue
        found += [(f"{words[1]}.{words[3]}.{order}", whole(value)) for order, value in enumerate(words[4:])]
    return once(found)


def slabinfo(text: bytes) -> dict[str, int]:
    """Reads "CACHE.active_objs" and the other columns of /proc/slabinfo (version 2.1)."""
    found: list[tuple[str, int | None]] = []
    for line in _lines(text)[2:]:
        words = line.split() or [""]
        columns = zip(("active_objs", "num_objs", "objsize", "objperslab", "pagesperslab"), words[1:6], strict=False)
        found += [(f"{words[0]}.{name}", whole(value)) for name, value in columns]
    return once(found)


def pressure(text: bytes) -> dict[str, int]:
    """Reads "some.total", "full.total": microseconds; "full.avg10": hundredths of a percent."""
    found: list[tuple[str, int | None]] = []
    for line in _lines(text):
        kind, *words = line.split() or [""]
        for name, _, value in (word.partition("=") for word in words if kind in {"some", "full"}):
            hundredths = re.fullmatch(r"([0-9]{1,4})\.([0-9]{2})", value)
            found.append((f"{kind}.{name}", whole("".join(hundredths.groups())) if hundredths else whole(value)))
    return once(found)


def swaps(text: bytes) -> dict[str, int]:
    """Reads, of all areas together, size and used in KiB, and how many there are."""
    rows = [line.split() for line in _lines(text)[1:]]
    if any(len(row) < 5 for row in rows):
        return {}
    sizes, used = ([whole(row[column]) for row in rows] for column in (-3, -2))  # a file's name may have spaces in it
    sums = [None if None in column else sum(filter(None, column)) for column in (sizes, used)]
    return once([("areas", len(rows)), ("size", sums[0]), ("used", sums[1])])


def statm(text: bytes) -> dict[str, int]:
    """Reads sizes in pages (Documentation/filesystems/proc.rst, table 1-3)."""
    names = ("size", "resident", "shared", "text", "lib", "data", "dt")
    return once(zip(names, map(whole, _text(text).split()), strict=False))


def stat(text: bytes) -> dict[str, int]:
    """Reads, of /proc/PID/stat, faults and ticks of the processor (proc(5))."""
    words = _text(text).rsplit(")", 1)[-1].split()
    places = {"minflt": 7, "majflt": 9, "utime": 11, "stime": 12, "threads": 17, "vsize": 20, "rss": 21}
    return once((name, whole(words[index])) for name, index in places.items() if index < len(words))


def maps(text: bytes) -> dict[str, int]:
    """Counts the mappings; the text itself is evidence for the rest."""
    return {"count": len(text.splitlines())}


def io_stat(text: bytes) -> dict[str, int]:
    """Reads io.stat: "rbytes", "wios" … of all devices together, "254:0.rbytes" of one ("MAJOR:MINOR rbytes=4096 …")."""
    of_devices: list[tuple[str, int | None]] = []
    sums: dict[str, list[int | None]] = {}
    for line in _lines(text):
        device, *words = line.split() or [""]
        for key, _, value in (word.partition("=") for word in words):
            of_devices.append((f"{device}.{key}", whole(value)))
            sums.setdefault(key, []).append(whole(value))
    together = [(key, None if None in column else sum(filter(None, column))) for key, column in sums.items()]
    return once([*of_devices, *together])


def numa_stat(text: bytes) -> dict[str, int]:
    """Reads memory.numa_stat: "anon.0" is what is on node 0 ("anon N0=4096 N1=0")."""
    return once(
        (f"{words[0]}.{node}", whole(value))
        for words in map(str.split, _lines(text))
        for node, value in re.findall(r"\bN([0-9]+)=(\S+)", " ".join(words[1:]))
    )


def limits(text: bytes) -> dict[str, int]:
    """Reads /proc/PID/limits: "Max locked memory.soft", "….hard", as setrlimit(2) has them; what is unlimited is no number."""
    return once(
        (f"{line[:26].strip()}.{kind}", whole(value))
        for line in _lines(text)[1:]
        for kind, value in zip(("soft", "hard"), line[26:].split()[:2], strict=False)
    )


def anything(text: bytes) -> dict[str, int]:
    """Reads a file that the lab does not know: one number, or lines of a name and a number."""
    return single(text) or keyed(text)


def text_only(_: bytes) -> dict[str, int]:
    return {}


@dataclass(frozen=True)
class File:
    """A watched file: unit of its numbers ("KiB", "bytes", "pages", "" for a count), units of keys that differ.

    series: read in time series too, not only at named moments.
    """

    parse: Callable[[bytes], dict[str, int]]
    unit: str = ""
    pages: str = ""  # keys that count pages, as a regular expression
    bytes: str = ""  # keys that count bytes
    series: bool = False

    def unit_of(self, key: str) -> str:
        if self.pages and re.fullmatch(self.pages, key):
            return "pages"
        if self.bytes and re.fullmatch(self.bytes, key):
            return "bytes"
        return self.unit


# Of the whole machine: name → path.
MACHINE = {
    "meminfo": "/proc/meminfo",
    "vmstat": "/proc/vmstat",
    "zoneinfo": "/proc/zoneinfo",
    "buddyinfo": "/proc/buddyinfo",
    "slabinfo": "/proc/slabinfo",
    "swaps": "/proc/swaps",
    "pressure.memory": "/proc/pressure/memory",
    "pressure.io": "/proc/pressure/io",
    "pressure.cpu": "/proc/pressure/cpu",
}
# Of a sandbox and of a probe: the files' own names. memory.stat lags by up to 64 pages a processor for up to 2 s
# (mm/memcontrol.c, since v5.14); reading cpu.stat before it brings it up to date (kernel/cgroup/rstat.c, until each
# controller got a tree of its own in v6.16: measured on 6.1 and 6.12, not so on 7.2).
SANDBOX = (
    "cpu.stat",
    "memory.current",
    "memory.peak",
    "memory.stat",
    "memory.events",
    "memory.pressure",
    "memory.swap.current",
    "memory.swap.peak",
    "memory.swap.events",
    "memory.max",
    "memory.high",
    "memory.swap.max",
    "cgroup.procs",
    "cgroup.stat",
    "memory.events.local",
    "memory.min",
    "memory.low",
    "memory.numa_stat",
    "memory.zswap.current",
    "memory.zswap.max",
    "pids.current",
    "pids.peak",
    "pids.events",
    # Of groups that have asked for these controllers (Lab.sandbox).
    "io.stat",
    "hugetlb.2MB.current",
    "hugetlb.2MB.rsvd.current",
    "hugetlb.2MB.events",
)
PROBE = ("status", "statm", "smaps_rollup", "maps", "stat", "oom_score", "oom_score_adj", "io", "limits")

_PAGES_OF_VMSTAT = (
    r"nr_(?!written$|dirtied$).*|pswp\w+|pgsteal\w*|pgscan(?!_direct_throttle)\w*|"
    r"pgpromote\w*|pgdemote\w*|workingset_(?!nodes).*|pg(in)?activate|pgdeactivate|pglazyfreed?|pgrefill|pgrotated|unevictable_\w+"
)
# memory.stat gives bytes for amounts and counts for events (Documentation/admin-guide/cgroup-v2.rst).
_BYTES_OF_MEMORY_STAT = (
    r"anon|file|kernel|kernel_stack|pagetables|sec_pagetables|percpu|sock|vmalloc|"
    r"shmem|zswap|zswapped|file_\w+|swapcached|anon_thp|shmem_thp|(in)?active_\w+|unevictable|slab\w*|hugetlb"
)

FILES = {
    "meminfo": File(keyed, "KiB", series=True),
    "vmstat": File(keyed, pages=_PAGES_OF_VMSTAT, series=True),
    "zoneinfo": File(zoneinfo, "pages"),
    "buddyinfo": File(buddyinfo),
    "slabinfo": File(slabinfo),
    "swaps": File(swaps, "KiB", series=True),
    "pressure.memory": File(pressure),
    "pressure.io": File(pressure),
    "pressure.cpu": File(pressure),
    "memory.current": File(single, "bytes", series=True),
    "memory.peak": File(single, "bytes"),
    "memory.stat": File(keyed, bytes=_BYTES_OF_MEMORY_STAT, series=True),
    "cpu.stat": File(keyed),
    "memory.events": File(keyed),
    "memory.pressure": File(pressure),
    "memory.swap.current": File(single, "bytes", series=True),
    "memory.swap.peak": File(single, "bytes"),
    "memory.swap.events": File(keyed),
    "memory.max": File(single, "bytes"),
    "memory.high": File(single, "bytes"),
    "memory.swap.max": File(single, "bytes"),
    "cgroup.procs": File(text_only),
    "cgroup.stat": File(keyed),
    "memory.events.local": File(keyed),
    "memory.min": File(single, "bytes"),
    "memory.low": File(single, "bytes"),
    "memory.numa_stat": File(numa_stat, bytes=rf"({_BYTES_OF_MEMORY_STAT})\.\d+"),
    "memory.zswap.current": File(single, "bytes"),
    "memory.zswap.max": File(single, "bytes"),
    "pids.current": File(single),
    "pids.peak": File(single),
    "pids.events": File(keyed),
    "io.stat": File(io_stat, bytes=r"(\d+:\d+\.)?\wbytes"),
    "hugetlb.2MB.current": File(single, "bytes"),
    "hugetlb.2MB.rsvd.current": File(single, "bytes"),
    "hugetlb.2MB.events": File(keyed),
    "status": File(keyed),
    "statm": File(statm, "pages", series=True),
    "smaps_rollup": File(keyed, "KiB"),
    "maps": File(maps),
    "stat": File(stat),
    "oom_score": File(single),
    "oom_score_adj": File(signed),
    "io": File(keyed, "bytes"),
    "limits": File(limits),
}


# What has another unit than the rest of its file: file, keys, unit ("" is a count).
EXCEPTIONS = (
    ("status", r"(Vm|Rss|Hugetlb)\w+", "KiB"),
    ("meminfo", r"HugePages_\w+", ""),
    ("vmstat", r"nr_kernel_stack|nr_shadow_call_stack", "KiB"),
    ("vmstat", r"nr_\w*(hugepages|pmdmapped)", ""),
    ("zoneinfo", r".*\.(count|batch|start_pfn|cpu|node_unreclaimable)", ""),
    ("stat", r"rss", "pages"),
    ("stat", r"vsize", "bytes"),
    ("io", r"sysc[rw]", ""),
)


def source_and_key(counter: str) -> tuple[str, str]:
    """Splits a counter: "box/memory.stat:anon" → ("box/memory.stat", "anon").

    The name of a sandbox or probe may have a colon in it.
    """
    owner, slash, rest = counter.rpartition("/")
    file, _, key = rest.partition(":")
    return f"{owner}{slash}{file}", key


def file_of(source: str) -> File:
    """Gives what a watched file is: "box/memory.stat" → the file memory.stat.

    Raises KeyError for a file that is not in the list.
    """
    return FILES[source.rsplit("/", 1)[-1]]


def check(counter: str) -> None:
    """Checks that a counter's file is one that is read. Raises LabError, with the nearest names, for one that is not."""
    source, _ = source_and_key(counter)
    owner, slash, file = source.rpartition("/")
    if file not in FILES:
        near = difflib.get_close_matches(file, FILES, n=3)
        raise LabError(
            f"counter {counter!r}",
            f"no file {file!r} is read",
            "did you mean " + " or ".join(f"{owner}{slash}{one}" for one in near) + "?"
            if near
            else f"there are {', '.join(FILES)}",
        )


def parse(source: str, text: str) -> dict[str, int]:
    """Reads the numbers of a watched file's text; of one that is mangled, none. Raises KeyError for a file that is not in the
    list."""
    file = file_of(source)
    try:
        return file.parse(text.encode())
    except (ValueError, IndexError, KeyError):
        return {}


def why_unread(key: str, text: str) -> str:
    """Says why a file's text has no number under a key, as far as its lines tell."""
    lines = [line.strip() for line in text.splitlines() if not key or re.split(r"[\s:]", line.strip(), maxsplit=1)[0] == key]
    if not lines:
        return "it is not there"
    return f"it is there {len(lines)} times" if len(lines) > 1 else f"it reads {ascii(lines[0])[:60]}"


def unit_of(counter: str) -> str:
    source, key = source_and_key(counter)
    file = source.rsplit("/", 1)[-1]
    for exception, keys, unit in EXCEPTIONS:
        if file == exception and re.fullmatch(keys, key):
            return unit
    return file_of(source).unit_of(key)


CONTROLLERS = ("memory", "pids", "cpuset", "cpu")
