"""A guest that waits for a debugger: it stands at its first instruction until it is let go."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.linux.sizes import MIB
from harness.machine import slots
from harness.machine.guest import qemu, vm
from harness.machine.guest.qemu import Shape
from harness.machine.kernels import boots, find
from harness.machine.processes import fleet

pytestmark = pytest.mark.guest


def connected(path: Path) -> socket.socket:
    """To QEMU's stub, which takes a moment to be there."""
    deadline = time.monotonic() + 30
    while True:
        stub = socket.socket(socket.AF_UNIX)
        stub.settimeout(30)
        try:
            stub.connect(str(path))
            return stub
        except OSError:
            stub.close()
            assert time.monotonic() < deadline, "QEMU waits for no debugger"
            time.sleep(0.05)


def test_stopped_until_continue(kernel: find.Kernel, tmp_path: Path) -> None:
    shape = Shape(memory=256 * MIB, disks=(), gdb=str(tmp_path / "gdb"))
    before = boots.recall(kernel)
    with ThreadPoolExecutor(1) as pool, fleet.running(), slots.Place():
        booting = pool.submit(vm.boot, kernel, shape, "tcg", tmp_path / "console.log")
        with connected(tmp_path / "gdb") as stub:
            stub.sendall(b"+$?#3f")  # why does it stand? (the remote protocol of gdb)
            reply = b""
            while b"#" not in reply:
                reply += stub.recv(4096)
            assert b"$T05" in reply  # a trap: it stands
            time.sleep(1)
            assert not booting.done()
            assert (tmp_path / "console.log").read_bytes() == b""
            stub.sendall(b"+$c#63")
            with booting.result(timeout=120) as guest:
                assert guest.info.release == kernel.release
                assert guest.agent.seconds > 86400
    assert boots.recall(kernel) == before  # time at a breakpoint says nothing of a boot


def test_a_port_or_a_socket() -> None:
    for given in ("1234", "/tmp/x"):
        words = qemu.command_line(find.by_name("6.12"), Shape(gdb=given), Path("i"), "tcg", qemu.Memory())
        assert any(qemu.file_word(given, "l") in word for word in words)
        assert words[words.index("-gdb") + 1] == "chardev:gdb"
        assert "-S" in words
    assert "-S" not in qemu.command_line(find.by_name("6.12"), Shape(), Path("i"), "tcg", qemu.Memory())
