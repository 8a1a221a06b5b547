"""What are the overcommit settings of a kernel that nobody has set, and how do ratio and kbytes meet?

The three settings are read in a guest where nobody has set them. Then values are written to each and read back, with
the commit limit that follows. At last the ratio is written, then kbytes, then the ratio again, and after each both
are read.
"""

from experiments.sections import OVERCOMMIT
from harness.claims import (
    CONFIRMED, Claim, Counter, Exactly, Expect, Experiment, Guard, Known, Needs, Not, Quantity, Recorded, Settings,
)
from harness.lab import Lab

MODE = Claim("overcommit-default-0", "The default mode is 0.", OVERCOMMIT,
             known=(Known(CONFIRMED, "mm/util.c: sysctl_overcommit_memory = OVERCOMMIT_GUESS, which is 0 (v6.12)"),))
RATIO = Claim("oc2-default-ratio-50", "The default ratio is 50 and can be changed.", OVERCOMMIT,
              known=(Known(CONFIRMED, "mm/util.c: sysctl_overcommit_ratio = 50, and its handler (v6.12)"),))
EXCLUSIVE = Claim(
    "overcommit-kbytes-exclusive", "overcommit_kbytes and overcommit_ratio exclude each other: writing one sets the "
    "other to 0.", OVERCOMMIT,
    known=(Known(CONFIRMED, "mm/util.c, overcommit_ratio_handler and overcommit_kbytes_handler (v6.12); "
                            "Documentation/admin-guide/sysctl/vm.rst"),))
WRITTEN = {"memory": (1, 0), "ratio": (37, 50, 0), "kbytes": (100_000, 0)}
OTHER = 37


def procedure(lab: Lab) -> None:
    look(lab, "at first")
    for name, values in WRITTEN.items():
        for value in values:
            lab.sysctl(f"vm.overcommit_{name}", value)
            look(lab, f"{name} = {value}")
    lab.sysctl("vm.overcommit_ratio", OTHER)
    look(lab, "before kbytes")
    lab.sysctl("vm.overcommit_kbytes", 100_000)
    look(lab, "after kbytes")
    lab.sysctl("vm.overcommit_ratio", OTHER)
    look(lab, "after ratio")


def look(lab: Lab, moment: str) -> None:
    lab.sample(moment)
    for name in WRITTEN:
        lab.record(f"{name} {moment}", int(lab.read(f"/proc/sys/vm/overcommit_{name}")))


def value(name: str, moment: str) -> Quantity:
    return Recorded(f"{name} {moment}", "%" if name == "ratio" else "", title=f"overcommit_{name} {moment}")


def off_by(ratio: int, moment: str) -> Quantity:
    return (Counter("meminfo:CommitLimit", moment) - Counter("meminfo:MemTotal", moment) * ratio // 100
            ).called(f"CommitLimit {moment} less {ratio} % of RAM", "pages")


def reads(claim: Claim, name: str, moment: str, wanted: int, other: int, says: str) -> Expect:
    """A setting reads as wanted; after writing that very value and another one it reads them too."""
    return Expect(claim, value(name, moment), if_true=Exactly(wanted, "the claim names it"),
                  if_false=Not(wanted, "another value"), reads_true=value(name, f"{name} = {wanted}"),
                  reads_false=value(name, f"{name} = {other}"), says=says)


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    settings=Settings(overcommit=None),
    writes=("overcommit", "overcommit_ratio"),
    # Throw-away: on an installed system somebody may have set them before.
    needs=Needs(changes=("sysctl",), throwaway=True),
    guards=(Guard(value("ratio", "before kbytes"), Exactly(OTHER), "what is 0 before can't be set to 0"),
            Guard(value("kbytes", "after kbytes"), Exactly(100_000), "what is 0 before can't be set to 0")),
    expects=(
        reads(MODE, "memory", "at first", 0, 1, "Before anyone wrote it, overcommit_memory was {value}."),
        reads(RATIO, "ratio", "at first", 50, OTHER, "Before anyone wrote it, overcommit_ratio was {value}."),
        Expect(RATIO, off_by(OTHER, f"ratio = {OTHER}"),
               if_true=Exactly(0, "the limit follows the ratio, to the page"), if_false=Not(0, "it does not"),
               reads_true=off_by(50, "at first"), reads_false=off_by(OTHER, "at first"),
               says=f"Set to {OTHER}, it moved the limit to {{value:±pages above|pages below|exactly}} that share."),
        reads(EXCLUSIVE, "ratio", "after kbytes", 0, OTHER, "Writing overcommit_kbytes left the ratio at {value}."),
        reads(EXCLUSIVE, "kbytes", "after ratio", 0, 100_000, "Writing overcommit_ratio left the kbytes at {value}."),
    ),
)
