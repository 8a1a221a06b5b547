"""What an experiment's procedure works with: one machine, its sandboxes and probes, and the recording of it all."""

from __future__ import annotations

import contextlib
import os
import stat
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from harness.agent import wire
from harness.agent.operations import TMPFS_MAGIC, numbers
from harness.agent.target import hand_of
from harness.claims import settings as pinned
from harness.claims.needs import Needs
from harness.claims.settings import Settings
from harness.errors import LabError, Skip
from harness.evidence import recording
from harness.evidence.recording import Recorder
from harness.lab import sampler
from harness.lab.file_on_device import FileOnDevice
from harness.lab.probe import Probe, Region, SystemCall
from harness.lab.sandbox import Sandbox, prepare
from harness.linux import counters, maps, pages
from harness.linux.sizes import MIB

if TYPE_CHECKING:
    from harness.machine.machine import Machine

PROBE = "/programs/probe"
TRACING = "/sys/kernel/tracing"
# Without them ext4 reads bitmaps and initialises tables when it likes (measured: Cached +48, Buffers +28 KiB at
# random); noatime: a read would dirty the inode.
EXT4 = "noinit_itable,no_prefetch_block_bitmaps"
MS_NOATIME = 1024


class Absent(Skip):
    """The kernel does not have the setting that this cell is about: there is no row for it."""


