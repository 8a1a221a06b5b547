"""Architectures of processors: all that differs between them for guests, probes, kernels and experiments, as data.

Whoever needs such a thing takes it from here, and asks for no architecture by its name. A size of pages is a kernel's, not an
architecture's (arm64 has three): the machine tells it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import UsageError


@dataclass(frozen=True)
class SystemCalls:
    """Numbers of the system calls that experiments look for in traces, and of those that a probe itself makes around an
    operation (read to clock_gettime), as the C library makes them."""

    brk: int
    mmap: int
    pread: int
    pwrite: int
    read: int
    write: int
    writev: int
    getrusage: int
    clock_gettime: int


@dataclass(frozen=True)
class Board:
    """What QEMU's guests of an architecture are made of.

    types: QEMU's word for the type of machine, for one node and for several, and the end of virtio devices' names there.
    model: the processor under TCG. arguments: of the kernel, and, under TCG, more of
    them. clocks: the clock sources that a boot may end with. registers: the
    pattern, in QEMU's list of them, of where the processor is (`at`), and whether it is halted (`halted`) where the list tells
    it. devices, console: the options by which a kernel finds its devices, and writes to the serial port. early: the argument
    for words before that.
    """

    qemu: str
    package: str
    types: tuple[tuple[str, str], tuple[str, str]]
    model: str
    arguments: str
    tcg_arguments: str
    clocks: tuple[str, ...]
    registers: str
    devices: str
    console: str
    early: str

    def arguments_under(self, accelerator: str) -> str:
        """Gives the kernel's arguments that it needs under an accelerator of QEMU's."""
        return self.arguments if accelerator == "kvm" else f"{self.arguments} {self.tcg_arguments}".strip()


@dataclass(frozen=True)
class Architecture:
    """An architecture.

    name: Debian's word for it. machine: as `uname -m` tells it. bits: of an address. prefix: of the compiler's and linker's
    names, and of Debian's packages of them. native_on: the machines whose processors run its programs and kernels as their
    own. elf: the machine's number in elf(5). o_direct: of open(2). pause: machine code that waits for ever. arguments: the
    registers of a function's first four, for trace probes. zones: of a machine with less than 4 GiB, the lowest first.
    """

    name: str
    machine: str
    bits: int
    prefix: str
    native_on: tuple[str, ...]
    elf: int
    o_direct: int
    calls: SystemCalls
    pause: bytes
    arguments: tuple[str, ...]
    zones: tuple[str, ...]
    board: Board

    @property
    def is_native(self) -> bool:
        """Says whether this host's compiler makes its programs."""
        return self.machine == host_machine()

    @property
    def compiler(self) -> str:
        """Names the C compiler that makes its programs here."""
        return "cc" if self.is_native else f"{self.prefix}-gcc"

    @property
    def compiler_packages(self) -> str:
        """Names Debian's packages of that compiler, and of the C library that it links with."""
        return "gcc libc6-dev" if self.is_native else f"gcc-{self.prefix.replace('_', '-')} libc6-dev-{self.name}-cross"


def host_machine() -> str:
    """Tells what this host is, as `uname -m` does."""
    return os.uname().machine


# Why each argument stands there: console: the log; reboot=t: by a triple fault, the one way out that microvm has (without it
# a panicked guest hangs); tsc_early_khz: calibrating the TSC hangs on microvm (vm-facts: 2 of 3 boots lost on some kernels);
# TCG's TSC runs at no rate of its own, but KVM's is the processor's, which kvm-clock tells (arch/x86/kernel/kvmclock.c): any
# other would be wrong there; tsc=reliable: no watchdog over the TSC, which on a busy host fails it against the late timer
# interrupts of TCG and leaves refined-jiffies (measured at load 5: 3 of 3 boots of 5.10 with the watchdog, none without);
# cma=0: Debian sets 64 MiB aside on ARM, which count as free and are not for everyone.
# -cx16: QEMU 7.2's TCG corrupts the flags around cmpxchg16b (vm-facts: 2 of 14 boots of 6.12 oopsed). -erms, -fsrm: TCG
# carries out rep movsb byte by byte; without them the kernel copies words (measured on 6.12: writing 64 MiB to tmpfs 0.80 s
# with, 0.36 s without; reading it back 0.23 s and 0.04 s). pauth-impdef: the architecture's own algorithm of pointer
# authentication costs TCG more than all else (QEMU's docs/system/arm/cpu-features.rst). its=off: nothing here sends messages
# as interrupts, and its tables would take memory.
PC = Board(
    qemu="qemu-system-x86_64",
    package="qemu-system-x86",
    types=(("microvm,rtc=on", "device"), ("q35", "pci")),  # microvm has no NUMA
    model="max,-cx16,-erms,-fsrm",
    arguments="console=ttyS0 reboot=t tsc=reliable",
    tcg_arguments="tsc_early_khz=2600000",
    clocks=("tsc", "kvm-clock"),
    registers=r"\b[RE]IP=(?P<at>[0-9a-f]+).*?\bHLT=(?P<halted>[01])",
    devices="CONFIG_ACPI",
    console="CONFIG_SERIAL_8250_CONSOLE",
    early="earlyprintk=serial,ttyS0",
)
VIRT = "virt,gic-version={gic},its=off"
ARM = Board(
    qemu="qemu-system-aarch64",
    package="qemu-system-arm",
    types=((VIRT, "device"), (VIRT, "device")),
    model="max,pauth-impdef=on",
    arguments="console=ttyAMA0 cma=0",
    tcg_arguments="",
    clocks=("arch_sys_counter",),
    registers=r"\bPC=(?P<at>[0-9a-f]+)",
    devices="CONFIG_OF",
    console="CONFIG_SERIAL_AMBA_PL011_CONSOLE",
    early="earlycon",
)

