"""How much memory can a 32-bit process address?

The same small program, built for 32 and for 64 bits, maps address space that cannot be touched until no more is
granted, up to 16 GiB, and prints how much it got. The 64-bit one runs twice: free, and limited to 4 GiB by RLIMIT_AS.
"""

from experiments.sections import MEMORY
from harness.claims import (
    CONFIRMED, GIB, AtLeast, AtMost, Claim, Expect, Experiment, Known, Needs, Quantity, Recorded, pages,
)
from harness.lab import Lab
from probes.build import BUILD

RLIMIT_AS = 9       # include/uapi/asm-generic/resource.h
CANNOT_RUN = 127 << 8       # the wait status of a child whose exec failed (probes/operations/process.c, become)

AT_MOST_4G = Claim(
    "va-32bit-4g", "A 32-bit process can address at most 4 GiB.", MEMORY,
    known=(Known(CONFIRMED, "arch/x86/include/asm/page_64_types.h, IA32_PAGE_OFFSET: below 0xffffe000 (v6.12)"),))


def procedure(lab: Lab) -> None:
    """The same program built for 32 and for 64 bits maps all the address space that it gets, up to 16 GiB."""
    lab.sample("before")
    free, limited = lab.probe("free"), lab.probe("limited")
    limited.rlimit(RLIMIT_AS, 4 * GIB, 4 * GIB)
    for name, probe, program in (("32 bits", free, "reach32"), ("64 bits", free, "reach64"),
                                 ("64 bits, limited", limited, "reach64")):
        done = probe.execute(f"/programs/{program}")
        if name == "32 bits" and done.value == CANNOT_RUN:
            lab.skip("this kernel runs no 32-bit programs (CONFIG_IA32_EMULATION)")
        lab.require(done.value == 0, f"{program} finds out how much it has")
        lab.record(name, int(done.text.split()[0]))
    lab.sample("after")


def got(name: str) -> Quantity:
    return Recorded(name, "pages", title=f"pages of address space that a process of {name} got")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(programs=(str(BUILD / "reach32"), str(BUILD / "reach64")), root=False,
                architectures=("x86_64",)),
    rate=0,
    version=2,
    expects=(Expect(
        AT_MOST_4G, got("32 bits"),
        if_true=AtMost(pages(4 * GIB), "2 to the power of 32 bytes"),
        if_false=AtLeast(pages(4 * GIB) + 1, "one page more than 32 bits can address"),
        reads_true=got("64 bits, limited"), reads_false=got("64 bits"),
        says="A 32-bit process that mapped all it was granted had {value} pages of address space (at most {bound} pages)."),),
)
