"""What an experiment's procedure works with: one machine, its sandboxes and probes, and the recording of it all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from harness.agent import wire
from harness.agent.target import hand_of
from harness.claims.needs import Needs
from harness.claims.settings import Settings
from harness.errors import LabError, Skip
from harness.evidence import recording
from harness.evidence.recording import Recorder
from harness.lab import page_states, panic, tracing
from harness.lab.file_on_device import FileOnDevice
from harness.lab.pinning import pin
from harness.lab.probe import Probe, Region, SystemCall
from harness.lab.sampler import Sampler
from harness.lab.sandbox import Sandbox, prepare
from harness.lab.system import System
from harness.linux import architecture, counters, maps
from harness.linux.sizes import MIB

if TYPE_CHECKING:
    from harness.machine.machine import Machine

PROBE = "/programs/probe"


class Lab(System):
    """The lab bench of one arm of one trial.

    hand: carries out operations outside every sandbox. architecture: what its numbers are. page_size, memory (MemTotal): bytes.
    arm: which way of the procedure this is. settings: as read back from the kernel.
    """

    def __init__(self, machine: Machine, recorder: Recorder, needs: Needs, settings: Settings, arm: str = "") -> None:
        self.recorder, self.arm, self.agent = recorder, arm, machine.agent
        self._names: set[tuple[str, str]] = set()
        super().__init__(machine, hand_of(machine.agent, self._operation), needs.disks)
        self.sampler = Sampler(self.agent, recorder)
        self._sandboxes: list[Sandbox] = []
        self._malloc = settings.malloc
        prepare(self.hand, machine.groups)
        self.settings = pin(self, settings, needs)
        for name, path in counters.MACHINE.items():
            self.sampler.watch(name, path)
        self._own_counters = needs.counters
        for own in needs.counters:
            if not own.of_sandbox and not self.sampler.watch(own.name, own.path):
                self.skip(f"this kernel has no {own.path}")
        self.architecture = architecture.of_machine(machine.info.arch)
        self.memory = counters.keyed(self.read("/proc/meminfo").encode())["MemTotal"] * 1024

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

    def _take(self, kind: str, name: str) -> None:
        """Takes a name for a reading of this arm. Raises LabError for one that is taken: of two that share a name some
        quantities would read the first, others the last."""
        if (kind, name) in self._names:
            raise LabError(f"{kind} {name!r}", "the procedure has made one of that name already", "give each its own name")
        self._names.add((kind, name))

    def _operation(self, event: str, **fields: Any) -> None:
        """Records an operation that is over; one that has a name takes it."""
        if outcome := fields.get("outcome"):
            self._take("outcome", outcome)
        self.recorder.event(event, **fields)

    # Sandboxes and probes -------------------------------------------------------------------------------------------

    def sandbox(
        self, name: str = "box", parent: Sandbox | None = None, *, controllers: tuple[str, ...] = (), **files: int | str
    ) -> Sandbox:
        """Makes a group, below `parent` if one is given, and writes its files, by their names with _ for "."
        (memory_max=64 * MIB; see Sandbox); its counters are sampled from now on as "NAME/…", whatever its parent.
        controllers: "io" and "hugetlb", which no group has unless it asks for them."""
        self._take("sandbox", name)
        box = Sandbox(self.hand, self.machine.groups, name, parent, controllers, **files)
        self._sandboxes.append(box)
        watched = {f"{name}/{file}": file for file in counters.SANDBOX}
        box.removed = lambda: self.sampler.unwatch(watched)
        for source, file in watched.items():
            self.sampler.watch(source, f"{box.path}/{file}")
        for own in (one for one in self._own_counters if one.of_sandbox):
            watched[f"{name}/{own.name}"] = own.path
            if not self.sampler.watch(f"{name}/{own.name}", f"{box.path}/{own.path}"):
                self.skip(f"this kernel's groups have no {own.path}")
        return box

    @property
    def sandboxes(self) -> tuple[Sandbox, ...]:
        """Lists all that were made; of one that was removed nothing can be read."""
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
        """Starts a probe, born in the sandbox (or outside of any); its counters are sampled as "NAME/…". program: the
        words that start it, as `program_on_disk` gives them for one whose text lies elsewhere. held: it stands at its
        exec, before its first instruction, until `release` or `trace`."""
        self._take("probe", name)
        variables = {**self.machine.environment(self._malloc), **(environment or {})}
        words = [*program, str(self.machine.info.agent_pid)]
        number, pid = self.agent.spawn(
            words, group=sandbox.path if sandbox else "", uid=uid, gid=uid, held=held, environment=variables
        )
        self.recorder.event("probe", name=name, pid=pid, sandbox=sandbox.name if sandbox else None, uid=uid)
        probe = Probe(self.agent, number, name, self._operation, pid, self.page_size, self.architecture)
        if held:
            probe.first_instruction = self.agent.call("release", number, 1).value  # waits until it stands at its exec
        else:
            probe.run("pid")  # its loader is done once it answers: nothing of it falls into what is measured
        self.sampler.watch_process(name, pid)
        return probe

    def program_on_disk(self, directory: str) -> tuple[str, ...]:
        """Copies the probe's program, its loader and its libraries to a directory of a mounted disk, syncs them, and
        returns the words that start a probe whose whole text lies there. /programs/probe lies in a ramfs, whose pages
        are never reclaimed."""
        copies = {path: f"{directory}/{path.rsplit('/', 1)[-1]}" for path in self._program_files}
        for path, copy in copies.items():
            self.hand.copy(path, copy)
        self.sync()
        loader = next(copy for copy in copies.values() if "/ld-" in copy)
        return (loader, "--library-path", directory, copies[PROBE])

    @cached_property
    def _program_files(self) -> tuple[str, ...]:
        """Lists the files that a probe's process is made of, by one that is started for it."""
        pattern = self.probe("pattern")
        files = dict.fromkeys(mapping.path for mapping in self.mappings(pattern) if mapping.inode)
        pattern.end()
        return tuple(files)

    def mappings(self, probe: Probe) -> list[maps.Mapping]:
        """Reads the mappings of a probe as they stand now."""
        return maps.parse(self.read(f"/proc/{probe.pid}/maps"))

    def fork(self, parent: Probe, name: str = "child", flags: int = 0) -> Probe:
        """Forks a probe and returns the child, which is driven like any other probe. flags: of clone(2), for namespaces of its
        own (CLONE_NEWPID, CLONE_NEWIPC)."""
        number = self.agent.next_target()
        return self._child(parent, name, number, parent.run("fork", number, flags).value)

    def try_fork(self, parent: Probe, name: str = "child") -> tuple[int, Probe | None]:
        """Forks a probe, which the kernel may refuse, and returns errno, and the child if there is one."""
        number = self.agent.next_target()
        reply = parent.attempt.run("fork", number)
        if reply.error or reply.ended is not None:
            return reply.error, None
        return 0, self._child(parent, name, number, reply.value)

    def _child(self, parent: Probe, name: str, number: int, pid: int) -> Probe:
        self._take("probe", name)
        self.recorder.event("probe", name=name, pid=pid, parent=parent.name)
        self.sampler.watch_process(name, pid)
        return Probe(self.agent, number, name, self._operation, pid, self.page_size, self.architecture)

    def kill_by_oom(self, name: str = "victim") -> None:
        """Brings about an OOM kill: a probe fills more than its own small group may hold. It is the reference that
        reads “something was killed”."""
        victim = self.probe(name, self.sandbox(f"{name}-box", memory_max=16 * MIB, memory_swap_max=0))
        memory = victim.map(64 * MIB)
        victim.attempt.fill(memory.address, memory.length)
        self.require(not victim.alive, f"{name} is killed at its group's limit")

    def run_traced(self, *words: str) -> tuple[int, list[SystemCall]]:
        """Runs a program to its end, outside every sandbox, and returns its wait status and its system calls."""
        number, _ = self.agent.spawn(list(words), held=True)
        self.agent.call("trace", number, 1)
        status = self.agent.wait_exit(number)
        calls = [SystemCall(*entry) for entry in wire.syscalls(self.agent.call("trace", number, 0).text)]
        self.recorder.event("program", words=words, status=status, calls=len(calls))
        return status, calls

    # Time -----------------------------------------------------------------------------------------------------------

    def sleep(self, nanoseconds: int) -> int:
        """Sleeps, and gives for how long it was, in ns. Other guests may work in this one's place meanwhile; until it has one
        again its time stands still. So this is for a stretch in which next to nothing is done here: where a probe works for
        the whole of it, `lab.hand.sleep` keeps the place."""
        with self.machine.aside():
            return self.hand.sleep(nanoseconds).nanoseconds

    def quiet(self) -> AbstractContextManager[None]:
        """Has a processor for each guest that works during a block, as few as that may be: for what a busy host would spoil. It
        holds up all other guests, so it is for the decisive stretch alone."""
        return self.machine.quiet()

    # Readings -------------------------------------------------------------------------------------------------------

    def sample(
        self,
        name: str,
        pages: Mapping[str, str | Region | Sequence[Region]] | None = None,
        smaps: Mapping[str, Region] | None = None,
    ) -> None:
        """Reads every counter at a named moment; with `pages`, what each page of a file (by path) or of a region, or
        of several one after the other, is; with `smaps`, what /proc/PID/smaps says of the mappings that a region lies in."""
        self._take("sample", name)
        self._refresh()
        self.sampler.named(name)
        for label, what in (pages or {}).items():
            if isinstance(what, str):
                kind, data = self.file_pages(what)
            else:
                regions = (what,) if isinstance(what, Region) else what
                kind, data = "pagemap", b"".join(self.region_pages(region) for region in regions)
            self.recorder.event("pages", sample=name, label=label, kind=kind, data=recording.encode(data))

        for label, region in (smaps or {}).items():
            text = self.read_bytes(f"/proc/{region.probe.pid}/smaps").decode(errors="replace")
            found = maps.overlapping(text, region.address, region.address + region.length)
            self.recorder.event("smaps", sample=name, label=label, text=found)

    def _refresh(self) -> None:
        self.hand.attempt.put("/proc/sys/vm/stat_refresh", "1")  # folds the per-cpu parts into the counters

    def sample_idle(self) -> None:
        """Samples the trial's own noise floor: after a dry sample two with nothing in between."""
        self._refresh()
        self.sampler.dry()
        for pause in (0, self.machine.idle):
            if pause:
                self.hand.sleep(pause)
            self._refresh()
            self.sampler.idle()

    def file_pages(self, path: str) -> tuple[str, bytes]:
        """Reads which pages of a file or block device are resident: "mincore", and a byte a page."""
        return "mincore", page_states.read_file(self.hand, path, self.page_size)

    def region_pages(self, region: Region) -> bytes:
        """Reads a struct page (probes/wire.h) for each page of a region."""
        return page_states.read_range(self.agent, region.probe.pid, region.address, region.length, self.page_size)

    def on_device(self, path: str, disk: str = "disk") -> FileOnDevice:
        """Finds where a clean file of a mounted disk lies on the device, to look there from now on."""
        return FileOnDevice(self.hand, path, self.device(disk), self.page_size, self.architecture.o_direct)

    def has_event(self, event: str) -> bool:
        """Says whether the kernel has a trace event, named as in "vmscan:mm_vmscan_kswapd_wake"."""
        return tracing.has_event(self.hand, event)

    def trace(self, name: str, *events: str, pid: int | None = None, kib: int = 16384) -> AbstractContextManager[list[str]]:
        """Records these trace events (of one process, if a pid is given) during a block, as the text `name`:
        harness/linux/trace_events.py reads it, and the list that the block gets holds it afterwards. kib: the buffer's
        size; what does not fit is lost, and the text says so.
        Skips where the kernel lacks one of the events."""
        return tracing.trace(self.hand, self.record, name, events, pid, kib)

    def skip(self, why: str) -> NoReturn:
        """Ends the arm as skipped: the machine lacks what the procedure needs, as it turned out only now. Raises Skip."""
        raise Skip(why)

    def record(self, name: str, value: Any) -> None:
        """Keeps a reading of the procedure's own: a number, a text, or a list or object of such."""
        self._take("record", name)
        self.recorder.event("record", name=name, value=value)

    def require(self, condition: bool, what: str) -> None:
        """Checks a precondition of the procedure: without it the trial is broken, it says nothing. Raises LabError."""
        if not condition:
            raise LabError(
                "procedure",
                f"its precondition did not come about: {what}",
                "see the run's evidence; more memory or time may help",
            )

    def panics(self, name: str) -> AbstractContextManager[None]:
        """Records as `name` whether the kernel panics within a block, 1 or 0, and as "NAME: console" what it says of it. After a
        panic the arm is over: it has nothing more to read. Skips where the machine is no guest."""
        return panic.reading(self.machine, self.record, name)

    def skip_claim(self, claim: str, why: str) -> None:
        """Records that the machine lacks what one claim of the experiment needs: that one is skipped, with this reason."""
        self.recorder.event("skip", claim=claim, reason=why)

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Undoes at the end of a block what was begun in it: probes and sandboxes, mounts, swap."""
        boxes, targets, marks = len(self._sandboxes), self.agent.used, self.marks()
        try:
            yield
        finally:
            for number in range(targets, self.agent.used):
                self.agent.kill(number)
            for box in reversed(self._sandboxes[boxes:]):
                box.remove()
            self.undo(marks)

    # The end ----------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Undoes all of it: sandboxes with their probes, swap, mounts."""
        for box in reversed(self._sandboxes):
            box.remove()
        self.agent.kill_all()
        self.undo()
