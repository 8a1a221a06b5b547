"""OOM reports for tests: recorded ones, and the forms in which logs come."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import zstandard

from harness.linux import kernel_log
from harness.linux.oom import Report

INPUTS = Path(__file__).parent / "oom_inputs"
BOOTED = datetime(2025, 8, 12, 3, 54, 3, tzinfo=timezone.utc)
GERMAN = ("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So")
OTHER = "systemd[1]: web.service: A process of this unit has been killed by the OOM killer."


def read(name: str) -> str:
    """Reads an input of oom_inputs, unpacked."""
    raw = (INPUTS / name).read_bytes()
    if name.endswith(".zst"):
        raw = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(raw)).read()
    return raw.decode("utf-8", "surrogateescape")


@dataclass(frozen=True)
class Guest:
    """An OOM in a guest of the lab. killed: the pids whose wait status was SIGKILL; for oom.group those of the group."""

    cell: str
    record: str
    log: str
    killed: frozenset[int]

    @property
    def name(self) -> str:
        return f"{self.cell} {self.record}".replace(" ", "-")


def guests() -> list[Guest]:
    """Lists recorded OOMs: group, system-wide, cpuset, memory policy, oom.group; on 5.10, 6.1, 6.12 and 7.2."""
    found = [json.loads(line) for line in read("guests.jsonl.zst").splitlines()]
    return [Guest(one["cell"], one["record"], one["log"] + "\n", frozenset(one["killed"])) for one in found]


@dataclass(frozen=True)
class Message:
    """A record of the kernel: level, microseconds since boot, text (lines with newlines between)."""

    level: int
    us: int
    text: str

    @property
    def at(self) -> datetime:
        return BOOTED + timedelta(microseconds=self.us)


def parsed(log: str) -> list[Message]:
    """Splits a text of /dev/kmsg, by itself, into its records."""
    found = []
    for line in log.splitlines():
        if line[:1].isdigit():
            head, _, text = line.partition(";")
            level, _, us, *_ = head.split(",")
            found.append(Message(int(level), int(us), kernel_log.unescape(text)))
    return found


def indented(prefix: str, text: str) -> str:
    """Writes a message of several lines as dmesg and journalctl do."""
    return prefix + text.replace("\n", "\n" + " " * len(prefix)) + "\n"


def kmsg(found: list[Message]) -> str:
    def escaped(text: str) -> str:
        return "".join(chr(one) if 32 <= one < 127 and one != 92 else f"\\x{one:02x}" for one in text.encode())

    return "".join(f"{one.level},{place},{one.us},-;{escaped(one.text)}\n" for place, one in enumerate(found))


def dmesg(found: list[Message]) -> str:
    return "".join(indented(f"[{one.us / 1e6:12.6f}] ", one.text) for one in found)


def german(found: list[Message]) -> str:
    return "".join(indented(f"[{GERMAN[one.at.weekday()]} {one.at:%b %d %H:%M:%S %Y}] ", one.text) for one in found)


def chinese(found: list[Message]) -> str:
    return "".join(indented(f"[二  {one.at.month}月 {one.at:%d %H:%M:%S %Y}] ", one.text) for one in found)


def levels_iso(found: list[Message]) -> str:
    return "".join(
        indented(f"kern  :{'info' if one.level > 4 else 'warn':<6}: {one.at:%Y-%m-%dT%H:%M:%S,%f}+00:00 ", one.text)
        for one in found
    )


def human(found: list[Message]) -> str:
    lines, last = [], found[0].us
    for place, one in enumerate(found):
        prefix = f"[{one.at:%b%d %H:%M}] " if place == 0 else f"[{(one.us - last) / 1e6:+11.6f}] "
        lines.append(indented(prefix, one.text))
        last = one.us
    return "".join(lines)


def console(found: list[Message]) -> str:
    return "".join(f"<{one.level}>[{one.us / 1e6:12.6f}][  T131] {line}\r\n" for one in found for line in one.text.split("\n"))


def syslog(found: list[Message]) -> str:
    lines = []
    for one in found:
        escaped = one.text.replace("\n", "#012").replace("\t", "#011")
        lines.append(f"{one.at:%b %d %H:%M:%S} host kernel: [{one.us / 1e6:12.6f}] {escaped}\n")
        lines.append(f"{one.at:%b %d %H:%M:%S} host {OTHER}\n")
    return "".join(lines)


def short(found: list[Message]) -> str:
    lines = [indented(f"{one.at:%b %d %H:%M:%S} host kernel: ", one.text) for one in found]
    lines.insert(len(lines) // 2, f"{found[0].at:%b %d %H:%M:%S} host earlyoom[412]: low memory! at or below SIGTERM limits\n")
    return "-- Journal begins at Tue 2025-08-12 03:54:03 UTC. --\n" + "".join(lines)


def short_iso(found: list[Message]) -> str:
    return "".join(indented(f"{one.at:%Y-%m-%dT%H:%M:%S}+0000 host kernel: ", one.text) for one in found)


def entry(one: Message) -> dict[str, Any]:
    return {
        "__REALTIME_TIMESTAMP": str(int(one.at.timestamp() * 1e6)),
        "_SOURCE_MONOTONIC_TIMESTAMP": str(one.us),
        "_TRANSPORT": "kernel",
        "PRIORITY": str(one.level),
        "SYSLOG_IDENTIFIER": "kernel",
    }


def journal_json(found: list[Message]) -> str:
    lines = []
    for place, one in enumerate(found):
        lines.append(json.dumps(entry(one) | {"MESSAGE": list(one.text.encode()) if place % 5 == 0 else one.text}))
        lines.append(json.dumps({"_TRANSPORT": "syslog", "MESSAGE": "Out of memory: Killed process 1 (x) total-vm:4kB"}))
    return "\n".join(lines) + "\n"


def export(found: list[Message]) -> str:
    blocks = []
    for one in found:
        raw = one.text.encode()
        lines = "".join(f"{name}={value}\n" for name, value in entry(one).items()).encode()
        said = b"MESSAGE\n" + len(raw).to_bytes(8, "little") + raw if "\n" in one.text else b"MESSAGE=" + raw
        blocks.append(lines + said + b"\n")
    return b"\n".join(blocks).decode("utf-8", "surrogateescape")


def mailed(found: list[Message]) -> str:
    return "".join(f"> > {line}\n" for line in dmesg(found).splitlines())


def collected(found: list[Message]) -> str:
    """Writes behind a prefix that is none of the known ones, without a time of the kernel."""
    return "".join(f"web-{one.us % 7} | pod/kern {line}\n" for one in found for line in one.text.split("\n"))


FORMS: dict[str, Callable[[list[Message]], str]] = {
    one.__name__: one
    for one in (
        *(
            kmsg,
            dmesg,
            german,
            chinese,
            levels_iso,
            human,
            console,
            syslog,
            short,
            short_iso,
            journal_json,
            export,
            mailed,
            collected,
        ),
    )
}


def timeless(reports: list[Report]) -> list[Report]:
    """Takes off what differs from form to form: the times, and whether the last line has an end."""

    def bare(one: Report) -> Report:
        victims = [replace(victim, seconds=None, stamp="") for victim in one.victims]
        return replace(one, at=None, stamp="", seconds=None, cut=False, victims=victims)

    return [bare(one) for one in reports]


def cuts(text: str, step: int = 3) -> Iterator[tuple[str, str]]:
    """Cuts a text at every third place: the head and the tail."""
    return ((text[:place], text[place:]) for place in range(1, len(text), step))
