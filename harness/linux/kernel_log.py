"""A kernel's log in any of its usual forms → records: when, and the message as the kernel gave it. Pure.

The forms: /dev/kmsg ("6,123,456,-;text", Documentation/ABI/testing/dev-kmsg), dmesg (plain, -T in any language, -H, -x, -r,
-J, iso), syslog with a host, journalctl (short, iso, monotonic, json, export), with levels "<6>" and callers "[  T12]"
(CONFIG_PRINTK_CALLER), quoted by mail, and behind a prefix of a form of its own if one line in it is certain.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from harness.linux import log_dates


@dataclass(frozen=True)
class Record:
    """One message of the kernel, or one line of a message of several lines.

    seconds: since boot, or where `boot` is false since 1970 (log_dates); None where the log has no time that can be read.
    stamp: the time as it stands in the log. whole: false for a line that lacks the prefix that the others have: it goes on
    from the one before, or is the torn first line.
    """

    seconds: float | None
    message: str
    stamp: str = ""
    boot: bool = False
    whole: bool = True


LONGEST = 4000  # characters of a line: the kernel prints 1024 bytes at most (PRINTK_MESSAGE_MAX is 2048)
_KMSG = re.compile(r"^\d+,\d+,(?P<us>\d{1,18}),[^;]*;(?P<message>.*)$", re.DOTALL)
_QUOTED = re.compile(r"^(?:> ?)+")
_TERMINAL = re.compile(r"\x1b\[[0-9;]*[mK]|\r$|\0")
_LEVEL = re.compile(r"^<\d{1,3}>(?:1 (?=\d{4}-))?")
_FACILITY = re.compile(
    r"^(?P<facility>kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local\d|res\d) *:"
    r"(?:emerg|alert|crit|err|warn|notice|info|debug) *: ?"
)
_DATE = re.compile(
    r"^(?P<stamp>(?:[^\W\d]{2,5}\.?,? )?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?: ?(?:Z|[+-]\d\d:?\d\d)(?= ))?"
    r"(?: [A-Z]{3,5}(?= \S+ \S+: ))?"
    r"|(?:[^\W\d]{2,5}\.?,? )?[^\W\d]{3,5}\.? {1,2}\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)?(?: \d{4}(?= ))?"
    r"|\d{9,10}\.\d{3,9}(?= )) (?!\d{4}\] )"
)
_TAG = re.compile(r"^(?:\S+ )?(?:\w+\.\w+ )?kernel(?:\[\d*\])?(?:: ?| - - (?:-|\[[^\]]*\]) ?)")
_OTHERS = re.compile(r"^\S+ (?:\w+\.\w+ )?[^\s:\[\]]+(?:\[\d+\])?: ")
_SINCE_BOOT = re.compile(r"^\[ *(?P<stamp>\d{1,12}\.\d{1,9})(?:,\d+)?(?: *<[^>]*>)?\] ?")
_WALL = re.compile(r"^\[(?P<stamp>[^\[\]]{0,60}?\d\d:\d\d:\d\d[^\[\]]{0,20}?)(?: *<[^>]*>)?\] ?")
_MINUTE = re.compile(r"^\[(?P<stamp>[^\W\d][^\[\]]{0,12}? ?\d{1,2} \d\d:\d\d)\] ?")
_LATER = re.compile(r"^\[(?:<?) *\+?(?P<delta>\d{1,12}\.\d{1,9})>?\] ?")
_CALLER = re.compile(r"^ ?(?:\[ *[TC]\d+\]|\(\d+\)\[\d+:[^\]]*\]) ?")
_ANYWHERE = re.compile(r"(?:<\d{1,3}>)?\[ *\d+\.\d{6}\]")
# How lines of an OOM report begin that nothing else begins like.
_CERTAIN = re.compile(
    r"(?:Memory cgroup o|O)ut of memory(?:: [A-Z]| and no)|oom-kill:constraint=|Tasks state \(|\[ +pid +\] +uid|Mem-Info:"
    r"|memory: usage \d|oom_reaper: |Memory cgroup stats for /"
)
_ENTRIES = ("MESSAGE", "msg", "message", "log")  # of journalctl -o json, dmesg -J, collectors of logs


def records(text: str) -> list[Record]:
    """Lists every record of a log, in order. Lines of other programs are left out where the log tells who wrote them."""
    if re.search(r"^(?:__CURSOR|__REALTIME_TIMESTAMP)=", text, re.MULTILINE):
        return _lines(_exported(text))
    if text.lstrip("\ufeff\x1e \n").startswith(("{", "[{", "data: {")):
        return _lines(_json(text))
    lines = [_QUOTED.sub("", _TERMINAL.sub("", line)) for line in text.removeprefix("\ufeff").split("\n")]
    return _lines(_plain([line for line in lines if line.strip()]))


def _lines(found: Iterable[Record]) -> list[Record]:
    """Splits messages of several lines; rsyslog writes a newline as #012, a tab as #011."""
    made = []
    for one in found:
        parts = re.split(r"\n|#012", _text(one.message).replace("#011", "\t"))
        made += [replace(one, message=part[:LONGEST], stamp=_text(one.stamp)) for part in parts]
    return made


