"""Which page cache does writing 1 to drop_caches free: clean, dirty, of an open file?

Files on an ext4 disk are prepared in the ways that the claims are about: written and synced, read, dirty, merely
open, and a block device that was read. mincore tells for each how many pages are cached before and after 1 is written
to drop_caches; the dirty file is looked at again after a sync and another write. A tmpfs file shows what stays, a
file that was truncated what is gone.
"""

import os

from experiments.sections import DROPPING_CACHES
from harness.claims import (
    CONFIRMED, MIB, REFUTED, AtLeast, AtMost, Change, Claim, Counter, Document, Exactly, Expect, Experiment, Guard,
    Known, Needs, Pages, Quantity, pages,
)
from harness.lab import DONTNEED, RANDOM, Lab

SIZE = 8 * MIB
EVICT = "mm/truncate.c, mapping_evict_folio (since v5.18), invalidate_inode_page (before v5.18): "

FREES_CLEAN = Claim(
    "drop1-frees-pagecache", "Writing 1 frees clean, unmapped page cache.", DROPPING_CACHES,
    known=(Known(CONFIRMED, "Documentation/admin-guide/sysctl/vm.rst, drop_caches: “To free pagecache”; proc(5): “To free "
                            "pagecache, use: echo 1”; what the kernel itself holds, as a mounted file system's own "
                            "blocks, is in use"),),
    document=Document("Documentation/admin-guide/sysctl/vm.rst, drop_caches (v5.10 to v7.2)"))
KEEPS_DIRTY = Claim(
    "drop-keeps-dirty", "Dirty pages are not freed; after sync they are.", DROPPING_CACHES,
    known=(Known(CONFIRMED, EVICT + "a dirty page is left alone; proc(5), drop_caches: “dirty objects are not freeable”"),),
    document=Document("Documentation/admin-guide/sysctl/vm.rst, drop_caches (v5.10 to v7.2)"))
KEEPS_OPEN = Claim(
    "drop-keeps-open", "Page cache of a file that is merely open (not mapped) is not freed.", DROPPING_CACHES,
    known=(Known(REFUTED, EVICT + "nobody asks whether the file is open"),),
    instead="An open descriptor protects nothing: what must stay in memory has to be mapped and locked with mlock().")


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    files = {"tmpfs": lab.mount_tmpfs() + "/tmpfs",
             **{name: f"{disk}/{name}" for name in ("clean", "read", "dirty", "open", "truncated")}}
    writer, holder = lab.probe("writer"), lab.probe("holder")
    descriptors = {name: writer.create_file(path, SIZE) for name, path in files.items() if name != "dirty"}
    lab.sync()
    for name in ("tmpfs", "clean", "open"):
        writer.close(descriptors[name])
    holder.open(files["open"], os.O_RDONLY)
    files["device"] = lab.device("swap")
    device = holder.open(files["device"], os.O_RDONLY).value
    holder.fadvise(device, 0, 0, RANDOM)
    for size in (0, SIZE):
        writer.ftruncate(descriptors["truncated"], size)
    writer.close(writer.create_file(files["dirty"], SIZE))
    writer.fadvise(descriptors["read"], 0, 0, DONTNEED)
    writer.read(descriptors["read"], SIZE)
    writer.close(descriptors["read"])
    holder.read(device, SIZE)
    lab.sample("before", pages=files)
    lab.drop_caches(1)
    lab.sample("dropped", pages=files)
    lab.sync()
    lab.drop_caches(1)
    lab.sample("synced and dropped", pages={name: files[name] for name in ("dirty", "tmpfs", "truncated")})


def kept(file: str, moment: str = "dropped") -> Quantity:
    what = {"clean": "a file that was written and synced", "read": "a file that was read", "device": "a block device",
            "dirty": "a dirty file", "open": "an open file", "tmpfs": "a tmpfs file",
            "truncated": "a file that was truncated and made as long again"}[file]
    return Pages(moment, file).called(f"pages of {what} in the cache, {moment}")


def freed(claim: Claim, file: str, moment: str, says: str) -> Expect:
    """The claim is true if all of the file's cache is gone."""
    return Expect(claim, kept(file, moment), if_true=Exactly(0, "every page is freed"),
                  if_false=AtLeast(1, "one page that stays is enough"), reads_true=kept("truncated", moment),
                  reads_false=kept("tmpfs", moment), says=says)


def stays(claim: Claim, file: str, says: str) -> Expect:
    """The claim is true if all of the file's cache is still there."""
    return Expect(claim, kept(file), if_true=Exactly(pages(SIZE), "no page is freed"),
                  if_false=AtMost(pages(SIZE) - 1, "one page that is freed is enough"), reads_true=kept("tmpfs"),
                  reads_false=kept("clean"), says=says)


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    rate=0,
    guards=(*(Guard(Pages("before", name), Exactly(pages(SIZE)), "all of it must be cached before the drop")
              for name in ("tmpfs", "clean", "read", "device", "dirty", "open")),
            Guard(Counter("vmstat:nr_dirty", "before"), AtLeast(pages(SIZE)), "nothing was written back meanwhile"),
            Guard(Change("vmstat:pswpout", "before", "synced and dropped"), Exactly(0), "no page may go to swap")),
    expects=(
        *(freed(FREES_CLEAN, name, "dropped", f"{{value}} of 2,048 clean pages of {what} were left.")
          for name, what in (("clean", "a synced file"), ("read", "a file"), ("device", "a block device"))),
        stays(KEEPS_DIRTY, "dirty", "{value} of {bound} dirty pages stayed when 1 was written."),
        freed(KEEPS_DIRTY, "dirty", "synced and dropped", "After sync and another write of 1, {value} pages were left."),
        stays(KEEPS_OPEN, "open", "{value} of {bound} pages of a file that was merely open stayed."),
    ),
    version=2,
)
