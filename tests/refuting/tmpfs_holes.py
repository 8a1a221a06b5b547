"""Pages of a tmpfs file: one that a write did not make, one that was replaced, holes that reading fills."""

from harness.false_evidence.made import Made

N = 1024
SHMEM = {"hole": 0, "hole read": 0, "written": N, "mapped": N, "read": N, "written again": N, "copied": N,
         "hole mapped": 2 * N}
GOOD = Made(
    counters={moment: {"meminfo:Shmem": 4 * pages} for moment, pages in SHMEM.items()},
    records={"read of the hole": 4096 * N, "read again": 4096 * N, "written again": N},
    pages={**{moment: {"file": {"shmem": N}} for moment in ("mapped", "read", "written again")},
           "written again": {"file": {"shmem": N}, "private": {"shmem": N}}, "copied": {"private": {"absent": N}}})
MADE = GOOD.but(counters={"hole read": {"meminfo:Shmem": 4 * N}})
KEPT = "tmpfs-overwrite-in-place"

CONFIRMS = {"tmpfs-write-hole-allocates": GOOD, KEPT: GOOD, "tmpfs-read-hole-allocates": MADE}
REFUTES = {"tmpfs-write-hole-allocates": GOOD.but(counters={"written": {"meminfo:Shmem": 4 * (N - 1)}}),
           KEPT: GOOD.but(pages={"written again": {"file": {"shmem": N - 1, "absent": 1}}}),
           "tmpfs-read-hole-allocates": MADE.but(counters={"hole read": {"meminfo:Shmem": 4 * (N - 1)}})}
