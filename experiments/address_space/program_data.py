"""What is the data segment of a program made of, and who shares it?

A copy of the probe's program on an ext4 disk is started twice, and both instances read the untouched part of their
data segment. Its frames are compared with those of the file in the page cache; the memory map tells what kind of
mapping it is. Then both write to half of it, and frames, kinds and content are compared again. Private and shared
mappings of a file and anonymous memory are treated alike beside it.
"""

from dataclasses import replace

from experiments.sections import ADDRESS_SPACE
from harness.claims import (
    CONFIRMED, KIB, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known, MappedPages, Needs, Pages,
    Quantity, Recorded, SameFrames, maps, pages,
)
from harness.lab import Lab, Probe, Region, numbers

SPARE = 64 * KIB        # untouched pages that the probe keeps in its data segment
HALF = SPARE // 2
KINDS = ("data", "private file", "shared file", "anonymous")

PRIVATE_FILE = Claim(
    "data-private-file", "The data segment is a private mapping of the file.", ADDRESS_SPACE,
    known=(Known(CONFIRMED, "fs/binfmt_elf.c (v6.12), load_elf_binary: each PT_LOAD segment mapped with MAP_PRIVATE; "
                            "so does ld.so"),))
COPIED = Claim(
    "data-copied-per-instance", "Every instance of a program that changes its data segment gets its own copy of the "
    "changed pages.", ADDRESS_SPACE,
    known=(Known(CONFIRMED, "mm/memory.c, wp_page_copy: a write to a private mapping copies the page (v6.12)"),))


def data_of(lab: Lab, probe: Probe) -> tuple[Region, maps.Mapping]:
    """Untouched pages of its data segment, and the part of the program's file that stands there."""
    start, length = numbers(probe.segments().text)[:2]
    mapping = next(mapping for mapping in lab.mappings(probe) if mapping.covers(start))
    return probe.region(start, length), replace(mapping, start=start, end=start + length,
                                                offset=mapping.offset + start - mapping.start)


def procedure(lab: Lab) -> None:
    disk = lab.mount_disk()
    words = lab.program_on_disk(disk)
    witness = lab.probe("witness")      # started as any program is: by execve alone
    witness.create_file(f"{disk}/file", SPARE)
    one, two = lab.probe("one", program=words), lab.probe("two", program=words)
    regions = {"cache of data": witness.map_again(data_of(lab, one)[1], shared=True)}
    for probe in (one, two, witness):
        fd = probe.open(f"{disk}/file").value
        made = (data_of(lab, probe)[0], probe.map(SPARE, fd=fd), probe.map(SPARE, shared=True, fd=fd),
                probe.map(SPARE).fill())
        regions |= {f"{kind} of {probe.name}": region.read() for kind, region in zip(KINDS, made, strict=True)}
    regions["cache of data"].read()
    for kind in KINDS:
        lab.record(kind, [regions[f"{kind} of witness"].range])
    lab.sample("read", pages=regions)
    changed = {label: region.part(0, HALF) for label, region in regions.items() if label.endswith((" one", " two"))}
    for seed, region in enumerate(changed.values(), 11):
        region.fill(seed)
    for kind in KINDS:
        lab.record(f"{kind}: own content", sum(region.check(seed) for seed, (label, region) in
                                               enumerate(changed.items(), 11) if label.startswith(kind)))
    lab.sample("changed", pages=changed)


def private_file(kind: str) -> Quantity:
    return MappedPages("read", "witness", kind, lambda mapping: not mapping.shared and mapping.inode != 0,
                       f"pages of {kind} in a private mapping of a file")


def of_cache(kind: str, cache: str) -> Quantity:
    return SameFrames("read", f"{kind} of one", cache).called(f"pages of {kind} that are page cache of their file")


def common(kind: str) -> Quantity:
    return SameFrames("changed", f"{kind} of one", f"{kind} of two").called(f"changed pages of {kind} that both have")


def copies(kind: str) -> Quantity:
    return (Pages("changed", f"{kind} of one", "anonymous") + Pages("changed", f"{kind} of two", "anonymous")).called(
        f"anonymous pages of {kind} that either changed")


def own_content(kind: str) -> Quantity:
    return Recorded(f"{kind}: own content", "pages", title=f"changed pages of {kind} with what their process wrote")


ALL, NOT_ALL = Exactly(pages(SPARE), "every page"), AtMost(pages(SPARE) - 1, "one that is otherwise is enough")
NONE, SOME = Exactly(0, "no page"), AtLeast(1, "one page is enough")

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    version=2,
    guards=(Guard(Pages("read", "cache of data"), Exactly(pages(SPARE)), "the cache's frames must all be known"),),
    expects=(
        Expect(PRIVATE_FILE, private_file("data"), ALL, NOT_ALL,
               reads_true=private_file("private file"), reads_false=private_file("shared file"),
               says="{value} of {bound} pages of its data segment were in a private mapping of a file."),
        Expect(PRIVATE_FILE, of_cache("data", "cache of data"), ALL, NOT_ALL,
               reads_true=of_cache("shared file", "shared file of witness"),
               reads_false=of_cache("anonymous", "shared file of witness"),
               says="Read, {value} of {bound} pages were the page cache of the program's file."),
        Expect(COPIED, copies("data"), ALL, NOT_ALL,
               reads_true=copies("private file"), reads_false=copies("shared file"),
               says="Of the {bound} pages that two instances changed {value} had become anonymous."),
        Expect(COPIED, common("data"), NONE, SOME,
               reads_true=common("private file"), reads_false=common("shared file"),
               says="{value} of them were in the same frame for both."),
        Expect(COPIED, own_content("data"), ALL, NOT_ALL,
               reads_true=own_content("private file"), reads_false=own_content("shared file"),
               says="{value} of {bound} pages held what their own process wrote."),
    ),
)
