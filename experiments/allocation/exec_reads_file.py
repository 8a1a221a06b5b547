"""How much of a program's file does exec read before the first instruction runs?

Three programs of 20 MiB lie on an ext4 disk and are dropped from the page cache. One is executed and held before its
first instruction, one is read whole by read(), one is left alone. mincore of each file tells how many of its pages
are in memory.
"""

import os

from experiments.sections import ALLOCATION
from harness.claims import (
    MIB, REFUTED, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known, Needs, Pages, Quantity, pages,
)
from harness.lab import Lab
from harness.lab.helpers.program import waiting_program

SIZE = 20 * MIB

LOADS_FILE = Claim(
    "exec-loads-file", "exec reads the whole of a 20 MiB program file into memory before its first instruction.",
    ALLOCATION,
    known=(Known(REFUTED, "fs/binfmt_elf.c, load_elf_binary: segments are mapped, only the headers are read (and what "
                          "readahead adds); all else comes by page faults (v6.12)"),),
    instead="Expect page faults while the program runs: its pages are read when they are touched. To have them in memory "
            "beforehand, read the file once, or call mlockall() in the program.")


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    files = {name: f"{disk}/{name}" for name in ("program", "read", "left alone")}
    writer = lab.probe("writer")
    for path in files.values():
        fd = writer.create_file(path, SIZE)
        writer.write_text(fd, waiting_program(lab.architecture, SIZE, lab.page_size))
        writer.close(fd)
        writer.chown(path, 0, 0, 0o755)
    lab.sync()
    lab.drop_caches(3)
    lab.sample("dropped", pages=files)
    writer.read(writer.open(files["read"], os.O_RDONLY).value, SIZE)
    held = lab.probe("program", program=(files["program"],), held=True)
    lab.record("first instruction", held.first_instruction)
    lab.sample("before its first instruction", pages=files)


def cached(name: str, title: str) -> Quantity:
    return Pages("before its first instruction", name).called(f"pages in memory of {title}")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("drop_caches", "mount")),
    rate=0,
    guards=tuple(Guard(Pages("dropped", name), Exactly(0), "what is there from before was not read by exec")
                 for name in ("program", "read", "left alone")),
    expects=(Expect(
        LOADS_FILE, cached("program", "a 20 MiB program at its first instruction"),
        if_true=Exactly(pages(SIZE), "the whole file"), if_false=AtMost(pages(SIZE) - 1, "a page of it was not read"),
        reads_true=cached("read", "a copy that was read"), reads_false=cached("left alone", "a copy that was left alone"),
        says="Of a program of {bound} pages {value} were in memory before its first instruction."),),
)
