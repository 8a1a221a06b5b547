"""Whose instruction runs first after exec of a dynamically linked program?

The probe's program is started three ways: as usual, through its loader by name, and as a small static program. Each
is held at its exec, before its first instruction; the address of that instruction is looked up in the memory map.
Then it is let go, and the map is read again to see which libraries were mapped by the time it is in main.
"""

from experiments.sections import ALLOCATION
from harness.claims import (
    CONFIRMED, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Known, Needs, Quantity, Recording, mappings, maps,
)
from harness.lab import Lab
from harness.lab.helpers.program import waiting_program

PROGRAM = "/programs/probe"

LDSO_FIRST = Claim(
    "ldso-runs-first", "For a dynamically linked program, the first user-space instruction after exec is in the dynamic "
    "loader, which maps the libraries before main.", ALLOCATION,
    known=(Known(CONFIRMED, "fs/binfmt_elf.c, load_elf_binary: with PT_INTERP the entry is the interpreter's (v6.12); "
                            "ld.so(8)"),))


def is_loader(mapping: maps.Mapping) -> bool:
    return "/ld-" in mapping.path


def procedure(lab: Lab) -> None:
    pattern = lab.probe("pattern")
    loader = next(mapping.path for mapping in lab.mappings(pattern) if is_loader(mapping))
    static = lab.mount_tmpfs() + "/static"
    file = pattern.create_file(static, lab.page_size)
    pattern.write_text(file, waiting_program(lab.architecture, lab.page_size, lab.page_size))
    pattern.close(file)         # a file that somebody has open for writing can't be executed
    pattern.chown(static, 0, 0, 0o755)
    programs = {"dynamic": (PROGRAM,), "loader": (loader, PROGRAM), "static": (static,)}
    held = {name: lab.probe(name, held=True, program=words) for name, words in programs.items()}
    for name, probe in held.items():
        lab.record(name, probe.first_instruction)
    lab.sample("exec")
    for name in ("dynamic", "loader"):
        held[name].release()    # it answers from main, which loads nothing
    lab.agent.call("release", held["static"].number)
    lab.hand.sleep(100_000_000)
    lab.sample("main")


def begins_in_loader(name: str) -> Quantity:
    """1 if the mapping of the first instruction is the loader's."""
    def picks(recording: Recording, mapping: maps.Mapping) -> bool:
        return is_loader(mapping) and mapping.covers(recording.records[name])

    return mappings(name, "exec", picks, f"first instructions in the loader, “{name}”")


def mapped_libraries(name: str) -> Quantity:
    def library(_: Recording, mapping: maps.Mapping) -> bool:
        return ".so" in mapping.path and mapping.execute and not is_loader(mapping)

    return (mappings(name, "main", library, "") - mappings(name, "exec", library, "")).called(
        f"libraries mapped between exec and main, “{name}”")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(changes=("mount",)),
    rate=0,
    expects=(
        Expect(LDSO_FIRST, begins_in_loader("dynamic"),
               if_true=Exactly(1, "in a mapping of the loader"), if_false=Exactly(0, "in another"),
               reads_true=begins_in_loader("loader"), reads_false=begins_in_loader("static"),
               says="The first instruction of a dynamic program {value:was|was not} in the loader."),
        Expect(LDSO_FIRST, mapped_libraries("dynamic"),
               if_true=AtLeast(1, "the C library at least"), if_false=AtMost(0, "none came after the kernel was done"),
               reads_true=mapped_libraries("loader"), reads_false=mapped_libraries("static"),
               says="Between exec and main {value} libraries were mapped."),
    ),
)