class Lab:
    """The lab bench of one arm of one trial.

    hand: carries out operations outside every sandbox. page_size, memory (MemTotal): bytes. arm: which way of the
    procedure this is. settings: as read back from the kernel.
    """

    def __init__(self, machine: Machine, recorder: Recorder, needs: Needs, settings: Settings, arm: str = "") -> None:
        self.machine, self.recorder, self.arm, self.needs = machine, recorder, arm, needs
        self.agent = machine.agent
        self.page_size = machine.info.page_size
        self.hand = hand_of(self.agent, recorder.event)
        self.sampler = sampler.Sampler(self.agent, recorder)
        self._sandboxes: list[Sandbox] = []
        self._mounted: list[str] = []
        self._swaps: list[str] = []
        self._malloc = settings.malloc
        prepare(self.hand, machine.groups)
        self.settings = self._pin(settings)
        for name, path in counters.MACHINE.items():
            self.sampler.watch(name, path)
        self.memory = counters.keyed(self.read("/proc/meminfo").encode())["MemTotal"] * 1024

    # Settings -----------------------------------------------------------------------------------------------------

    def _pin(self, settings: Settings) -> dict[str, str | None]:
        """Sets what is pinned and reads every setting back. Raises Absent where the kernel has no such setting."""
        for name, path in pinned.PATHS.items():
            value, text = settings.pins().get(path), self.find(path)
            if value is None or name in {*self.machine.pinned, *self.machine.left} or pinned.stands(name, text, value):
                continue
            reply = self.hand.attempt.put(path, value)
            if reply.error and name == "lru" and settings.lru == "mglru":
                raise Absent("this kernel has no multi-generational LRU")
            if reply.error and text is not None and name != "thp":
                raise LabError(path, f"{value} can't be set: {os.strerror(reply.error)}", "run as root")
        found: dict[str, str | None] = {name: pinned.read_back(name, self.find(path)) for name, path in pinned.PATHS.items()}
        return {
            **found,
            **self.machine.pinned,
            "malloc": settings.malloc,
            "memory": str(self.needs.memory),
            "cpus": str(self.needs.cpus),
        }

    def start(self, **fields: Any) -> None:
        """Writes the recording's first event: the machine, the kernel's boot, the settings."""
        info = self.machine.info
        self.recorder.event(
            "start",
            machine={
                "name": self.machine.name,
                "release": info.release,
                "version": info.version,
                "arch": info.arch,
                "page_size": info.page_size,
                "cpus": info.cpus,
                "accelerator": self.machine.accelerator,
                "boot": self.read("/proc/sys/kernel/random/boot_id").strip(),
                "boots": self.machine.boots,
                "restored": self.machine.restored,
                "command_line": self.read("/proc/cmdline").strip(),
                "memory": self.memory,
                **self.machine.facts,
            },
            settings=self.settings,
            arm=self.arm,
            **fields,
        )
        if library := self.machine.environment(self._malloc).get("LD_PRELOAD"):
            # The loader only warns of a library that it can't preload: the probe would use glibc's allocator.
            pattern = self.probe("allocator")
            self.require(any(mapping.path == library for mapping in self.mappings(pattern)), f"probes load {library}")
            pattern.end()

    # Files and settings of the machine ------------------------------------------------------------------------------

    def read(self, path: str) -> str:
        """A file of the machine's, whole. Raises LabError if it can't be read."""
        return self.hand.slurp(path).text.decode(errors="replace")

    def find(self, path: str) -> str | None:
        """A file's text, None if the machine has no such file."""
        reply = self.hand.attempt.slurp(path)
        return None if reply.error else reply.text.decode(errors="replace")

    def read_bytes(self, path: str) -> bytes:
        """A file of any size, whole."""
        found = b""
        while piece := self.hand.slurp(path, 0, 0, len(found)).text:
            found += piece
        return found

    def write(self, path: str, text: str) -> None:
        self.hand.put(path, text)

    def sysctl(self, name: str, value: object) -> None:
        """sysctl("vm.drop_caches", 1)"""
        self.write("/proc/sys/" + name.replace(".", "/"), str(value))

    def drop_caches(self, what: int) -> None:
        self.sysctl("vm.drop_caches", what)

    def sync(self) -> None:
        self.hand.sync()

    def device(self, name: str) -> str:
        """The block device of a disk that the experiment needs."""
        return self.machine.device(name)

    def sectors(self, name: str) -> tuple[int, int]:
        """How many sectors of 512 bytes a disk has read and written so far (Documentation/block/stat.rst)."""
        fields = self.read(f"/sys/block/{self.device(name).rsplit('/', 1)[-1]}/stat").split()
        return int(fields[2]), int(fields[6])

    def mount(self, source: str, target: str, kind: str, options: str = "", flags: int = 0) -> str:
        """Mounts a file system on a new directory, until the trial ends: the directory."""
        self.hand.attempt.mkdir(target)
        self.hand.mount(source, target, kind, options, flags)
        self._mounted.append(target)
        return target

    def mount_tmpfs(self, name: str = "tmpfs", options: str = "huge=never") -> str:
        return self.mount("tmpfs", f"/mnt/{name}", "tmpfs", options)

    def mount_ramfs(self, name: str = "ramfs", options: str = "") -> str:
        return self.mount("ramfs", f"/mnt/{name}", "ramfs", options)

    def mount_shm(self) -> str:
        """Where POSIX shared memory is (shm_overview(7)): mounted as systems do it, unless this one has done it."""
        if self.hand.attempt.statfs("/dev/shm").value != TMPFS_MAGIC:
            self.mount("tmpfs", "/dev/shm", "tmpfs", "huge=never")
        return "/dev/shm"

    def mount_disk(self, name: str = "disk") -> str:
        """The ext4 disk of that name, on /mnt/NAME."""
        self.hand.attempt.mkdir(f"/mnt/{name}")
        device = self.device(name)
        if self.hand.attempt.mount(device, f"/mnt/{name}", "ext4", EXT4, MS_NOATIME).error:
            self.hand.mount(device, f"/mnt/{name}", "ext4", "", MS_NOATIME)  # a kernel without those options
        self._mounted.append(f"/mnt/{name}")
        return f"/mnt/{name}"

    def swapon(self, name: str = "swap", size: int | None = None) -> str:
        """Switches a swap disk on (only its first `size` bytes), until the trial ends: its device."""
        device = self.device(name)
        if size is not None:
            self.make_swap(device, size)
        self.hand.swapon(device)
        self._swaps.append(device)
        return device

    def make_swap(self, path: str, size: int) -> None:
        """Makes a swap area of `size` bytes in a file or on a device that is there, as mkswap does."""
        fields = struct.pack("III", 1, size // self.page_size - 1, 0)  # include/linux/swap.h, union swap_header
        header = bytes(1024) + fields
        fd = self.hand.open(path, os.O_RDWR).value
        self.hand.write_text(fd, header.ljust(self.page_size - 10, b"\0") + b"SWAPSPACE2")
        self.hand.fsync(fd)
        self.hand.close(fd)

    def kernel_log(self) -> str:
        """What the kernel has logged so far, a record a line (Documentation/ABI/testing/dev-kmsg)."""
        return self.hand.slurp("/dev/kmsg", 0, os.O_NONBLOCK).text.decode(errors="replace")

    # Sandboxes and probes -------------------------------------------------------------------------------------------

    def sandbox(self, name: str = "box", **limits: Any) -> Sandbox:
        """A new group with limits in bytes (see Sandbox); its counters are sampled from now on as "NAME/…"."""
        box = Sandbox(self.hand, self.machine.groups, name, **limits)
        self._sandboxes.append(box)
        for file in counters.SANDBOX:
            self.sampler.watch(f"{name}/{file}", f"{box.path}/{file}")
        return box

    @property
    def sandboxes(self) -> tuple[Sandbox, ...]:
        """All that were made; of one that was removed nothing can be read."""
        return tuple(self._sandboxes)

    def probe(
        self,
        name: str = "probe",
        sandbox: Sandbox | None = None,
        *,
        uid: int = 0,
        held: bool = False,
        environment: Mapping[str, str] | None = None,
        program: Sequence[str] = (PROBE,),
    ) -> Probe:
        """A new probe, born in the sandbox (or outside of any); its counters are sampled as "NAME/…". program: the
        words that start it, as `program_on_disk` gives them for one whose text lies elsewhere. held: it stands at its
        exec, before its first instruction, until `release` or `trace`."""
        variables = {**self.machine.environment(self._malloc), **(environment or {})}
        words = [*program, str(self.machine.info.agent_pid)]
        number, pid = self.agent.spawn(
            words, group=sandbox.path if sandbox else "", uid=uid, gid=uid, held=held, environment=variables
        )
        self.recorder.event("probe", name=name, pid=pid, sandbox=sandbox.name if sandbox else None, uid=uid)
        probe = Probe(self.agent, number, name, self.recorder.event, pid, self.page_size)
        if held:
            probe.first_instruction = self.agent.call("release", number, 1).value  # waits until it stands at its exec
        else:
            probe.run("pid")  # its loader is done once it answers: nothing of it falls into what is measured
        self.sampler.watch_process(name, pid)
        return probe

    def program_on_disk(self, directory: str) -> tuple[str, ...]:
        """Copies the probe's program, its loader and its libraries to a directory of a mounted disk and syncs them:
        the words that start a probe whose whole text lies there. /programs/probe lies in a ramfs, whose pages are
        never reclaimed."""
        pattern = self.probe("pattern")
        copies = {
            mapping.path: f"{directory}/{mapping.path.rsplit('/', 1)[-1]}" for mapping in self.mappings(pattern) if mapping.inode
        }
        pattern.end()
        for path, copy in copies.items():
            self.hand.copy(path, copy)
        self.sync()
        loader = next(copy for copy in copies.values() if "/ld-" in copy)
        return (loader, "--library-path", directory, copies[PROBE])

    def mappings(self, probe: Probe) -> list[maps.Mapping]:
        """The mappings of a probe as they stand now."""
        return maps.parse(self.read(f"/proc/{probe.pid}/maps"))

    def fork(self, parent: Probe, name: str = "child") -> Probe:
        """A child of a probe, by fork: driven like any other probe."""
        number = self.agent.next_target()
        return self._child(parent, name, number, parent.run("fork", number).value)

    def try_fork(self, parent: Probe, name: str = "child") -> tuple[int, Probe | None]:
        """A fork that the kernel may refuse: its errno, and the child if there is one."""
        number = self.agent.next_target()
        reply = parent.attempt.run("fork", number)
        if reply.error or reply.ended is not None:
            return reply.error, None
        return 0, self._child(parent, name, number, reply.value)

    def _child(self, parent: Probe, name: str, number: int, pid: int) -> Probe:
        self.recorder.event("probe", name=name, pid=pid, parent=parent.name)
        self.sampler.watch_process(name, pid)
        return Probe(self.agent, number, name, self.recorder.event, pid, self.page_size)

    def kill_by_oom(self, name: str = "victim") -> None:
        """An OOM kill on purpose: a probe fills more than its own small group may hold. The reference that reads
        “something was killed”."""
        victim = self.probe(name, self.sandbox(f"{name}-box", limit=16 * MIB, swap=0))
        memory = victim.map(64 * MIB)
        victim.attempt.fill(memory.address, memory.length)
        self.require(not victim.alive, f"{name} is killed at its group's limit")

    def run_traced(self, *words: str) -> tuple[int, list[SystemCall]]:
        """Runs a program to its end, outside every sandbox: its wait status and its system calls."""
        number, _ = self.agent.spawn(list(words), held=True)
        self.agent.call("trace", number, 1)
        status = self.agent.wait_exit(number)
        calls = [SystemCall(*entry) for entry in wire.syscalls(self.agent.call("trace", number, 0).text)]
        self.recorder.event("program", words=words, status=status, calls=len(calls))
        return status, calls

    # Readings -------------------------------------------------------------------------------------------------------

    def sample(self, name: str, pages: Mapping[str, str | Region | Sequence[Region]] | None = None) -> None:
        """Reads every counter at a named moment; with `pages`, what each page of a file (by path) or of a region, or
        of several one after the other, is."""
        self._refresh()
        self.sampler.named(name)
        for label, what in (pages or {}).items():
            if isinstance(what, str):
                kind, data = self.file_pages(what)
            else:
                regions = (what,) if isinstance(what, Region) else what
                kind, data = "pagemap", b"".join(self.region_pages(region) for region in regions)
            self.recorder.event("pages", sample=name, label=label, kind=kind, data=recording.encode(data))

    def _refresh(self) -> None:
        self.hand.attempt.put("/proc/sys/vm/stat_refresh", "1")  # folds the per-cpu parts into the counters

    def sample_idle(self) -> None:
        """The trial's own noise floor: after a dry sample two with nothing in between."""
        self._refresh()
        self.sampler.dry()
        for pause in (0, self.machine.idle):
            if pause:
                self.hand.sleep(pause)
            self._refresh()
            self.sampler.idle()

    def file_pages(self, path: str) -> tuple[str, bytes]:
        """mincore of a whole file or block device: a byte a page, through a mapping that touches nothing."""
        fd = self.hand.open(path, os.O_RDONLY).value
        state = numbers(self.hand.fstat(fd).text)
        size = state[4]
        if stat.S_ISBLK(state[2]):  # stat knows no size of it
            size = int(self.read(f"/sys/class/block/{path.rsplit('/', 1)[-1]}/size")) * 512
        address = self.hand.mmap(size, protection=1, flags=1, fd=fd).value
        vector = self.hand.mincore(address, size).text
        self.hand.munmap(address, size)
        self.hand.close(fd)
        return "mincore", vector

    def on_device(self, path: str, disk: str = "disk") -> FileOnDevice:
        """A clean file of a mounted disk as it lies on the device from now on."""
        return FileOnDevice(self.hand, path, self.device(disk), self.page_size)

    def region_pages(self, region: Region) -> bytes:
        """A struct page (probes/wire.h) for each page of a region."""
        step = wire.TEXT_LIMIT // pages.ENTRY_SIZE
        count = -(-region.length // self.page_size)
        parts = [
            self.agent.call("pages", region.probe.pid, region.address + first * self.page_size, min(step, count - first)).text
            for first in range(0, count, step)
        ]
        return b"".join(parts)

    def counter(self, name: str) -> int:
        """A counter of the machine's as it stands now, in bytes if it is an amount of memory. For the procedure's own
        decisions; what decides a claim is read from samples. Raises LabError if there is none of that name."""
        source, key = counters.source_and_key(name)
        value = counters.file_of(source).parse(self.read(counters.MACHINE[source]).encode()).get(key)
        if value is None:
            raise LabError(f"counter {name}", "this kernel has none of that name", "name another in the experiment")
        unit = {"KiB": 1024, "pages": self.page_size}.get(counters.unit_of(name), 1)
        return value * unit

    def drain_lru(self) -> None:
        """Empties the per-cpu batches on their way to the LRU lists (up to 31 pages a processor lag otherwise).

        Compaction does it on every processor, but what it isolated goes back through this processor's batch (5.10:
        Unevictable was 32 pages short); taking a mapping down empties that (mm/mmap.c, unmap_region: lru_add_drain).
        """
        self.write("/proc/sys/vm/compact_memory", "1")
        address = self.hand.mmap(self.page_size).value
        self.hand.munmap(address, self.page_size)

    def has_event(self, event: str) -> bool:
        """Whether the kernel has a trace event, named as in "vmscan:mm_vmscan_kswapd_wake"."""
        return not self.hand.attempt.stat(f"{TRACING}/events/{event.replace(':', '/')}").error

    @contextlib.contextmanager
    def trace(self, name: str, *events: str, pid: int | None = None, kib: int = 16384) -> Iterator[list[str]]:
        """Records these trace events (of one process, if a pid is given) during a block, as the text `name`:
        harness/linux/trace_events.py reads it, and the list that the block gets holds it afterwards. kib: the buffer's
        size; what does not fit is lost, and the text says so.
        Skips where the kernel lacks one of the events."""
        missing = [event for event in events if not self.has_event(event)]
        if missing:
            raise Skip(f"this kernel has no trace event {missing[0]}")
        instance = f"{TRACING}/instances/{name.replace(' ', '-')}"
        self.hand.mkdir(instance)
        try:
            self.write(f"{instance}/buffer_size_kb", str(kib))
            if pid is not None:
                self.write(f"{instance}/set_event_pid", str(pid))
            for event in events:
                self.write(f"{instance}/events/{event.replace(':', '/')}/enable", "1")
            found: list[str] = []
            yield found
            self.write(f"{instance}/tracing_on", "0")
            text = b""
            # A record that has been read is gone from the pipe: so far, as much as one reply holds.
            while part := self.hand.slurp(f"{instance}/trace_pipe", 0, os.O_NONBLOCK).text:
                text += part
            found.append(text.decode(errors="replace"))
            self.record(name, found[0])
        finally:
            self.hand.attempt.rmdir(instance)

    def skip(self, why: str) -> NoReturn:
        """The machine lacks what the procedure needs, as it turned out only now."""
        raise Skip(why)

    def record(self, name: str, value: Any) -> None:
        """Keeps a reading of the procedure's own: a number, a text, or a list or object of such."""
        self.recorder.event("record", name=name, value=value)

    def require(self, condition: bool, what: str) -> None:
        """A precondition of the procedure: without it the trial is broken, it says nothing."""
        if not condition:
            raise LabError(
                "procedure",
                f"its precondition did not come about: {what}",
                "see the run's evidence; more memory or time may help",
            )

    # The end ----------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Undoes all of it: sandboxes with their probes, swap, mounts."""
        for box in reversed(self._sandboxes):
            box.remove()
        self.agent.kill_all()
        for device in self._swaps:
            self.hand.attempt.swapoff(device)
        for target in reversed(self._mounted):
            self.hand.attempt.umount(target, 2)


__all__ = ["Absent", "Lab", "Skip"]
