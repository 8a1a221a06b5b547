"""KVM: what its proof waits for, what it is told of time, and a /dev/kvm that lies."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from harness.errors import MachineLost
from harness.linux.architecture import AMD64, PC
from harness.machine.guest import accelerator, heard
from harness.machine.guest.process import Qemu
from harness.machine.guest.qemu import Shape
from harness.machine.kernels import find


@dataclass
class Silent:
    """A process whose console is a file of the test's."""

    console: Path
    socket: socket.socket | None = None
    looked: list[float] = field(default_factory=list)

    def look(self) -> None:
        self.looked.append(time.monotonic())

    def lost(self, what: str) -> MachineLost:
        return MachineLost("guest", what)


def test_a_boot_is_waited_for_as_long_as_it_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(heard, "patience", lambda seconds: seconds)
    process = Silent(tmp_path / "console.log")
    process.console.write_bytes(b"")
    booting = heard.Heard(cast(Qemu, process), 10)
    now += 9
    booting.look()
    process.console.write_bytes(b"Decompressing Linux")
    now += 9
    booting.look()
    now += heard.SILENCE_SECONDS  # from the moment at which it was heard
    booting.look()
    now += 1
    with pytest.raises(MachineLost, match=f"it has said nothing for {heard.SILENCE_SECONDS} s"):
        booting.look()
    assert len(process.looked) == 4  # its process is looked at each time, too
    process.console.write_bytes(b"")
    booting = heard.Heard(cast(Qemu, process), 10)
    now += 11
    with pytest.raises(MachineLost, match="it has said nothing for 10 s"):
        booting.look()


def test_only_an_emulated_clock_is_told_its_rate() -> None:
    for quiet in (True, False):
        assert "tsc=reliable tsc_early_khz=2600000 " in Shape().kernel_arguments(PC, quiet, "tcg")
        assert "tsc_early_khz" not in Shape().kernel_arguments(PC, quiet, "kvm")


@pytest.mark.guest
def test_a_guest_that_answers_is_a_proof() -> None:
    assert accelerator.prove(find.by_name(), "tcg") == ""


@pytest.mark.guest
@pytest.mark.skipif(
    accelerator.promising(AMD64) is None or not os.access("/dev/kvm", os.R_OK | os.W_OK),
    reason="this host has no /dev/kvm that opens though its processor can't virtualise",
)
def test_a_kvm_that_lies_is_noticed() -> None:
    """It opens, and no guest answers: the proof says so, in its own words."""
    assert "guest: " in accelerator.prove(find.by_name())
