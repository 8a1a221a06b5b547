"""VmRSS: by how many pages it may be off what a process has resident."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.lab.probe import Probe

# Pages by which VmRSS may be off where a fault brings one: each thread keeps 64 to itself, and what the fault adds that finds so
# many and the one that follows it (mm/memory.c, check_sync_rss_stat; v5.10, v6.1), or each processor a batch of 32
# (lib/percpu_counter.c, compute_batch_value; since 6.2), unless these are summed up, which Debian's 6.12 and 7.2 do
# (fs/proc/task_mmu.c, get_mm_counter_sum, v6.12, v7.2).
OFF = 66


def tell(probe: Probe) -> None:
    """Makes so many faults that the probe's thread adds what it kept to itself to the numbers of its process: of a read of a file
    each fault brings up to 16 pages (mm/memory.c, do_fault_around)."""
    probe.map(2 * OFF * probe.page_size).fill().unmap()
