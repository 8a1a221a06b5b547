"""Snapshots of booted guests, and guests restored from them: a fresh kernel in a few hundredths of a second.

A snapshot is a directory of the cache: `ram` (the guest's memory, sparse; of one with two nodes `ram0` and `ram1`),
`state` (its devices) and `info.json`, which vouches for both by their digests.
Its key covers all that went into the guest; trial N is restored from snapshot N, each of a boot of its own.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness import cache
from harness.agent.agent import greet, patience
from harness.errors import MachineLost
from harness.machine import disks, initramfs
from harness.machine.guest import qemu, vm
from harness.machine.guest.confinement import confinement
from harness.machine.guest.process import Qemu
from harness.machine.guest.qemu import Memory, Shape
from harness.machine.kernels.kernel import Kernel
from harness.machine.processes import fleet

# Bytes on disk that all snapshots may take together; the one unused for longest goes first.
LIMIT = 16 << 30
RESTORE_SECONDS = 20
# What `unfit` asks of a boot, as a number: whoever changes it raises the number, and snapshots are made anew.
FITNESS_VERSION = 3
CLOCK_SECONDS = 10
SHARED = [{"capability": "x-ignore-shared", "state": True}]  # memory stays in its file, the state is 70 KB


def key(kernel: Kernel, shape: Shape, accelerator: str) -> str:
    """Names exactly this guest: kernel, initramfs, disks, QEMU and its arguments."""
    _, digest = initramfs.make(kernel, ((name, Path(path)) for name, path in shape.programs))
    words = qemu.command_line(kernel, shape, Path("initramfs"), accelerator, Memory(Path("ram")))
    images = [(disk, disks.digest(disk, kernel.page_size)) for disk in shape.disks]
    confined = confinement(disks.tool(words[0]))  # whose the memory's files are
    return cache.name_of(words, kernel.digest, digest, qemu.version(words[0]), confined, images, FITNESS_VERSION)


def clocksource(guest: vm.VM) -> str:
    """Names the clock that a guest goes by; "" where it does not tell."""
    reply = guest.hand.attempt.slurp("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    return reply.text.decode().strip()


def unfit(guest: vm.VM) -> str | None:
    """Says why a boot is unfit to be copied, None if it is fit: a clock that can be relied on, no oops.

    One unlucky boot would bias every clone of it (vm-facts: a guest with clocksource refined-jiffies).
    """
    if (clock := clocksource(guest)) not in guest.kernel.architecture.board.clocks:
        return f"clocksource {clock}"
    return "an oops on its console" if "Call Trace" in guest.console() else None


def _settle(guest: vm.VM) -> None:
    """Lets the kernel finish what it does after boot: RCU, deferred initialisation, the clock's calibration (the TSC
    takes over from tsc-early a second or more after boot, later on a busy host)."""
    deadline = time.monotonic() + patience(CLOCK_SECONDS)
    while True:
        guest.hand.attempt.sleep(500_000_000)
        if clocksource(guest) in guest.kernel.architecture.board.clocks or time.monotonic() > deadline:
            return


def _save(guest: vm.VM, directory: Path) -> None:
    # The kernel makes its boot id when it is first asked for it (drivers/char/random.c, proc_do_uuid, v6.12): asked before
    # it is saved, all clones of this boot have the same one, and two boots never do.
    guest.hand.slurp("/proc/sys/kernel/random/boot_id")
    guest.qemu.monitor("stop")
    guest.qemu.monitor("migrate-set-capabilities", capabilities=SHARED)
    with open(directory / "state", "wb") as state:
        guest.qemu.give_file("state", state.fileno())
    guest.qemu.monitor("migrate", uri="fd:state")
    deadline = time.monotonic() + patience(RESTORE_SECONDS)
    while (status := guest.qemu.monitor("query-migrate").get("status")) != "completed":
        if status == "failed" or time.monotonic() > deadline:
            raise guest.qemu.lost(f"its snapshot could not be saved (migration {status})")
        time.sleep(0.005)


def _make(kernel: Kernel, shape: Shape, accelerator: str, directory: Path, console: Path | None) -> None:
    with cache.workplace(directory) as temporary:
        for _ in range(vm.BOOT_TRIES):
            memory = Memory(temporary / "ram")
            with vm.boot(kernel, shape, accelerator, console or temporary / "console.log", memory) as guest:
                _settle(guest)
                reason = unfit(guest)
                if reason is None:
                    _save(guest, temporary)
                    break
        else:
            raise MachineLost(f"kernel {kernel.release}", f"no boot was fit for a snapshot: {reason}", "use --fresh-boot")
        _describe(temporary, kernel, guest)
        cache.discard(directory)
        temporary.rename(directory)


def _names(directory: Path) -> list[str]:
    return ["state", *sorted(path.name for path in directory.glob("ram*"))]  # a file for each node: "ram0", "ram1"


def _describe(directory: Path, kernel: Kernel, guest: vm.VM) -> None:
    digests = {name: cache.digest_of(directory / name) for name in _names(directory)}
    _vouch(directory, {"release": kernel.release, "boots": guest.boots, "made": time.time(), "digests": digests})


def _vouch(directory: Path, info: dict[str, Any]) -> None:
    """Writes that the files are what their digests say, in the state that they are in now."""
    info["states"] = {name: cache.state_of(directory / name) for name in info["digests"]}
    with cache.replacing(directory / "info.json") as new:
        new.write_text(json.dumps(info))


def _is_whole(directory: Path) -> bool:
    """Says whether a snapshot is there, whole, and as it was written. It is read only where its files' states are others than
    the last time."""
    if not (directory / "info.json").exists():
        return False
    try:
        info = json.loads((directory / "info.json").read_text())
        digests, states = dict(info["digests"]), dict(info["states"])
        changed = [name for name in digests if states.get(name) != cache.state_of(directory / name)]
        if sorted(digests) != sorted(_names(directory)):
            raise ValueError
        if any(cache.digest_of(directory / name) != digests[name] for name in changed):
            raise ValueError
        if changed:
            _vouch(directory, info)
    except (OSError, ValueError, KeyError, TypeError):
        cache.warn_once(f"snapshot {directory}: it is damaged, and is made anew")
        return False
    return True


def directory_of(kernel: Kernel, shape: Shape, accelerator: str, number: int) -> Path:
    """Gives the directory where the snapshot of boot `number` (0…) is, or would be."""
    return cache.directory("snapshots", key(kernel, shape, accelerator)) / str(number)


def ensure(kernel: Kernel, shape: Shape, accelerator: str, number: int, console: Path | None = None) -> Path:
    """Gives the snapshot of boot `number` (0…), made if it is missing, damaged or stale. console: where the log of a boot
    is kept that this takes (default: it goes with the boot)."""
    directory = directory_of(kernel, shape, accelerator, number)
    if not _is_whole(directory):
        with cache.lock(directory.with_name(f"{number}.lock"), f"snapshot {directory}", fleet.check):
            if not _is_whole(directory):
                _make(kernel, shape, accelerator, directory, console)
                clear(keep=directory)
    os.utime(directory / "info.json")
    return directory


class Waiting:
    """A clone that was launched and waits for its `resume`. Until then it takes some 70 MB and, once it is `ready`, no
    processor. Closed by whoever launched it; that ends a guest that came of it too."""

    def __init__(self, kernel: Kernel, shape: Shape, accelerator: str, directory: Path, console: Path) -> None:
        self.kernel, self.shape, self.accelerator = kernel, shape, accelerator
        archive, _ = initramfs.make(kernel, ((name, Path(path)) for name, path in shape.programs))
        words = qemu.command_line(kernel, shape, archive, accelerator, Memory(directory / "ram", private=True))
        self._loaded = False
        self._state = open(directory / "state", "rb")  # noqa: SIM115 - closed by close()
        try:
            files = (self._state.fileno(),)
            self.process = Qemu(words, console, accelerator=accelerator, incoming=True, files=files)
        except BaseException:
            self._state.close()
            raise

    def ready(self) -> None:
        """Returns once the snapshot is loaded: all that can be done before the guest goes on. It stands still, as it was
        saved. Raises MachineLost for a snapshot that can't be loaded."""
        if self._loaded:
            return
        self.process.monitor("migrate-set-capabilities", capabilities=SHARED)
        self.process.monitor("migrate-incoming", uri=f"fd:{self._state.fileno()}")
        deadline = time.monotonic() + patience(RESTORE_SECONDS)
        while self.process.monitor("query-status")["status"] == "inmigrate":
            if time.monotonic() > deadline:
                raise self.process.lost("its snapshot could not be loaded")
            time.sleep(0.001)
        self._loaded = True

    def resume(self) -> vm.VM:
        """Lets the guest go on from where its snapshot was taken, and gives it."""
        self.ready()
        self.process.monitor("cont")
        agent, info = greet(self.process, patience(RESTORE_SECONDS))
        vm.require_booted(self.kernel, info)
        guest = vm.VM(self.kernel, self.shape, self.accelerator, self.process, agent, info, restored=True)
        vm.set_clock_and_randomness(guest)
        return guest

    def close(self) -> None:
        """Ends the clone, or the guest that came of it."""
        self._state.close()
        self.process.close()


