"""Where does a write to a shared mapping of a file arrive?

Four files of 8 MiB are mapped by two processes, and the writing back of dirty pages by itself is switched off. One
process writes through a shared mapping with msync, through a shared one without, through a private one, and by
write() with fsync(). The other looks for the new content in its own mapping and by read(); the kernel's flags tell
whether an anonymous page came about; and the device's blocks are read past the page cache to see what reached the
disk.
"""

from experiments.sections import ADDRESS_SPACE
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity, Recorded,
    pages,
)
from harness.lab import Lab

SIZE = 8 * MIB
OLD, NEW = 1, 2     # seeds of the content: of the files, of what is written

WRITE_THROUGH = Claim(
    "shared-file-write-through", "A write to a shared file mapping is seen by other mappers and by read(), makes no "
    "anonymous page, and reaches the file on disk after msync.", ADDRESS_SPACE,
    known=(Known(CONFIRMED, "mm/memory.c, do_read_fault maps the page cache's own page, and wp_page_shared (or "
                            "do_shared_fault, of a page that was not there) makes it writable; mm/msync.c, vfs_fsync_range "
                            "(v6.12); msync(2)"),))

# How each file is written: the shared mapping in question; one without msync; a private mapping; write() and fsync().
WHAT = {"mapped": "shared mapping, msync", "idle": "shared mapping without msync", "private": "private mapping, msync",
        "written": "write() and fsync()"}


def procedure(lab: Lab) -> None:
    lab.sysctl("vm.dirty_writeback_centisecs", 0)       # what reaches the disk does so because it was asked to
    disk = lab.mount_disk()
    probe, other = lab.probe(), lab.probe("other")
    files = {name: probe.create_file(f"{disk}/{name}", SIZE, OLD) for name in WHAT}
    lab.sync()
    device = {name: lab.on_device(f"{disk}/{name}") for name in WHAT}
    theirs = {name: other.open(f"{disk}/{name}").value for name in WHAT}
    watched = {name: other.map(SIZE, shared=True, fd=fd).read() for name, fd in theirs.items()}
    mapped = {name: probe.map(SIZE, shared=name != "private", fd=fd).read() for name, fd in files.items()}
    lab.record("new on the disk before", sum(one.check(NEW) for one in device.values()))
    for name in ("mapped", "idle", "private"):
        mapped[name].fill(NEW)
    probe.write(files["written"], SIZE, seed=NEW)
    for name in WHAT:
        lab.record(f"{name}: by other mappers", watched[name].check(NEW))
        lab.record(f"{name}: by read()", other.check_file(theirs[name], SIZE, seed=NEW).value)
    lab.sample("written", pages=mapped)
    for name in ("mapped", "private"):
        probe.msync(mapped[name].address, SIZE)
    probe.fsync(files["written"])
    for name in WHAT:
        lab.record(f"{name}: on the disk", device[name].check(NEW))


def found(name: str, where: str) -> Quantity:
    return Recorded(f"{name}: {where}", "pages", title=f"new pages found {where}: {WHAT[name]}")


def anonymous(name: str) -> Quantity:
    return Pages("written", name, "anonymous").called(f"anonymous pages: {WHAT[name]}")


ALL, NOT_ALL = Exactly(pages(SIZE), "every page"), AtMost(pages(SIZE) - 1, "one page that is missed is enough")

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount", "sysctl")),
    writes=("dirty_writeback_centisecs",),
    rate=0,
    guards=(Guard(Recorded("new on the disk before"), Exactly(0), "what is found there later must have come meanwhile"),
            Guard(Pages("written", "mapped"), Exactly(pages(SIZE)), "every page must be there to be looked at")),
    expects=(
        *(Expect(WRITE_THROUGH, found("mapped", where), ALL, NOT_ALL,
                 reads_true=found("written", where), reads_false=found("private", where),
                 says=f"Of {{bound}} pages written to a shared mapping {{value}} were seen {where}.")
          for where in ("by other mappers", "by read()")),
        Expect(WRITE_THROUGH, anonymous("mapped"),
               if_true=Exactly(0, "no anonymous page"), if_false=AtLeast(1, "one is enough"),
               reads_true=anonymous("written"), reads_false=anonymous("private"),
               says="{value} pages were anonymous."),
        Expect(WRITE_THROUGH, found("mapped", "on the disk"), ALL, NOT_ALL,
               reads_true=found("written", "on the disk"), reads_false=found("idle", "on the disk"),
               says="After msync {value} of {bound} pages stood on the disk."),
    ),
)
