"""Each way of breaking a decoder breaks it, and leaves it whole."""

from __future__ import annotations

import pytest

from harness.bench.mutants import decoders
from harness.bench.mutants.decoders import Broken
from harness.false_evidence.made import page_entries
from harness.lab.helpers import oom
from harness.linux import counters, maps, pages

WAYS = {(one.decoder, one.how): one for one in decoders.broken()}
MAPS = "".join(f"{at:x}000-{at + 1:x}000 rw-p 00000000 00:00 0 \n" for at in range(1, 4))


def test_every_way_has_a_name_of_its_own() -> None:
    assert len(WAYS) == len(list(decoders.broken()))


def test_a_file_of_counters() -> None:
    text = b"MemTotal: 10 kB\nMemFree: 4 kB\n"
    with WAYS["meminfo", "each key has its neighbour's value"].break_it():
        assert counters.file_of("meminfo").parse(text) == {"MemTotal": 4, "MemFree": 10}
        assert counters.file_of("vmstat").parse(text)["MemTotal"] == 10
    with WAYS["meminfo", "halves"].break_it():
        assert counters.file_of("meminfo").parse(text) == {"MemTotal": 5, "MemFree": 2}
    assert counters.file_of("meminfo").parse(text) == {"MemTotal": 10, "MemFree": 4}


def test_a_state_of_pages() -> None:
    data = page_entries({"anonymous": 3, "absent": 2})
    with WAYS["pages: absent", "tells “swapped”"].break_it():
        assert (pages.count(data, "absent"), pages.count(data, "anonymous")) == (0, 3)
    assert pages.count(data, "absent") == 2


def test_a_function_by_whatever_name_it_is_known() -> None:
    assert len(maps.parse(MAPS)) == 3
    with WAYS["maps.parse", "without the first"].break_it():
        assert [one.start for one in maps.parse(MAPS)] == [0x2000, 0x3000]
    with WAYS["oom.killed", "without the first"].break_it():
        assert oom.killed({"log": "", "pids": {}, "ended": {}}) == []
    assert len(maps.parse(MAPS)) == 3


def test_which_decoders_are_used() -> None:
    data = page_entries({"anonymous": 1})
    with decoders.watched() as used:
        maps.parse(MAPS)
        counters.file_of("box/memory.stat").parse(b"anon 4096\n")
        pages.count(data, "swapped")
    assert used == {"maps.parse", "memory.stat", "pages: swapped"}
    maps.parse("")
    assert len(used) == 3
    assert type(pages.STATES) is dict


@pytest.mark.parametrize("broken", WAYS.values(), ids=lambda one: f"{one.decoder}, {one.how}")
def test_it_is_whole_afterwards(broken: Broken) -> None:
    before = dict(counters.FILES), dict(pages.STATES), [getattr(holder, name) for holder, name, _ in decoders.FUNCTIONS]
    with broken.break_it():
        pass
    now = dict(counters.FILES), dict(pages.STATES), [getattr(holder, name) for holder, name, _ in decoders.FUNCTIONS]
    assert now == before
