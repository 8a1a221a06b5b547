"""How much do admin_reserve_kbytes and user_reserve_kbytes keep back, from whom, and in which mode?

The largest mapping that is granted is looked for, to the page, with the reserve at 0 and with 64 MiB of it, for an ordinary
user and for root, in modes 0 and 2: the difference is what is kept back. The same is looked for before and after another
process has mapped 64 MiB in mode 2, which is what keeping back reads like.
"""

from experiments.sections import OVERCOMMIT
from harness.claims import (
    CONFIRMED, GIB, KIB, MIB, REFUTED, AtMost, Case, Claim, Document, Known, Needs, Outside, Recorded, Settings, Small, Within,
    pages, table,
)
from harness.lab import NO_ACCESS, Lab

RESERVE, USER, LARGE = 64 * MIB, 1000, 4 * GIB
# The sum that is compared is folded when the mode is written; what processes map since is not in it (mm/util.c,
# overcommit_policy_handler), and a process's size is not only its one large mapping.
EDGE = 64
DOCUMENT = "Documentation/admin-guide/sysctl/vm.rst"
ADMIN, SINGLE = "admin_reserve_kbytes", "user_reserve_kbytes"

MODE_0 = Claim(
    "oc-admin-reserve-mode0", "admin_reserve_kbytes keeps memory back in mode 0 too.", OVERCOMMIT,
    known=(Known(REFUTED,
                 f"mm/util.c, __vm_enough_memory: OVERCOMMIT_GUESS returns before any reserve (v5.10 to v7.2); {DOCUMENT}, "
                          "admin_reserve_kbytes, says the other: “under the default overcommit 'guess' mode”"),),
    instead="Expect vm.admin_reserve_kbytes to do something in mode 2 only: since Linux 5.2 mode 0 refuses a request larger than "
            "RAM plus swap, and keeps nothing back.",
    document=Document(f"{DOCUMENT}, admin_reserve_kbytes (v5.10 to v7.2)",
                      "It is kept back in mode 2 alone: since 5.2 mode 0 refuses a single request larger than RAM and swap "
                      "together, and keeps no reserve."))
MODE_2 = Claim(
    "oc-admin-reserve-mode2", "In mode 2 an ordinary user cannot get the last admin_reserve_kbytes, root can.", OVERCOMMIT,
    known=(Known(CONFIRMED, f"mm/util.c, __vm_enough_memory: cap_sys_admin (v5.10 to v7.2); {DOCUMENT}, admin_reserve_kbytes"),))
ONE = Claim(
    "oc-user-reserve-single", "In mode 2 a single process of a user leaves min(a 32nd of its size, about 3 %, "
    "user_reserve_kbytes) free.",
    OVERCOMMIT,
    known=(Known(CONFIRMED,
                 f"mm/util.c, __vm_enough_memory: a 32nd of total_vm (v5.10 to v7.2); {DOCUMENT}, user_reserve_kbytes"),))


def kept(words: str, mode: int, uid: int, *, reserve: str = "", size: int = RESERVE, large: bool = False,
         other: bool = False) -> Case:
    """Records by how many pages the largest mapping gets smaller with a reserve of `size`, or, other, once another process has
    mapped that much. large: of a process that has reserved much address space."""
    def do(lab: Lab, at: str) -> None:
        probe, another = lab.probe(at, uid=uid), lab.probe(f"{at}, other")
        if large:
            probe.mmap(LARGE, protection=NO_ACCESS)
        before = {name: lab.read(f"/proc/sys/vm/{name}").strip() for name in (ADMIN, SINGLE)}
        for name in before:
            lab.sysctl(f"vm.{name}", 0)
        lab.sysctl("vm.overcommit_memory", mode)
        first = probe.largest_map(2 * lab.memory)
        if reserve:
            lab.sysctl(f"vm.{reserve}", size // KIB)
        if other:
            another.map(size)
        lab.record(at, (first - probe.largest_map(2 * lab.memory)) // lab.page_size)
        lab.record(f"{at}: size", int(lab.read(f"/proc/{probe.pid}/statm").split()[0]))
        lab.sysctl("vm.overcommit_memory", 0)
        for name, value in before.items():
            lab.sysctl(f"vm.{name}", value)
    return Case(words, do)


OTHER = kept("from an ordinary user in mode 2 by another process that maps 64 MiB", 2, USER, other=True)
ROOT_0 = kept("from root in mode 0 by admin_reserve_kbytes", 0, 0, reserve=ADMIN)
NOTHING, SOMETHING = AtMost(EDGE, "nothing"), Within(pages(RESERVE) - EDGE, pages(RESERVE) + EDGE, "all of it")
SHARE = 32          # mm/util.c, __vm_enough_memory: total_vm / 32 (v5.10 to v7.2)
EXPERIMENT = table(
    Small(MODE_0, "pages kept back", kept("from an ordinary user in mode 0 by admin_reserve_kbytes", 0, USER, reserve=ADMIN),
          OTHER, ROOT_0,
          SOMETHING, NOTHING, unit="pages",
          says="In mode 0 admin_reserve_kbytes of 64 MiB kept {value} pages back from an ordinary user."),
    Small(MODE_2, "pages kept back", kept("from an ordinary user in mode 2 by admin_reserve_kbytes", 2, USER, reserve=ADMIN),
          OTHER, ROOT_0,
          SOMETHING, NOTHING, unit="pages", key="user", says="In mode 2 it kept {value} pages back from an ordinary user,"),
    Small(MODE_2, "pages kept back", kept("from root in mode 2 by admin_reserve_kbytes", 2, 0, reserve=ADMIN), ROOT_0, OTHER,
          NOTHING, SOMETHING, unit="pages", key="root", says="and {value} from root."),
    Small(ONE, "pages kept back",
          kept("from a large process by user_reserve_kbytes of 64 MiB", 2, USER, reserve=SINGLE, large=True), OTHER,
          kept("from a small process by user_reserve_kbytes of 64 MiB", 2, USER, reserve=SINGLE), SOMETHING, NOTHING,
          unit="pages",
          key="reserve", says="user_reserve_kbytes of 64 MiB kept {value} pages back from a process of 4 GiB,"),
    Small(ONE, "pages kept back beyond a 32nd of the size",
          kept("from a large process by user_reserve_kbytes of 256 MiB", 2, USER, reserve=SINGLE, size=256 * MIB, large=True),
          kept("by another process that maps a 32nd of 4 GiB", 2, USER, size=LARGE // SHARE, other=True, large=True), OTHER,
          unit="pages", key="share", of=lambda at: Recorded(at) - Recorded(f"{at}: size") // SHARE,
          if_true=Within(-EDGE, EDGE, "a 32nd of its size, but for what the processes map meanwhile"),
          if_false=Outside(-EDGE, EDGE, "another share"),
          says="and one of 256 MiB {value:±pages more than|pages less than|just} a 32nd of its size."),
    settings=Settings(overcommit=0),
    version=2,
    writes=("overcommit", "admin_reserve_kbytes", "user_reserve_kbytes"),
    needs=Needs(disks=(), changes=("sysctl",), throwaway=True),
)
