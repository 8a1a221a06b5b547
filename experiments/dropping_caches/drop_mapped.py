"""Does drop_caches leave page cache alone while a process has it in its page tables, and free it afterwards?

One process maps a file and touches every page, another file it maps and leaves alone. 1 is written to drop_caches,
and mincore tells how many pages of each file are still cached. Then the process exits, 1 is written once more, and
mincore is asked again. A tmpfs file shows what stays.
"""

import os

from experiments.sections import DROPPING_CACHES
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Change, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity,
    pages,
)
from harness.lab import Lab

SIZE = 8 * MIB
EVICT = "mm/truncate.c, mapping_evict_folio (since v5.18), invalidate_inode_page (before v5.18): "

KEEPS_MAPPED = Claim(
    "drop-keeps-mapped", "Page cache that a process has in its page tables is not freed.", DROPPING_CACHES,
    known=(Known(CONFIRMED, EVICT + "more references than the page cache's own keep a page, and each page table has "
                                    "one; page_mapped says it outright (v5.10)"),))
AFTER_EXIT = Claim(
    "drop-after-exit", "Once the mapping process has exited, its file pages can be dropped.", DROPPING_CACHES,
    known=(Known(CONFIRMED, EVICT + "an exit takes the pages out of the page tables"),))


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    files = {"mapped": f"{disk}/mapped", "untouched": f"{disk}/untouched", "tmpfs": lab.mount_tmpfs() + "/file"}
    writer, mapper = lab.probe("writer"), lab.probe("mapper")
    for path in files.values():
        writer.close(writer.create_file(path, SIZE))
    lab.sync()
    mapped, untouched = (mapper.map(SIZE, shared=True, write=False, fd=mapper.open(files[name], os.O_RDONLY).value)
                         for name in ("mapped", "untouched"))
    mapped.read()
    lab.sample("before", pages={**files, "page tables": mapped, "not in page tables": untouched})
    lab.drop_caches(1)
    lab.sample("dropped", pages=files)
    mapper.end()
    lab.sample("exited", pages=files)
    lab.drop_caches(1)
    lab.sample("exited and dropped", pages=files)


def kept(file: str, moment: str) -> Quantity:
    what = {"mapped": "a file in page tables", "untouched": "a file that is mapped, but not in page tables",
            "tmpfs": "a tmpfs file"}[file]
    return Pages(moment, file).called(f"pages of {what} in the cache, {moment}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    rate=0,
    guards=(*(Guard(Pages("before", file), Exactly(pages(SIZE)), "all of it must be cached before the drop")
              for file in ("mapped", "untouched", "tmpfs")),
            Guard(Pages("before", "page tables", "file"), Exactly(pages(SIZE)), "in page tables, every page"),
            Guard(Pages("before", "not in page tables"), Exactly(0), "mapped, but not one page in page tables"),
            Guard(Pages("exited", "mapped"), Exactly(pages(SIZE)), "what is dropped after the exit must be there"),
            Guard(Change("vmstat:pswpout", "before", "exited and dropped"), Exactly(0), "no page may go to swap")),
    expects=(
        Expect(KEEPS_MAPPED, kept("mapped", "dropped"),
               if_true=Exactly(pages(SIZE), "no page is freed"),
               if_false=AtMost(pages(SIZE) - 1, "one page that is freed is enough"),
               reads_true=kept("tmpfs", "dropped"), reads_false=kept("untouched", "dropped"),
               says="{value} of {bound} pages in a process's page tables stayed."),
        Expect(AFTER_EXIT, kept("mapped", "exited and dropped"),
               if_true=Exactly(0, "every page is freed"), if_false=AtLeast(1, "one page that stays is enough"),
               reads_true=kept("untouched", "exited and dropped"), reads_false=kept("tmpfs", "exited and dropped"),
               says="{value} pages were left once the process that had mapped them was gone."),
    ),
)