def launch(kernel: Kernel, shape: Shape, accelerator: str, number: int, console: Path) -> Waiting | None:
    """Launches a clone of boot `number`, which waits; gives None if there is no whole snapshot of it (`restore` makes one)."""
    directory = directory_of(kernel, shape, accelerator, number)
    if not _is_whole(directory):
        return None
    os.utime(directory / "info.json")
    return Waiting(kernel, shape, accelerator, directory, console)


def restore(kernel: Kernel, shape: Shape, accelerator: str, number: int, console: Path, waiting: Waiting | None = None) -> vm.VM:
    """Gives a guest that goes on where boot `number` stood; `waiting`: one that was launched for it. A snapshot that can't be
    loaded is made anew, once."""
    if waiting:
        try:
            return waiting.resume()
        except (MachineLost, OSError):
            fleet.check()
            waiting.close()
            cache.discard(directory_of(kernel, shape, accelerator, number))
    booting = console.with_name(f"{console.name.removesuffix('.log')}.boot.log")
    directory = ensure(kernel, shape, accelerator, number, booting)
    fresh = Waiting(kernel, shape, accelerator, directory, console)
    try:
        return fresh.resume()
    except BaseException:
        fresh.close()
        raise


def size(directory: Path) -> int:
    """Counts the bytes on disk of a snapshot's files (they are sparse): of those that are left, where another process clears."""
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            with suppress(OSError):
                total += os.stat(os.path.join(folder, name)).st_blocks * 512
    return total


def clear(limit: int = LIMIT, keep: Path | None = None) -> None:
    """Removes the snapshots that were unused for longest until the rest takes `limit` bytes at most, and what killed processes
    have left. keep: the one that is needed now."""
    cache.sweep()
    used: dict[Path, float] = {}
    for info in cache.place("snapshots").glob("*/*/info.json"):
        with suppress(OSError):  # another process clears too
            used[info.parent] = info.stat().st_mtime
    total = sum(size(path) for path in used)
    for path in sorted(used, key=lambda path: used[path]):
        if total <= limit:
            return
        if path != keep:
            total -= size(path)
            cache.discard(path)
