"""Does the OOM report tell of a victim's memory what /proc/PID/status did, and all of it?

In a group of 64 MiB a process holds anonymous memory and a locked file, and in one case shared memory as well. Its
/proc/PID/status is read, then another process, which is no candidate, asks for the rest until the first one is
killed. The sizes in the kernel's report are compared with the status. In a third case the status is read once before
part of the memory is given back, which shows how a difference reads.
"""

from experiments.sections import RECLAIM
from harness.claims import (
    CONFIRMED, KIB, MIB, REFUTED, Claim, Expect, Experiment, Known, Needs, Outside, Quantity, Recorded, Within, of_small_pages,
)
from harness.lab import Lab, Probe
from harness.lab.helpers.oom import NEVER, Reported, Witness, exhaust_group, occupy

LIMIT, ANONYMOUS, FILE, SHARED, GONE = 64 * MIB, 24 * MIB, 8 * MIB, 16 * MIB, 8 * MIB
NEAR = 256      # KiB, the claim's
FIELDS = {"total-vm": "VmSize", "anon-rss": "RssAnon", "file-rss": "RssFile"}

THREE = Claim(
    "oom-report-three-fields", "The OOM report divides a victim's resident memory into exactly anon-rss and file-rss.",
    RECLAIM, known=(Known(REFUTED, "mm/oom_kill.c, __oom_kill_process: shmem-rss too since eca56ff906bd (v4.5)",
                          since="4.5"),),
    instead="Add shmem-rss, which the report has since 4.5, to anon-rss and file-rss: the victim's shared memory and tmpfs "
            "pages are there.")
ADDS_UP = Claim(
    "oom-report-adds-up", "total-vm, anon-rss and file-rss of the OOM report are what /proc/PID/status said of the victim "
    "just before (to within 256 KiB, on a machine of one processor).", RECLAIM,
    known=(Known(CONFIRMED, "mm/oom_kill.c, __oom_kill_process and fs/proc/task_mmu.c, task_mem: the same counters of "
                            "the same mm (v5.10, v6.12); the status has them exact since commit 82241a83cd15"),))


def status(lab: Lab, name: str, probe: Probe) -> None:
    rows = dict(line.split(":", 1) for line in lab.read(f"/proc/{probe.pid}/status").splitlines())
    for field in ("VmRSS", *FIELDS.values()):
        lab.record(f"{name}: {field}", int(rows[field].split()[0]))


def procedure(lab: Lab) -> None:
    witness, disk = Witness(lab), lab.mount_disk()
    for name in ("private", "shared", "shrunk"):
        with lab.sandbox(name, memory_max=LIMIT, memory_swap_max=0) as box:
            victim, asking = occupy(lab, name, ANONYMOUS, box), occupy(lab, f"{name}: asking", 0, box, adj=NEVER)
            # Locked, or the group would reclaim it before it kills.
            file = victim.map(FILE, shared=True, fd=victim.create_file(f"{disk}/{name}", FILE)).lock()
            if name == "shared":
                victim.map(SHARED, shared=True).fill()
            anonymous = victim.map(GONE).fill()
            lab.sync()
            status(lab, f"{name} first", victim)
            if name == "shrunk":
                anonymous.unmap()
                file.part(0, FILE // 2).unmap()
            status(lab, name, victim)
            exhaust_group(lab, box, asking, LIMIT)
            witness.record(name, victim)


def said(name: str, field: str) -> Quantity:
    return Recorded(f"{name}: {field}", "KiB", title=f"{field} of /proc/PID/status, {name}")


def unexplained(name: str, before: str) -> Quantity:
    return said(before, "VmRSS") - Reported(name, "anon-rss") - Reported(name, "file-rss")


def off(field: str, name: str, before: str) -> Quantity:
    return Reported(name, field) - said(before, FIELDS[field])


# Of the victim “shrunk” 8 MiB of anonymous memory and 4 MiB of the file went away between two readings of its status:
# the first must not agree with the report.
EXPERIMENT = Experiment(
    procedure,
    rate=0,
    premises=(of_small_pages(THREE), of_small_pages(ADDS_UP)),          # 256 KiB are what 64 pages of 4 KiB may lag
    needs=Needs(memory=256 * MIB, changes=("mount",), throwaway=True),
    expects=(
        Expect(THREE, unexplained("shared", "shared").called("VmRSS less anon-rss and file-rss, of a victim with shmem"),
               if_true=Within(-NEAR, NEAR, "before 6.2 a task keeps the changes of up to 64 pages to itself (mm/memory.c, "
                                                "TASK_RSS_EVENTS_THRESH, v5.10, v6.1); since (commit f1a7941243c1) two counters "
                                                "lag by less than 32 pages each on one processor (lib/percpu_counter.c)"),
               if_false=Outside(-NEAR, NEAR, "resident memory that is in neither"),
               reads_true=unexplained("private", "private").called("the same of a victim without shmem"),
               reads_false=unexplained("shrunk", "shrunk first").called("the same with a status that is too old"),
               says=f"Of a victim with {SHARED // KIB:,} KiB of shared anonymous memory {{value}} KiB of VmRSS were in "
                    "neither field.",
               slack="VmRSS and the report are two readings of counters that lag by a batch, as above"),
        *(Expect(ADDS_UP, off(field, "private", "private").called(f"{field} less {proc}"),
                 if_true=Within(-NEAR, NEAR, "the claim's bound"), if_false=Outside(-NEAR, NEAR, "further off"),
                 reads_true=(said("private", proc) - said("private first", proc)).called(f"{proc} read twice, the difference"),
                 reads_false=off(field, "shrunk", "shrunk first").called(f"{field} less a {proc} that is too old"),
                 says=f"{field} was {{value:±KiB more than|KiB less than|exactly}} {proc}.",
                 reference_why="no report is known to be right: that two readings of a status agree is")
          for field, proc in FIELDS.items()),
    ),
)
