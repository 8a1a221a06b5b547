"""What fuzz targets begin with: inputs that are nearly right, and those that random changes don't come upon."""

from __future__ import annotations

from harness.agent import wire

NUMBERS = {
    "most": b"a 9223372036854775807\n",
    "2-to-63": b"a 9223372036854775808\n",
    "2-to-64": b"a 18446744073709551616\n",
    "beyond": b"a 99999999999999999999 kB\n",
    "least": b"a -9223372036854775808\n",  # in two's complement its negation is no number
    "below-least": b"a -9223372036854775809\n",
    "twice": b"Cached: 1 kB\nCached: 2 kB\n",
    "with-letters": b"a 12x\n",
    "fraction": b"a 1.5\n",
    "minus": b"a -\nb --1\nc - 1\n",
    "no-name": b" 1\n:2\n\t3\n",
    "no-end": b"MemFree: 12",
    "zeros": b"a 000000000000000000000000000000001\n",
    "zero-byte": b"a\x00b 1\n",
}
MEMINFO = b"MemTotal:        1009348 kB\nMemFree:          912340 kB\nHugePages_Total:       0\n"
VMSTAT = b"nr_free_pages 228085\nnr_zone_inactive_anon 12\npgpgin 0\n"


def decoder() -> dict[str, bytes]:
    """Gives the texts, by name."""
    return {**NUMBERS, "meminfo": MEMINFO, "vmstat": VMSTAT, "empty": b"", "page": bytes(range(24)) * 3}


def frame(operation: str, target: int, text: bytes = b"", *arguments: int) -> bytes:
    """Makes a request as Python sends it."""
    return wire.request(operation, target, 7, arguments, text)


def longer(data: bytes, by: int) -> bytes:
    """Makes a frame that says of its text that it has so many more bytes than come."""
    size = int.from_bytes(data[:4], "little") + by
    return (size % (1 << 32)).to_bytes(4, "little") + data[4:]


def requests(operations: list[str], target: int) -> dict[str, bytes]:
    """Makes a whole request for each operation, several in a row, and frames whose length is a lie."""
    each = {name: frame(name, target, b"/proc/meminfo\0--all\0", 64, 1, 2) for name in operations}
    one = next(iter(each.values()))
    lies = {"one-more": longer(one, 1), "limit": longer(one, wire.TEXT_LIMIT - 20), "beyond": longer(one, wire.TEXT_LIMIT)}
    ends = {"four-gib": longer(frame(operations[0], target), -1), "half-a-head": one[: wire.REQUEST_SIZE // 2]}
    return {**each, "several": b"".join(each.values()), **lies, **ends}


def agent() -> dict[str, bytes]:
    """Gives requests for the agent, its hand, a probe, and none; then replies of a probe. The first byte says which way."""
    own = ["hello", "spawn", "watch", "sample", "pages", "power_off"]
    asked = {f"agent-{name}": data for name, data in requests(own, wire.AGENT).items()}
    asked |= {f"probe-{name}": data for name, data in requests(["malloc", "write"], wire.FIRST_PROBE).items()}
    asked |= {f"nobody-{target}": frame("malloc", target) for target in (wire.HAND, wire.TARGET_LIMIT - 1, 65535)}
    reply = bytes(wire.REPLY_SIZE - 8) + b"12345678"
    answers = {"reply": longer(reply, 4) + b"text", "reply-short": longer(reply, 5) + b"text", "reply-big": longer(reply, -1)}
    return {**{name: b"\0" + data for name, data in asked.items()}, **{name: b"\1" + data for name, data in answers.items()}}


def probe() -> dict[str, bytes]:
    """Gives requests for a probe: some operations of its own, and one that is the agent's."""
    return requests(["malloc", "mmap", "open", "write", "spawn"], wire.FIRST_PROBE)
