"""At the limit of overcommit mode 2, is every further mapping refused, whatever its kind?

In mode 2 a process maps until not one page more is granted. Then it asks for a page of each kind: those that are
charged (writable, shared anonymous, writable private file) and those that are not (read-only, inaccessible, shared
file). Counted is how many kinds are granted before and at the limit.
"""

from experiments.sections import OVERCOMMIT
from harness.claims import REFUTED, AtLeast, Claim, Exactly, Expect, Experiment, Known, Needs, Quantity, Recorded, Settings
from harness.lab import ANONYMOUS, PRIVATE, READ, SHARED, WRITE, Lab

EVERYTHING = Claim(
    "oc2-refuses-everything", "Mode 2: at the limit every further mapping is refused, whatever its kind.", OVERCOMMIT,
    known=(Known(REFUTED, "mm/mmap.c, accountable_mapping (v5.10 to v6.12); mm/vma.c, accountable_mapping (v7.2): only private "
                          "writable mappings (and shmem objects) are charged; Documentation/mm/overcommit-accounting.rst, "
                          "“How It Works” (v6.1 to v7.2)"),),
    instead="Only private writable mappings and shared memory are charged in mode 2: read-only, inaccessible (PROT_NONE) and "
            "shared file mappings can still be made at the limit.")
# Kind → protection, flags, whether of a file.
UNCHARGED = {"read-only anonymous": (READ, PRIVATE | ANONYMOUS, False),
             "inaccessible anonymous": (0, PRIVATE | ANONYMOUS, False),
             "read-only private file": (READ, PRIVATE, True), "writable shared file": (READ | WRITE, SHARED, True)}
CHARGED = {"writable anonymous": (READ | WRITE, PRIVATE | ANONYMOUS, False),
           "shared anonymous": (READ | WRITE, SHARED | ANONYMOUS, False),
           "writable private file": (READ | WRITE, PRIVATE, True)}


def procedure(lab: Lab) -> None:
    probe = lab.probe("probe")
    file = probe.create_file(lab.mount_disk() + "/file", lab.page_size)
    lab.sysctl("vm.overcommit_memory", 2)

    def grants(name: str, kinds: dict[str, tuple[int, int, bool]]) -> None:
        answers = {}
        for kind, (protection, flags, of_file) in kinds.items():
            reply = probe.attempt.mmap(lab.page_size, protection=protection, flags=flags, fd=file if of_file else -1)
            answers[kind] = reply.error
            if not reply.error:
                probe.munmap(reply.value, lab.page_size)
        lab.record(f"{name}: errno of each", answers)
        lab.record(name, sum(not error for error in answers.values()))

    grants("charged kinds before", CHARGED)
    lab.sample("before")
    probe.map_all(lab.counter("meminfo:CommitLimit"))
    lab.sample("at the limit")
    grants("charged kinds at the limit", CHARGED)
    grants("other kinds at the limit", UNCHARGED)


def granted(name: str) -> Quantity:
    return Recorded(name, "kinds", title=f"granted {name}")


EXPERIMENT = Experiment(
    procedure,
    rate=0,
    settings=Settings(overcommit=0),
    writes=("overcommit",),
    needs=Needs(changes=("sysctl", "mount"), throwaway=True),
    expects=(Expect(
        EVERYTHING, granted("other kinds at the limit"),
        if_true=Exactly(0, "every mapping is refused"), if_false=AtLeast(1, "one kind that is granted is enough"),
        reads_true=granted("charged kinds at the limit"), reads_false=granted("charged kinds before"),
        says=f"With not a page left to charge, {{value}} of {len(UNCHARGED)} kinds of mapping were granted: "
             f"{', '.join(UNCHARGED)}."),),
)
