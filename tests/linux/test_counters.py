"""Counters: from the kernel's text to numbers with units."""

from __future__ import annotations

import pytest

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
    assert counters.keyed(b"MemTotal:      990308 kB\nHugePages_Total:    3\nempty\nUid:\t1\t2\t3\n") == {
        "MemTotal": 990308,
        "HugePages_Total": 3,
        "Uid": 1,
    }
    assert counters.keyed(b"") == {}


NO_NUMBERS = [
    "-5",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551616",
    "18446744073709551617 kB",
    "99999999999999999999",
    "12x",
    "1.5",
    "0x10",
    "1e3",
    "+1",
    "١",
    "max",
    "-",
    "",
]


@pytest.mark.parametrize("word", NO_NUMBERS)
def test_what_is_no_number_is_not_read(word: str) -> None:
    """Nothing wraps, nothing is cut in its digits, and what stands beside it is read as ever."""
    assert counters.keyed(f"a 1\nx {word}\nb 2\n".encode()) == {"a": 1, "b": 2}
    assert counters.keyed(f"x {word}".encode()) == {}
    assert counters.single(f"{word}\n".encode()) == {}
    one = word.split()[0] if word.split() else "-"
    zones = f"Node 0, zone Normal\n  per-node stats\n nr_x {one}\n  pages free {one}\n min 3\n"
    assert counters.parse("zoneinfo", zones) == {"0.Normal.min": 3}
    assert counters.parse("buddyinfo", f"Node 0, zone Normal 1 {one} 3\n") == {"0.Normal.0": 1, "0.Normal.2": 3}
    assert counters.parse("slabinfo", f"slabinfo\n#\ndentry {one} 2 3 4 5\n").get("dentry.active_objs") is None
    assert counters.parse("statm", f"{one} 2") == {"resident": 2}
    assert "size" not in counters.parse("swaps", f"Filename\n/dev/vdb partition {one} 12 -2\n")
    if one != "1.5":
        assert counters.parse("pressure.memory", f"some avg10=0.00 total={one}\n") == {"some.avg10": 0}


def test_the_largest_number() -> None:
    assert counters.keyed(b"x 9223372036854775807 kB\n") == counters.keyed(b"x\t9223372036854775807") == {"x": 2**63 - 1}
    assert counters.single(b"9223372036854775807") == {"": 2**63 - 1}
    assert counters.signed(b"-1000\n") == {"": -1000}
    assert counters.signed(b"-9223372036854775809\n") == {}


def test_a_key_twice_is_not_read() -> None:
    assert counters.keyed(b"a 1\nb 2\na 1\na x\n") == {"b": 2}
    assert counters.slabinfo(b"slabinfo\n#\nx 1 2 3 4 5\nx 1 2 3 4 5\ny 1 2 3 4 5\n").keys() == {
        f"y.{name}" for name in ("active_objs", "num_objs", "objsize", "objperslab", "pagesperslab")
    }


def test_a_mangled_file_has_no_numbers() -> None:
    for source in counters.FILES:
        for text in ("", "x", "\x00\n\n", "Node\nNode 0\n", "1 (a) 2", "\ud800 1\n", "a\n" * 9):
            assert set(counters.parse(source, text).values()) <= {0, 1, 9, *range(10)}, source


def test_why_a_number_is_none() -> None:
    assert counters.why_unread("pswpout", "pswpin 1\n") == "it is not there"
    assert counters.why_unread("pswpout", "pswpout 1\npswpout 1\n") == "it is there 2 times"
    assert counters.why_unread("Cached", "Cached: 12x kB\n") == "it reads 'Cached: 12x kB'"


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
