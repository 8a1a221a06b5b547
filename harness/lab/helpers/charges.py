"""Charges: what a memory group's counters may be off, as each processor keeps some of them to itself."""

# Pages that are charged ahead, and by which memory.stat lags: MEMCG_CHARGE_BATCH (include/linux/memcontrol.h, v6.12); 32 in 5.10.
BATCH = 64