def _text(text: str) -> str:
    r"""Shows bytes that are no UTF-8, which a process may have in its name, as \xNN."""
    if text.isascii():
        return text
    return re.sub("[\ud800-\udfff]", lambda one: f"\\x{ord(one[0]) & 255:02x}", text)


def _plain(lines: list[str]) -> Iterator[Record]:
    """Reads a log of lines. A line without a prefix where others have one keeps the time of the one before."""
    syslog = any(_TAG.match(line[match.end() :]) for line in lines if (match := _DATE.match(line)))
    taken = [_strip(line, syslog) for line in lines]
    prefixed = [one is not None and bool(one.stamp) for one in taken]
    if not all(prefixed):
        shapes = _shapes(line for line, known in zip(lines, prefixed, strict=True) if not known)
        for place, line in enumerate(lines):
            if not prefixed[place] and taken[place] is not None:
                taken[place] = again = _behind(line, shapes, syslog) or taken[place]
                prefixed[place] = again is not None and again.message != line
    many = any(prefixed)
    last = Record(None, "")
    for line, one, known in zip(lines, taken, prefixed, strict=True):
        if one is None or (many and not known and line.startswith(" SUBSYSTEM=")) or re.match(r" DEVICE=[+bcn]", line):
            continue
        if one.seconds is not None and one.stamp.startswith("+"):  # dmesg -H: since the one before
            one = replace(one, seconds=None if last.seconds is None else last.seconds + one.seconds)
        if many and not known:
            one = Record(last.seconds, one.message.lstrip(), last.stamp, last.boot, whole=False)
        last = one
        yield one


def _strip(line: str, syslog: bool) -> Record | None:
    """Takes the prefixes off a line; None for a line of another program."""
    if match := _KMSG.match(line):
        return Record(int(match["us"]) / 1e6, unescape(match["message"]), match["us"], boot=True)
    found = Record(None, line)
    rest = _LEVEL.sub("", line)
    if match := _FACILITY.match(rest):
        if match["facility"] != "kern":
            return None
        rest, found = rest[match.end() :], replace(found, stamp=" ")
    if match := _DATE.match(rest):
        rest = rest[match.end() :]
        found = replace(found, stamp=match["stamp"], seconds=_seconds(match["stamp"]))
    rest, found = _bracketed(rest, found)
    if match := _TAG.match(rest):
        rest, found = rest[match.end() :], replace(found, stamp=found.stamp or " ")
        rest, found = _bracketed(rest, found)
    elif syslog and found.stamp and _OTHERS.match(rest):
        return None
    if not found.stamp and line[:1] in " \t" and line.strip():
        indented = _strip(line.lstrip(), syslog)  # pasted as a block of code
        if indented is None or indented.stamp:
            return indented
    return replace(found, message=_CALLER.sub("", rest), stamp=found.stamp)


def _bracketed(rest: str, found: Record) -> tuple[str, Record]:
    """Takes the time in brackets off; the clock since boot counts more than a date before it."""
    rest = _LEVEL.sub("", rest)
    if match := _SINCE_BOOT.match(rest):
        found = replace(found, seconds=float(match["stamp"]), boot=True, stamp=found.stamp.strip() or match["stamp"])
    elif match := _WALL.match(rest):
        found = replace(found, seconds=log_dates.seconds(match["stamp"]), stamp=match["stamp"].strip())
    elif match := _MINUTE.match(rest):
        found = replace(found, seconds=log_dates.seconds(match["stamp"]), stamp=match["stamp"])
    elif match := _LATER.match(rest):
        found = replace(found, seconds=float(match["delta"]), stamp=f"+{match['delta']}")
    if match:
        rest = _CALLER.sub("", rest[match.end() :])
    return rest, found


