"""The program's own segments."""

from __future__ import annotations

from pathlib import Path

from harness.agent.operations import numbers
from harness.lab.probe import Probe
from harness.linux import maps
from tests.probes.on_host import SIZE


def test_segments(probe: Probe) -> None:
    data, length, bss, as_long, stack = numbers(probe.segments().text)
    assert length == as_long == SIZE
    found = maps.parse(Path(f"/proc/{probe.pid}/maps").read_text())
    inside = {at: next(mapping for mapping in found if mapping.covers(at)) for at in (data, bss, stack)}
    assert inside[data].inode
    assert not inside[bss].inode
    assert inside[stack].path == "[stack]"
    assert probe.peek(data, 2).text == b"\1\0"
    assert probe.peek(bss, 2).text == b"\0\0"


def test_a_deep_call_takes_as_much_of_the_stack_and_returns(probe: Probe) -> None:
    stack = numbers(probe.segments().text)[4]
    lowest = probe.deep_call(SIZE).value
    assert SIZE <= stack - lowest < SIZE + 8192
    (mapping,) = [one for one in maps.parse(Path(f"/proc/{probe.pid}/maps").read_text()) if one.path == "[stack]"]
    assert mapping.start <= lowest < mapping.end
