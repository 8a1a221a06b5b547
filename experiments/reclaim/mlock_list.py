"""Are mlocked pages linked on an LRU list of their own?

No memory is used: the running kernel's own description of its types (BTF) is read. A page is on a list by the links that
its struct has for it (lru). Looked for is a member that puts something else in their place, the count of mlocks
(mlock_count): where it is, an mlocked page has no links to be on a list by. A member that shares the place of the links in
every kernel, and one that no kernel has, are the references.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, REFUTED, AtLeast, Claim, Derived, Exactly, Expect, Experiment, Known, Needs, Quantity, Recording, Types,
)
from harness.lab import Lab

BTF = "/sys/kernel/btf/vmlinux"
OWNERS = ("page", "folio")      # folios came with 5.16; the pages of a kernel without them are struct page

ON_A_LIST = Claim(
    "mlock-on-a-list", "mlocked pages are linked on an LRU list of their own, the Unevictable list.", RECLAIM,
    known=(Known(CONFIRMED, "include/linux/mmzone.h, LRU_UNEVICTABLE; mm/mlock.c, mlock_vma_page (v5.10)", until="5.18"),
           Known(REFUTED, "include/linux/mm_types.h, mlock_count; mm/mlock.c, __mlock_folio (v6.12): the list is imaginary "
                          "since 07ca76067308 (v5.18), the place of its links counts the mlocks", since="5.18")),
    instead="Read Mlocked and Unevictable in /proc/meminfo to see how much is locked: since 5.18 no list stands behind that "
            "number.",
    discovery="Documents and graphs go on to speak of an Unevictable list that holds no page: include/linux/mm_types.h (since "
              "v5.18), mlock_count lies where the links of a list would.")


def procedure(lab: Lab) -> None:
    lab.sample("before")
    types = Types(lab.read_bytes(BTF))
    for name in (*OWNERS, "path"):
        lab.record(name, types.members(name))
    lab.sample("after")


def having(member: str, *owners: str) -> Quantity:
    def function(recording: Recording) -> int | None:
        found = [recording.records.get(owner) for owner in owners]
        return None if not any(found) else sum(member in {name for name, _ in members} for members in found if members)
    return Derived(f"of {' and '.join(owners)}, those with a member {member}", function, "types")


EXPERIMENT = Experiment(
    procedure,
    needs=Needs(files=(BTF,), root=False),
    rate=0,
    expects=(Expect(
        ON_A_LIST, having("mlock_count", *OWNERS),
        if_true=Exactly(0, "the links of a page are nothing but links: a locked one can be on a list"),
        if_false=AtLeast(1, "the place of the links counts the mlocks of a page that is on no list"),
        reads_true=having("mlock_count", "path"), reads_false=having("lru", *OWNERS),
        says="In {value} of the kernel's types of pages a count of mlocks takes the place of the list's links."),),
)
