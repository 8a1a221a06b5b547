"""What is freed is in MemFree at once while no processor keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.lab.helpers.free_pages import FRACTION, kept_by_nobody
from harness.linux.sizes import MIB
from harness.machine.kernels.kernel import Kernel
from tests.guests import every_kernel, lab_in

SIZE = 64 * MIB


@pytest.mark.guest
@pytest.mark.parametrize("kernel", every_kernel(), ids=lambda kernel: kernel.series)
def test_freed_pages_are_in_memfree(kernel: Kernel, tmp_path: Path) -> None:
    with lab_in(kernel, tmp_path) as lab:
        before = lab.find(FRACTION)
        with kept_by_nobody(lab):
            memory = lab.probe("filled").map(SIZE).fill()
            free = lab.counter("meminfo:MemFree")
            memory.unmap()
            assert lab.counter("meminfo:MemFree") - free > SIZE * 9 // 10
        assert lab.find(FRACTION) == before
