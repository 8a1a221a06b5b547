"""Does what mkfs.ext4 writes to a block device go through the buffers?

The real mke2fs makes an ext4 file system on a block device that is kept open, while its system calls are recorded.
From them it is known which pages of the device were written and which only read, and that number is compared with the
growth of Buffers. Direct I/O to the device and a tmpfs file show what grows nothing and what grows Cached instead.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from experiments.sections import ZONES_AND_CACHE
from experiments.zones_and_cache import TOOLS
from harness.claims import (
    CONFIRMED, GIB, KIB, MIB, AtLeast, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Not, Quantity,
    Recorded, pages,
)
from harness.lab import Lab, SystemCall

REFERENCE = 2 * MIB

USES = Claim(
    "mkfs-uses-buffers", "What mkfs.ext4 writes to a block device with write() goes through the buffers: Buffers grow "
    "by as much.", ZONES_AND_CACHE,
    known=(Known(CONFIRMED, "block/fops.c, blkdev_write_iter: a write() without IOCB_DIRECT goes through the device's "
                            "page cache, which Buffers counts (v6.1 to v7.2)"),))


def touched(calls: Iterable[SystemCall], number: int, page: int) -> set[int]:
    """The pages of the device that system calls of a kind moved: fd, buffer, bytes, offset."""
    return {index for call in calls if call.number == number and call.result > 0
            for index in range(call.arguments[3] // page, (call.arguments[3] + call.result - 1) // page + 1)}


def procedure(lab: Lab) -> None:
    """The device stays open, or its cache would go with mkfs's close; no readahead, so that what is read is known."""
    device, tmpfs, probe = lab.device("swap"), lab.mount_tmpfs(), lab.probe()
    lab.write(f"/sys/block/{device.rsplit('/', 1)[-1]}/queue/read_ahead_kb", "0")
    descriptor = probe.open(device, os.O_RDWR | lab.architecture.o_direct).value
    lab.sample("start")
    status, calls = lab.run_traced("/programs/mke2fs", "-q", "-F", "-t", "ext4", "-b", str(lab.page_size), device)
    lab.require(status == 0, "mkfs.ext4 made a file system")
    lab.sample("made")
    numbers = lab.architecture.calls
    written, read = (touched(calls, number, lab.page_size) for number in (numbers.pwrite, numbers.pread))
    lab.record("calls", [[call.number, *call.arguments, call.result] for call in calls])
    lab.record("written", len(written))
    lab.record("only read", len(read - written))
    probe.write(descriptor, REFERENCE, GIB // 2)
    lab.sample("direct")
    probe.create_file(f"{tmpfs}/file", REFERENCE)
    lab.sample("tmpfs")
    lab.record("reference", REFERENCE // lab.page_size)


def beyond(counter: str, since: str, until: str, written: Quantity, title: str) -> Quantity:
    return (Change(counter, since, until) - written).called(f"growth of {counter} less the pages that {title}")


WRITTEN = Recorded("written", "pages", title="pages that mkfs wrote with write()")
READ = Recorded("only read", "pages", title="pages that it only read")
REFERENCES = Recorded("reference", "pages", title="2 MiB")

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(programs=TOOLS, changes=("mount", "sysctl")),
    guards=(Guard(WRITTEN, AtLeast(pages(400 * KIB)), "something must have been written"),),
    expects=(Expect(
        USES, beyond("meminfo:Buffers", "start", "made", WRITTEN + READ, "mkfs wrote and read"),
        if_true=Exactly(0, "as much as was written, beside what was read, to the page"),
        if_false=Not(0, "some of it passed them by, or they grew by something else"),
        reads_true=beyond("meminfo:Cached", "direct", "tmpfs", REFERENCES, "were written to a tmpfs file"),
        reads_false=beyond("meminfo:Buffers", "made", "direct", REFERENCES, "were written by direct I/O"),
        says="Buffers grew by {value:±pages more than|pages less than|exactly} what mkfs.ext4 wrote with write() and read.",
        reference_why="that a write to a device makes Buffers grow is the claim itself: what grows to the page without it "
                      "is Cached, of the same file"),),
)
