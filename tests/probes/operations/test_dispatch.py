"""What stands around every operation."""

from __future__ import annotations

import errno
import os

import pytest
from probes._native import ffi, lib

from harness.agent import wire
from harness.errors import LabError
from harness.lab.probe import Probe
from tests.probes.on_host import SIZE


def test_refusals_carry_their_errno(probe: Probe) -> None:
    assert probe.attempt.mmap(1 << 60).error == errno.ENOMEM
    assert probe.attempt.open("/nonexistent").error == errno.ENOENT
    with pytest.raises(LabError, match="ENOENT"):
        probe.open("/nonexistent")
    assert probe.attempt.run("none_such" if "none_such" in wire.OPERATIONS else "hello").error == errno.ENOSYS


def test_every_answer_has_its_faults_and_its_time(probe: Probe) -> None:
    probe.map(SIZE).fill()  # a first fill touches pages of the program itself too
    region = probe.map(SIZE)
    filled = probe.fill(region.address, SIZE)
    assert (filled.minor_faults, filled.major_faults) == (16, 0)
    assert probe.fill(region.address, SIZE).minor_faults == 0
    slept = probe.sleep(20_000_000)
    assert 20_000_000 <= slept.nanoseconds < 10_000_000_000
    assert slept.began > filled.began > 0


def carry_out(operation: int, *arguments: int) -> tuple[int, int]:
    """Has this very process carry out an operation: its error and its value."""
    asked = ffi.new("struct request *", {"operation": operation, "argument": list(arguments)})
    text, out, reply = ffi.new("char[8]"), ffi.new("char[8192]"), ffi.new("struct reply *")
    lib.carry_out(asked, text, out, 8192, -1, reply)
    return reply.error, reply.value


def test_a_value_is_given_without_an_error_only() -> None:
    assert carry_out(lib.OP_pid) == (0, os.getpid())
    assert carry_out(lib.OP_brk, 0)[1] > 0
    assert carry_out(lib.OP_malloc_many, 10_000, 8) == (errno.E2BIG, 0)


@pytest.mark.parametrize("number", [lib.OP_NONE, lib.OP_hello, lib.OP_power_off, lib.OP_LIMIT, 65535])
def test_a_number_that_is_nobodys_is_refused(number: int) -> None:
    assert carry_out(number) == (errno.ENOSYS, 0)
