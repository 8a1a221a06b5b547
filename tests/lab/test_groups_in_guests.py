"""Groups as users have them, in real guests: trees, moving a probe, controllers on request."""

from __future__ import annotations

import errno
from collections.abc import Iterator

import pytest

from harness.errors import LabError, Skip
from harness.lab.lab import Lab
from harness.linux.sizes import MIB
from harness.machine.kernels.kernel import Kernel
from tests.guests import every_kernel, lab_in

pytestmark = pytest.mark.guest

SIZE = 4 * MIB


@pytest.fixture(scope="module", params=every_kernel(), ids=lambda kernel: kernel.series)
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    kernel: Kernel = request.param
    with lab_in(kernel, tmp_path_factory.mktemp(kernel.series)) as found:
        yield found


def test_a_childs_memory_counts_in_its_parent_and_against_its_limit(lab: Lab) -> None:
    with lab.sandbox("parent", memory_max=16 * MIB, memory_swap_max=0) as parent:
        child = lab.sandbox("child", parent, memory_max=64 * MIB)
        grandchild = lab.sandbox("grandchild", child)
        probe = lab.probe("of the grandchild", grandchild)
        region = probe.map(SIZE).fill()
        assert region.check() == SIZE // lab.page_size
        for group in (parent, child, grandchild):
            assert int(group.read("memory.current") or 0) >= SIZE
        assert probe.attempt.fill(probe.map(32 * MIB).address, 32 * MIB).ended is not None
        assert "oom_kill 1" in (grandchild.read("memory.events") or "")
        assert "oom_kill 1" in (parent.read("memory.events") or "")
    assert lab.hand.attempt.stat(parent.path).error == errno.ENOENT


def test_a_group_with_processes_gets_no_children(lab: Lab) -> None:
    with lab.sandbox("inhabited") as box:
        lab.probe("inhabitant", box)
        with pytest.raises(LabError, match="'inhabited' holds processes"):
            lab.sandbox("too late", box)


def test_a_probe_is_moved_and_its_charge_stays(lab: Lab) -> None:
    with lab.sandbox("from") as old, lab.sandbox("to") as new:
        probe = lab.probe("moved", old)
        probe.map(SIZE).fill()
        new.move(probe)
        assert (new.read("cgroup.procs") or "").split() == [str(probe.pid)]
        assert int(old.read("memory.current") or 0) >= SIZE > int(new.read("memory.current") or 0)


def test_controllers_on_request(lab: Lab) -> None:
    with lab.sandbox("plain") as plain:
        assert plain.read("io.stat") is None
    with lab.sandbox("with io", controllers=("io",)) as box:
        assert box.read("io.stat") is not None
        assert "io" in (lab.sandbox("below it", box).read("cgroup.controllers") or "").split()
    with pytest.raises(Skip, match="none-such"):
        lab.sandbox("without", controllers=("none-such",))


def test_a_file_that_there_is_not(lab: Lab) -> None:
    with pytest.raises(LabError, match=r"memory\.maximum"):
        lab.sandbox("misspelt", memory_maximum=1)
