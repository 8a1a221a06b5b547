"""Which page cache does writing 1 to drop_caches free: clean, dirty, mapped, of an open file?

Files of 16 MiB are prepared in the ways that the claims are about: synced, read, dirty, mapped by a process, merely
open. mincore tells for each how many pages are cached before and after 1 is written to drop_caches, again after a
sync and a second drop, and once more when the mapping process has exited. A tmpfs file shows what stays, a file that
was truncated what is gone.
"""

import os

from experiments.sections import DROPPING_CACHES
from harness.claims import CONFIRMED, REFUTED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known
from harness.needs import MIB, Needs
from harness.operations import DONTNEED, RANDOM
from harness.procedure import Lab
from harness.quantities import Change, Counter, Pages, Quantity, pages

SIZE = 16 * MIB
EVICT = "mm/truncate.c, mapping_evict_folio (v6.12; before v5.18 invalidate_inode_page): "

FREES_CLEAN = Claim(
    "drop1-frees-pagecache", "Writing 1 frees clean, unmapped page cache.", DROPPING_CACHES,
    known=(Known(CONFIRMED, "Documentation/admin-guide/sysctl/vm.rst, drop_caches: “to free pagecache: echo 1”; what the "
                            "kernel itself holds, as a mounted file system's own blocks, is in use"),))
KEEPS_DIRTY = Claim(
    "drop-keeps-dirty", "Dirty pages are not freed; after sync they are.", DROPPING_CACHES,
    known=(Known(CONFIRMED, EVICT + "a dirty page is left alone; vm.rst: “dirty objects are not freeable”"),))
KEEPS_MAPPED = Claim(
    "drop-keeps-mapped", "Page cache that a process has in its page tables is not freed.", DROPPING_CACHES,
    known=(Known(CONFIRMED, EVICT + "more references than the page cache's own keep a page, and each page table has "
                                    "one; invalidate_inode_page says it outright: page_mapped"),))
KEEPS_OPEN = Claim(
    "drop-keeps-open", "Page cache of a file that is merely open (not mapped) is not freed.", DROPPING_CACHES,
    known=(Known(REFUTED, EVICT + "nobody asks whether the file is open"),))
AFTER_EXIT = Claim(
    "drop-after-exit", "Once the mapping process has exited, its file pages can be dropped.", DROPPING_CACHES,
    known=(Known(CONFIRMED, EVICT + "an exit takes the pages out of the page tables"),))


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    names = ("clean", "read", "dirty", "mapped", "untouched", "open", "truncated")
    files = {"tmpfs": lab.mount_tmpfs() + "/tmpfs", **{name: f"{disk}/{name}" for name in names}}
    writer, mapper, holder = lab.probe("writer"), lab.probe("mapper"), lab.probe("holder")
    descriptors = {name: writer.create_file(path, SIZE) for name, path in files.items() if name != "dirty"}
    lab.sync()
    for name in ("tmpfs", "clean", "mapped", "untouched", "open"):
        writer.close(descriptors[name])
    files["device"] = lab.device("swap")
    device = holder.open(files["device"], os.O_RDONLY).value
    holder.fadvise(device, 0, 0, RANDOM)
    writer.fadvise(descriptors["read"], 0, 0, DONTNEED)
    mapped = {name: mapper.map(SIZE, shared=True, write=False, fd=mapper.open(files[name], os.O_RDONLY).value)
              for name in ("mapped", "untouched")}
    mapped["mapped"].read()
    holder.open(files["open"], os.O_RDONLY)
    for size in (0, SIZE):
        writer.ftruncate(descriptors["truncated"], size)
    writer.close(writer.create_file(files["dirty"], SIZE))
    writer.read(descriptors["read"], SIZE)
    writer.close(descriptors["read"])
    holder.read(device, SIZE)
    lab.sample("before", pages={**files, "page tables": mapped["mapped"], "not in page tables": mapped["untouched"]})
    lab.drop_caches(1)
    lab.sample("dropped", pages=files)
    del files["device"]
    lab.sync()
    lab.drop_caches(1)
    lab.sample("synced and dropped", pages=files)
    mapper.end()
    lab.sample("exited", pages=files)
    lab.drop_caches(1)
    lab.sample("exited and dropped", pages=files)


def kept(file: str, moment: str = "dropped") -> Quantity:
    what = {"clean": "a file that was written and synced", "read": "a file that was read", "device": "a block device",
            "dirty": "a dirty file", "mapped": "a mapped file", "open": "an open file",
            "untouched": "a file that is mapped but not in page tables", "tmpfs": "a tmpfs file",
            "truncated": "a file that was truncated and made as long again"}[file]
    return Pages(moment, file).called(f"pages of {what} in the cache, {moment}")


def freed(claim: Claim, file: str, moment: str, says: str) -> Expect:
    """The claim is true if all of the file's cache is gone."""
    return Expect(claim, kept(file, moment), if_true=Exactly(0, "every page is freed"),
                  if_false=AtLeast(1, "one page that stays is enough"), reads_true=kept("truncated", moment),
                  reads_false=kept("tmpfs", moment), says=says)


def stays(claim: Claim, file: str, freed: str, says: str) -> Expect:
    """The claim is true if all of the file's cache is still there."""
    return Expect(claim, kept(file), if_true=Exactly(pages(SIZE), "no page is freed"),
                  if_false=AtMost(pages(SIZE) - 1, "one page that is freed is enough"), reads_true=kept("tmpfs"),
                  reads_false=kept(freed), says=says)


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    guards=(*(Guard(Pages("before", name), Exactly(pages(SIZE)), "all of it must be cached before the drop")
              for name in ("tmpfs", "clean", "read", "device", "dirty", "mapped", "untouched", "open")),
            Guard(Pages("before", "page tables", "file"), Exactly(pages(SIZE)), "in page tables, every page"),
            Guard(Pages("before", "not in page tables"), Exactly(0), "mapped, but not one page in page tables"),
            Guard(Counter("vmstat:nr_dirty", "before"), AtLeast(pages(SIZE)), "nothing was written back meanwhile"),
            Guard(Pages("exited", "mapped"), Exactly(pages(SIZE)), "what is dropped after the exit must be there"),
            Guard(Change("vmstat:pswpout", "before", "exited and dropped"), Exactly(0), "no page may go to swap")),
    expects=(
        *(freed(FREES_CLEAN, name, "dropped", f"{{value}} of 4,096 clean pages of {what} were left.")
          for name, what in (("clean", "a synced file"), ("read", "a file"), ("device", "a block device"))),
        stays(KEEPS_DIRTY, "dirty", "clean", "{value} of {bound} dirty pages stayed when 1 was written."),
        freed(KEEPS_DIRTY, "dirty", "synced and dropped", "After sync and another write of 1 {value} were left."),
        stays(KEEPS_MAPPED, "mapped", "untouched", "{value} of {bound} pages in a process's page tables stayed."),
        stays(KEEPS_OPEN, "open", "clean", "{value} of {bound} pages of a file that was merely open stayed."),
        freed(AFTER_EXIT, "mapped", "exited and dropped",
              "{value} pages were left once the process that had mapped them was gone."),
    ),
)