def _seconds(stamp: str) -> float | None:
    return float(stamp) if re.fullmatch(r"\d{9,10}\.\d+", stamp) else log_dates.seconds(stamp)


def _behind(line: str, shapes: list[re.Pattern[str]], syslog: bool) -> Record | None:
    """Looks for the message behind a prefix of an unknown form: by the kernel's own clock in it, or by its shape."""
    if (match := _ANYWHERE.search(line, 0, 200)) and not line[: match.start()].isspace():
        return _strip(line[match.start() :], syslog)
    for shape in shapes:
        if match := shape.match(line):
            return Record(None, line[match.end() :], match[0].strip())
    return None


def _shapes(lines: Iterable[str]) -> list[re.Pattern[str]]:
    """Finds what stands before messages that are certain, with any number and any word in the place of those there."""
    found: dict[str, None] = {}
    for line in lines:
        match = _CERTAIN.search(line)
        before = line[: match.start()] if match else ""
        if before.strip() and "panic" not in before and "Kill" not in before:
            parts = re.findall(r"\d+|[^\W\d]+|\s+|.", before)
            kinds = (
                r"\d+" if p[0].isdigit() else r"\s+" if p[0].isspace() else r"[^\W\d]+" if p[0].isalpha() else None for p in parts
            )
            found["^" + "".join(kind or re.escape(part) for part, kind in zip(parts, kinds, strict=True))] = None
    return [re.compile(shape) for shape in list(found)[:8]]


def _bytes(text: str) -> bytes:
    """Gives the bytes that a text was read from; half a pair, which JSON can name, is none of them."""
    return text.encode("utf-8", "surrogateescape" if not re.search("[\ud800-\udc7f\udd00-\udfff]", text) else "replace")


def unescape(text: str) -> str:
    r"""Undoes what /dev/kmsg writes as \xNN: control characters, the backslash, and the bytes of UTF-8."""
    if "\\x" not in text:
        return text
    raw = re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes([int(match[1], 16)]), _bytes(text))
    return raw.decode("utf-8", "replace")


def _json(text: str) -> Iterator[Record]:
    """Reads entries of journalctl -o json (also -pretty, -sse, -seq), and of dmesg -J; what is torn between them is left out."""
    decoder, place = json.JSONDecoder(), 0
    while (start := text.find("{", place)) >= 0:
        try:
            found, place = decoder.raw_decode(text, start)
        except ValueError:
            place = start + 1
            continue
        except RecursionError:  # no log nests so deep: the rest of the line would only be tried again and again
            place = (text.find("\n", start) + 1) or len(text)
            continue
        entries = found.get("dmesg") if isinstance(found, dict) else None
        for entry in entries if isinstance(entries, list) else [found]:
            if isinstance(entry, dict) and (one := _entry(entry)):
                yield one


def _entry(fields: dict[str, Any]) -> Record | None:
    """Reads one entry of the journal; None if it is not the kernel's."""
    if fields.get("_TRANSPORT", "kernel") != "kernel":
        return None
    message = next((fields[name] for name in _ENTRIES if name in fields), None)
    if isinstance(message, list):  # journalctl writes what is no UTF-8, or has control characters, as numbers
        message = bytes(one & 255 for one in message if isinstance(one, int)).decode("utf-8", "replace")
    if not isinstance(message, str):
        return None
    for name, unit, boot in (("_SOURCE_MONOTONIC_TIMESTAMP", 1e6, True), ("time", 1, True), ("__REALTIME_TIMESTAMP", 1e6, False)):
        try:
            at = float(fields[name])
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
        return Record(at / unit, message, str(fields[name]).strip(), boot)
    return _strip(message.rstrip("\n"), True) if "MESSAGE" not in fields else Record(None, message)


def _exported(text: str) -> Iterator[Record]:
    """Reads entries of journalctl -o export: NAME=value lines, or NAME, eight bytes of length, the value."""
    raw, place = _bytes(text), 0
    fields: dict[str, str] = {}
    while place < len(raw):
        end = raw.find(b"\n", place)
        end = len(raw) if end < 0 else end
        line, place = raw[place:end], end + 1
        name, equals, value = line.partition(b"=")
        if line and not equals:
            size = int.from_bytes(raw[place : place + 8], "little")
            value, place = raw[place + 8 : place + 8 + size], place + 8 + size + 1
        if line:
            fields[name.decode("ascii", "replace")] = value.decode("utf-8", "replace")
        if (not line or place >= len(raw)) and fields:
            if one := _entry(fields):
                yield one
            fields = {}
