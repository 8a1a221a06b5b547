"""Are the bss, the heap and the stack of a program private anonymous memory?

A process writes to its bss and to a block of its heap; its stack is in use anyway. The memory map tells what kind of
mapping each of the three lies in, and the kernel's page flags whether a page of them is page cache. An anonymous
mapping and a shared mapping of a file show how both answers read.
"""

from experiments.sections import ADDRESS_SPACE
from harness.claims import (
    CONFIRMED, KIB, AtLeast, Claim, Exactly, Expect, Experiment, Guard, Known, MappedPages, Needs, Pages, Quantity,
    Recorded, pages,
)
from harness.lab import Lab, Probe, Region, numbers

SPARE = 64 * KIB        # untouched pages that the probe keeps in its bss, and what is asked of the heap

OWN_ANONYMOUS = Claim(
    "bss-heap-stack-anonymous", "The whole pages of bss, the heap and the stack are private anonymous memory.",
    ADDRESS_SPACE,
    known=(Known(CONFIRMED, "fs/binfmt_elf.c, elf_load (v6.1 to v7.2; 6.1 has it by a stable backport), set_brk (v5.10): "
                            "vm_brk_flags for bss; fs/exec.c, __bprm_mm_init (v5.10 to v6.12), and mm/vma_exec.c, "
                            "create_init_stack_vma (v7.2), for the stack; mm/mmap.c, do_brk_flags (v5.10 to v6.12), and "
                            "mm/vma.c, do_brk_flags (v7.2), for the heap"),))


def own_memory(lab: Lab, probe: Probe) -> list[Region]:
    """The whole mappings that bss, heap and stack are in; the first two are written to, the stack is in use."""
    _, _, bss, length, stack = numbers(probe.segments().text)
    heap = probe.malloc(SPARE).value
    for address in (bss, heap // lab.page_size * lab.page_size + lab.page_size):
        probe.region(address, length - lab.page_size).fill()
    return [probe.mapping(mapping) for mapping in lab.mappings(probe)
            if any(mapping.covers(address) for address in (bss, heap, stack))]


def procedure(lab: Lab) -> None:
    probe = lab.probe()
    fd = probe.create_file(f"{lab.mount_disk()}/file", SPARE)
    regions = {"own memory": own_memory(lab, probe), "anonymous": [probe.map(SPARE).fill()],
               "shared file": [probe.map(SPARE, shared=True, fd=fd).read()]}
    for name, some in regions.items():
        lab.record(name, [region.range for region in some])
    lab.record("mappings", len(regions["own memory"]))
    lab.sample("filled", pages=regions)


def otherwise_mapped(what: str) -> Quantity:
    return MappedPages("filled", "probe", what, lambda mapping: mapping.shared or mapping.inode != 0,
                       f"pages of {what} in a shared mapping or one of a file")


def cached(what: str) -> Quantity:
    return (Pages("filled", what, "file") + Pages("filled", what, "shmem")).called(f"pages of {what} that are page cache")


NONE, SOME = Exactly(0, "no page"), AtLeast(1, "one page is enough")

EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    guards=(Guard(Recorded("mappings"), Exactly(3), "bss, heap and stack are a mapping each"),
            Guard(Pages("filled", "own memory", "anonymous"), AtLeast(pages(2 * SPARE) - 1),
                  "but for a page, what was written to bss and heap, and a page of the stack, must be there")),
    expects=(
        Expect(OWN_ANONYMOUS, otherwise_mapped("own memory"), NONE, SOME,
               reads_true=otherwise_mapped("anonymous"), reads_false=otherwise_mapped("shared file"),
               says="{value} pages of bss, heap and stack were in a shared mapping or one of a file."),
        Expect(OWN_ANONYMOUS, cached("own memory"), NONE, SOME,
               reads_true=cached("anonymous"), reads_false=cached("shared file"),
               says="{value} of them were page cache."),
    ),
)
