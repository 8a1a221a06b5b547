"""How are the text of a program and its libraries mapped, and whose pages are they?

A copy of the probe's program, with its loader and libraries on an ext4 disk, is started twice. The memory map of a
third, ordinary instance tells whether text and libraries are mapped shared. Every page of the text is read in both
copies, and the frames are compared with each other and with a shared mapping of the same files, which is the page
cache itself. A private mapping that was written shows how pages of a process's own would read.
"""

from experiments.sections import ADDRESS_SPACE
from harness.claims import (
    CONFIRMED, REFUTED, AtLeast, Claim, Exactly, Expect, Experiment, Guard, Known, MappedPages, Needs, Pages, Quantity,
    Recorded, SameFrames, maps,
)
from harness.lab import Lab, Probe

SHARED_MAPPING = Claim(
    "text-is-shared-mapping", "Text and libraries are mapped with MAP_SHARED.", ADDRESS_SPACE,
    known=(Known(REFUTED, "fs/binfmt_elf.c, load_elf_binary: MAP_PRIVATE (v6.12); glibc, elf/dl-map-segments.h: "
                          "MAP_COPY, which is MAP_PRIVATE; “p” in /proc/PID/maps, proc(5)"),),
    instead="Text is mapped with MAP_PRIVATE and shared all the same, since nobody writes to it: Shared_Clean and Pss in "
            "/proc/PID/smaps tell what is shared, not the “p” or “s” in maps.")
SHARES = Claim(
    "text-shares-pages", "Two processes of one program have the same physical pages for the text (r-x) of program and "
    "libraries.", ADDRESS_SPACE,
    known=(Known(CONFIRMED, "mm/memory.c, do_read_fault: each maps the page cache's own page (v6.12)"),))
IS_CACHE = Claim(
    "text-is-page-cache", "The resident text (r-x) pages of program and libraries are page cache of their files.",
    ADDRESS_SPACE, known=(Known(CONFIRMED, "mm/memory.c, do_read_fault: it maps the page cache's own page (v6.12)"),))


def text_of(lab: Lab, probe: Probe) -> list[maps.Mapping]:
    """Its text, in an order that does not depend on addresses."""
    return sorted((one for one in lab.mappings(probe) if one.text), key=lambda one: (one.path, one.offset))


def procedure(lab: Lab) -> None:
    witness = lab.probe("witness")      # started as any program: execve maps its text, the loader its libraries
    own = [witness.mapping(part) for part in lab.mappings(witness) if part.text or (part.inode and ".so" in part.path)]
    words = lab.program_on_disk(lab.mount_disk())
    one, two = lab.probe("one", program=words), lab.probe("two", program=words)
    parts = text_of(lab, one)
    regions = {f"the text of {probe.name}": [probe.mapping(part) for part in text_of(lab, probe)]
               for probe in (one, two)}
    # A shared mapping is the page cache itself; a private one that was written has copies.
    for probe in (one, two, witness):
        regions[f"a shared mapping of {probe.name}"] = [probe.map_again(part, shared=True).read() for part in parts]
        regions[f"a written copy of {probe.name}"] = [probe.map_again(part, shared=False).write() for part in parts]
    for probe in (one, two):
        for region in regions[f"the text of {probe.name}"]:
            region.read()
    lab.record("pages of text", sum(part.length for part in parts) // lab.page_size)
    for title, some in (("own", own), ("shared", regions["a shared mapping of witness"]),
                        ("private", regions["a written copy of witness"])):
        lab.record(title, [region.range for region in some])
    lab.sample("running", pages=regions)


def private(ranges: str, title: str) -> Quantity:
    return MappedPages("running", "witness", ranges, lambda mapping: not mapping.shared,
                       f"pages in private mappings: {title}")


def apart(first: str, second: str) -> Quantity:
    return (Pages("running", first) - SameFrames("running", first, second)).called(
        f"pages of {first} that are none of {second}")


NONE, SOME = Exactly(0, "all pages: none is apart"), AtLeast(1, "one page is enough")

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    guards=tuple(Guard(Pages("running", f"the text of {name}"), Exactly(Recorded("pages of text", "pages")),
                       "every page of the text must be there to be looked at") for name in ("one", "two")),
    expects=(
        Expect(SHARED_MAPPING, private("own", "text and libraries"),
               if_true=Exactly(0, "a shared mapping has an s in maps"), if_false=AtLeast(1, "one is enough"),
               reads_true=private("shared", "mmap(MAP_SHARED) of such files"),
               reads_false=private("private", "mmap(MAP_PRIVATE) of such files"),
               says="{value} pages of its text and libraries were in private mappings."),
        Expect(SHARES, apart("the text of one", "the text of two"), NONE, SOME,
               reads_true=apart("a shared mapping of one", "a shared mapping of two"),
               reads_false=apart("a written copy of one", "a written copy of two"),
               says="{value} pages of one process's text were in other frames than the same pages of the other's."),
        Expect(IS_CACHE, apart("the text of one", "a shared mapping of witness"), NONE, SOME,
               reads_true=apart("a shared mapping of one", "a shared mapping of witness"),
               reads_false=apart("a written copy of one", "a shared mapping of witness"),
               says="{value} pages of its text were in other frames than its files' page cache."),
    ),
)
