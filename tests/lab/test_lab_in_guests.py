"""The bench of a trial in a real guest: what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from harness.agent.operations import numbers
from harness.errors import LabError
from harness.lab.lab import Lab
from harness.linux.sizes import MIB
from tests.guests import every_kernel, lab_in

pytestmark = pytest.mark.guest


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_in(every_kernel()[0], tmp_path_factory.mktemp("refused")) as found:
        yield found


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("sample", lambda lab: lab.sample("twice")),
        ("sample", lambda lab: lab.sample("twice with pages", pages={})),
        ("record", lambda lab: lab.record("twice", 1)),
        ("probe", lambda lab: lab.probe("twice")),
        ("sandbox", lambda lab: lab.sandbox("twice")),
    ],
    ids=["sample", "pages", "record", "probe", "sandbox"],
)
def test_a_second_of_one_name_is_refused(lab: Lab, kind: str, make: Callable[[Lab], object]) -> None:
    """Of two that share a name, some quantities would read the first and others the last."""
    make(lab)
    with pytest.raises(LabError, match=f"{kind} 'twice.*of that name already"):
        make(lab)


def test_a_second_child_of_one_name_is_refused(lab: Lab) -> None:
    parent = lab.probe("forking")
    assert lab.fork(parent, "child").alive
    for again in (lab.fork, lab.try_fork):
        with pytest.raises(LabError, match="probe 'child'"):
            again(parent, "child")


def test_a_second_trace_of_one_name_is_refused(lab: Lab) -> None:
    with lab.trace("traced", "exceptions:page_fault_user"):
        pass
    with pytest.raises(LabError, match="record 'traced'"), lab.trace("traced", "exceptions:page_fault_user"):
        pass


def test_kinds_share_no_names(lab: Lab) -> None:
    """A record may be called as the sample that it belongs to, and a label may stand in several samples."""
    region = lab.probe("of all kinds").map(lab.page_size).fill()
    for moment in ("of all kinds", "later"):
        lab.sample(moment, pages={"region": region})
    lab.record("of all kinds", 1)


def test_programs_lie_on_several_disks(lab: Lab) -> None:
    """The process that shows what a program is made of is started once, whatever it is asked for."""
    first, second = (lab.program_on_disk(lab.mount_tmpfs(name)) for name in ("first", "second"))
    assert [word.replace("/mnt/first", "/mnt/second") for word in first] == list(second)
    assert lab.probe("from a tmpfs", program=second).alive


def test_shared_memory_of_a_size(lab: Lab) -> None:
    """It lies over what is mounted there, and is gone at the end of the scope."""

    def blocks() -> int:
        return numbers(lab.hand.statfs("/dev/shm").text)[2]

    assert lab.mount_shm() == "/dev/shm"
    whole = blocks()
    with lab.scope():
        lab.mount_shm(MIB)
        assert blocks() == MIB // lab.page_size
    assert blocks() == whole
