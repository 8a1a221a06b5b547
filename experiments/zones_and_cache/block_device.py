"""Are the buffers the cache of block devices, and is that page cache like any other?

A block device and a file of 32 MiB are read without readahead, then as much is written to a tmpfs file and filled in
anonymous memory. After each the growth of Buffers and of Cached is read. Then device and files are mapped, and
kpageflags tell for every page on which kind of LRU list it is. The device is kept open, because its cache goes with
its last close.
"""

import os

from experiments.sections import ZONES_AND_CACHE
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Change, Claim, Exactly, Expect, Experiment, Known, Needs, Not, Pages, Quantity,
    pages,
)
from harness.lab import RANDOM, Lab

SIZE = 32 * MIB
PERCENT = pages(SIZE) // 100

BUFFERS = Claim(
    "buffers-are-block-devices", "Reading N bytes of a block device grows Buffers by N and Cached by less than 1 % of "
    "it; reading a file of N bytes grows Cached by N and Buffers by less than 1 %.", ZONES_AND_CACHE,
    known=(Known(CONFIRMED, "fs/proc/meminfo.c: Cached is NR_FILE_PAGES less bufferram and the swap cache (v5.10 to v7.2); "
                            "block/bdev.c, nr_blockdev_pages: what bufferram is, all pages of block devices (v6.1 to "
                            "v7.2)"),))
PAGE_CACHE = Claim(
    "block-device-cache-is-page-cache", "The cache of a block device is page cache: its pages are on the file LRU "
    "lists.", ZONES_AND_CACHE,
    known=(Known(CONFIRMED, "block/bdev.c, bdev_alloc: a device has an inode, and with it a page cache; block/fops.c, "
                            "blkdev_read_iter: it is read by filemap_read, as files are (v6.1 to v7.2)"),))


def procedure(lab: Lab) -> None:
    """The device is kept open: at its last close its cache goes. RANDOM: no readahead, so N bytes and no more."""
    disk, tmpfs, probe = lab.mount_disk(), lab.mount_tmpfs(), lab.probe()
    probe.close(probe.create_file(f"{disk}/file", SIZE))
    lab.sync()
    opened = {name: probe.open(path, os.O_RDONLY).value
              for name, path in (("device", lab.device("swap")), ("file", f"{disk}/file"))}
    for descriptor in opened.values():
        probe.fadvise(descriptor, 0, 0, RANDOM)
    lab.drop_caches(3)
    lab.sample("start")
    for name, descriptor in opened.items():
        probe.read(descriptor, SIZE)
        lab.sample(name)
    opened["tmpfs"] = probe.create_file(f"{tmpfs}/file", SIZE)
    lab.sample("tmpfs")
    probe.map(SIZE).fill()
    lab.sample("anonymous")
    regions = {name: probe.map(SIZE, shared=True, write=False, fd=descriptor).read()
               for name, descriptor in opened.items()}
    lab.drain_lru()
    lab.sample("mapped", pages=regions)


COUNTED_ALIKE = "that Buffers counts a device's pages is the claim itself: Cached is counted to the page, in the same file"
STEPS = {"device": ("start", "device", "reading a block device"), "file": ("device", "file", "reading a file"),
         "tmpfs": ("file", "tmpfs", "writing a tmpfs file"),
         "anonymous": ("tmpfs", "anonymous", "filling anonymous memory")}


def growth(counter: str, step: str) -> Quantity:
    since, until, title = STEPS[step]
    return Change(f"meminfo:{counter}", since, until).called(f"growth of {counter} by {title}")


def by_all(counter: str, step: str) -> Expect:
    return Expect(BUFFERS, growth(counter, step), if_true=Exactly(pages(SIZE), "N bytes, to the page"),
                  if_false=Not(pages(SIZE), "another amount"), reads_true=growth("Cached", "tmpfs"),
                  reads_false=growth("Cached", "anonymous"), reference_why=COUNTED_ALIKE if counter == "Buffers" else "",
                  says=f"{STEPS[step][2].capitalize()} of {{bound}} pages grew {counter} by {{value}} pages.")


def by_little(counter: str, step: str) -> Expect:
    return Expect(BUFFERS, growth(counter, step), if_true=AtMost(PERCENT, "less than 1 %, as the claim says"),
                  if_false=AtLeast(PERCENT + 1, "1 % or more"), reads_true=growth("Cached", "anonymous"),
                  reads_false=growth("Cached", "tmpfs"), reference_why=COUNTED_ALIKE if counter == "Buffers" else "",
                  says=f"It grew {counter} by {{value}} pages.")


def on_file_lists(name: str, title: str) -> Quantity:
    return Pages("mapped", name, "file LRU").called(f"pages of {title} on the file LRU lists")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    axes={"lru": ("classic", "mglru")},
    expects=(
        by_all("Buffers", "device"), by_little("Cached", "device"), by_all("Cached", "file"),
        by_little("Buffers", "file"),
        Expect(PAGE_CACHE, on_file_lists("device", "a block device"),
               if_true=Exactly(pages(SIZE), "every page"), if_false=AtMost(pages(SIZE) - 1, "one elsewhere is enough"),
               reads_true=on_file_lists("file", "a file"), reads_false=on_file_lists("tmpfs", "a tmpfs file"),
               says="{value} of {bound} cached pages of a block device were on the file LRU lists.")),
)
