"""Counters: from the kernel's text to numbers with units."""

from __future__ import annotations

from harness.linux import counters

ZONEINFO = b"""Node 0, zone      DMA
  per-node stats
      nr_inactive_anon 7
  pages free     3840
        boost    0
        min      60
        low      75
        high     90
        protection: (0, 1930, 1930)
      nr_free_pages 3840
  pagesets
    cpu: 0
              count: 5
              high:  14
Node 0, zone    DMA32
  pages free     200
        min      8
"""


def test_names_and_numbers() -> None:
    assert counters.keyed(b"MemTotal:      990308 kB\nHugePages_Total:    3\nempty\nodd -5\nx 18446744073709551615\n") == {
        "MemTotal": 990308,
        "HugePages_Total": 3,
        "odd": -5,
        "x": -1,
    }
    assert counters.keyed(b"") == {}


def test_zoneinfo() -> None:
    found = counters.zoneinfo(ZONEINFO)
    assert found["0.nr_inactive_anon"] == 7
    assert (found["0.DMA.free"], found["0.DMA.high"], found["0.DMA32.free"]) == (3840, 90, 200)
    assert found["0.DMA.protection.1"] == 1930


def test_pressure_and_swaps() -> None:
    text = b"some avg10=1.25 avg60=0.00 avg300=0.00 total=17\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=9\n"
    found = counters.pressure(text)
    assert (found["some.avg10"], found["full.avg10"], found["full.total"]) == (125, 50, 9)
    assert counters.swaps(b"Filename Type Size Used Priority\n/dev/vdb partition 1048572 12 -2\n") == {
        "areas": 1,
        "size": 1048572,
        "used": 12,
    }


def test_units() -> None:
    for counter, unit in (
        ("meminfo:Cached", "KiB"),
        ("meminfo:HugePages_Free", ""),
        ("vmstat:nr_file_pages", "pages"),
        ("vmstat:nr_kernel_stack", "KiB"),
        ("vmstat:oom_kill", ""),
        ("vmstat:pswpout", "pages"),
        ("box/memory.stat:anon", "bytes"),
        ("box/memory.stat:pgfault", ""),
        ("box/memory.current", "bytes"),
        ("worker/status:VmRSS", "KiB"),
        ("file: odd/status:Threads", ""),
        ("worker/statm:resident", "pages"),
    ):
        assert counters.unit_of(counter) == unit, counter


def test_one_number_or_none() -> None:
    assert counters.single(b"4096\n") == {"": 4096}
    assert counters.single(b"max\n") == {}
