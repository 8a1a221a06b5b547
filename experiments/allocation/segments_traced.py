"""Does a trace of system calls show how a program's own segments got mapped?

A process is held at its exec and traced until it is in main. The addresses that its mmap calls returned are compared with
where its text, data, bss and stack lie, with four parts of its C library, and with four of its loader, which is mapped together
with the program.
"""

from experiments.sections import ALLOCATION
from harness.claims import REFUTED, AtMost, Claim, Derived, Exactly, Expect, Experiment, Known, Needs, Quantity, Recording
from harness.lab import Lab, numbers

PARTS, START_OF_CODE = 4, 26 - 3        # the latter: its place in /proc/PID/stat behind the name, which is field 2; proc(5)

SHOWN = Claim(
    "strace-shows-segment-mmaps", "From exec to main, a trace of system calls shows an mmap for each segment of the program "
    "itself (text, data, bss, stack), as it does for the libraries.", ALLOCATION,
    known=(Known(REFUTED, "fs/binfmt_elf.c, load_elf_binary: the kernel maps the program's segments itself, in execve; glibc "
                          "elf/dl-map-segments.h, _dl_map_segments calls mmap for libraries (2.36)"),),
    instead="Read /proc/PID/maps: what execve itself has mapped is in no trace of system calls.")


def procedure(lab: Lab) -> None:
    probe = lab.probe("program", held=True)
    with probe.trace() as trace:        # it runs from here on, and answers from main
        data, _, bss, _, stack = numbers(probe.segments().text)
    lab.record("mapped", [[call.result, call.arguments[1]] for call in trace.calls
                          if call.number == lab.architecture.calls.mmap and call.result > 0])
    lab.sample("main")
    code = int(lab.read(f"/proc/{probe.pid}/stat").rsplit(")", 1)[1].split()[START_OF_CODE])
    lab.record("the program's segments", [code, data, bss, stack])
    for what, name in (("the C library", "/libc.so"), ("the loader", "/ld-")):
        lab.record(what, [one.start for one in lab.mappings(probe) if name in one.path][:PARTS])


def shown(what: str) -> Quantity:
    def count(recording: Recording) -> int | None:
        addresses, mapped = recording.records.get(what), recording.records.get("mapped")
        if addresses is None or mapped is None:
            return None
        return sum(any(start <= address < start + length for start, length in mapped) for address in addresses)
    return Derived(f"of {PARTS} parts of {what}, those that an mmap call returned", count, "parts")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(disks=(), root=False),
    rate=0,
    expects=(Expect(
        SHOWN, shown("the program's segments"), if_true=Exactly(PARTS, "an mmap for each"),
        if_false=AtMost(PARTS - 1, "one came without an mmap"),
        reads_true=shown("the C library"), reads_false=shown("the loader"),
        says="Of the program's own text, data, bss and stack {value} lay in what an mmap call had returned."),),
)
