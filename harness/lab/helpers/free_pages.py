"""Pages that are free and not in MemFree: those that each processor keeps to itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.lab.lab import Lab

FRACTION = "/proc/sys/vm/percpu_pagelist_high_fraction"  # Documentation/admin-guide/sysctl/vm.rst; since 5.14
LEAST = 2000  # of a zone, a 2000th: of a gigabyte some hundred pages


@contextmanager
def kept_by_nobody(lab: Lab) -> Iterator[None]:
    """Has processors keep few pages during a block, so that what is freed is in MemFree.

    Since v6.7 each would keep up to an eighth of a zone (mm/page_alloc.c, nr_pcp_high, v6.12); before v5.14, without the setting,
    each keeps few."""
    before = lab.find(FRACTION)
    if before is not None:
        lab.write(FRACTION, str(LEAST))
    try:
        yield
    finally:
        if before is not None:
            lab.write(FRACTION, before.strip())