AMD64 = Architecture(
    name="amd64",
    machine="x86_64",
    bits=64,
    prefix="x86_64-linux-gnu",
    native_on=("x86_64",),
    elf=62,
    o_direct=0o40000,
    # arch/x86/entry/syscalls/syscall_64.tbl
    calls=SystemCalls(brk=12, mmap=9, pread=17, pwrite=18, read=0, write=1, writev=20, getrusage=98, clock_gettime=228),
    pause=bytes.fromhex("b822000000 0f05 ebf7"),  # mov eax,34 (pause); syscall; jmp to the beginning
    arguments=("%di", "%si", "%dx", "%cx"),
    zones=("dma", "dma32"),  # arch/x86/mm/init.c, zone_sizes_init (v6.12)
    board=PC,
)
I386 = Architecture(
    name="i386",
    machine="i686",
    bits=32,
    prefix="i686-linux-gnu",
    native_on=("x86_64", "i686"),
    elf=3,
    o_direct=0o40000,
    # syscall_32.tbl; mmap2, whose offset is in pages; clock_gettime64
    calls=SystemCalls(brk=45, mmap=192, pread=180, pwrite=181, read=3, write=4, writev=146, getrusage=77, clock_gettime=403),
    pause=bytes.fromhex("b81d000000 cd80 ebf7"),  # mov eax,29 (pause); int 0x80; jmp to the beginning
    arguments=("%ax", "%dx", "%cx", "$stack1"),  # -mregparm=3 (arch/x86/Makefile)
    zones=("dma", "normal", "highmem"),
    board=PC,
)
ARM64 = Architecture(
    name="arm64",
    machine="aarch64",
    bits=64,
    prefix="aarch64-linux-gnu",
    native_on=("aarch64",),
    elf=183,
    o_direct=0o200000,  # arch/arm64/include/uapi/asm/fcntl.h; x86's number is its O_DIRECTORY
    # include/uapi/asm-generic/unistd.h
    calls=SystemCalls(brk=214, mmap=222, pread=67, pwrite=68, read=63, write=64, writev=66, getrusage=165, clock_gettime=113),
    # mov w8,73 (ppoll: it has no pause); x0 to x4 zero; svc 0; b to the beginning
    pause=bytes.fromhex("28098052 000080d2 010080d2 020080d2 030080d2 040080d2 010000d4 f9ffff17"),
    arguments=("%x0", "%x1", "%x2", "%x3"),
    zones=("dma",),  # all below 4 GiB (arch/arm64/mm/init.c, zone_sizes_init; v6.12)
    board=ARM,
)
ALL: Mapping[str, Architecture] = {one.name: one for one in (AMD64, ARM64, I386)}


def board_of(qemu: str) -> Board:
    """Gives the board whose guests that QEMU runs."""
    return next(one.board for one in ALL.values() if one.board.qemu == qemu)


def named(name: str) -> Architecture:
    """Finds an architecture by Debian's word for it. Raises UsageError for one that the lab has no guests for."""
    if name not in ALL:
        raise UsageError(f"architecture {name!r}", "there are no guests of it", f"there are {', '.join(ALL)}")
    return ALL[name]


def of_machine(machine: str) -> Architecture:
    """Finds an architecture by what `uname -m` tells. Raises UsageError for one that the lab does not know."""
    found = next((one for one in ALL.values() if one.machine == machine), None)
    if found is None:
        known = ", ".join(one.machine for one in ALL.values())
        raise UsageError(f"architecture {machine!r}", "the lab does not know it", f"it knows {known}")
    return found


def of_host() -> Architecture:
    """Gives this host's architecture, which is the guests' where none is named. Raises UsageError for one that the lab does
    not know."""
    return of_machine(host_machine())
