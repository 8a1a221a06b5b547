"""What a full sample costs: the agent's, beside the bare reading of the same files in C, and beside psutil in Python.

A full sample: meminfo, vmstat, memory.stat, and of one process status and smaps_rollup.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from harness.agent import wire
from harness.agent.agent import Agent
from harness.agent.operations import numbers
from harness.agent.target import Target, hand_of, unrecorded
from harness.bench import local
from harness.bench.comparison import Contender, Limit, Row, interleave
from harness.bench.guests import SHAPE
from harness.bench.peers import has_psutil
from harness.evidence.recording import Recorder
from harness.lab.sampler import NAMED, SERIES, Sampler
from harness.lab.sandbox import Sandbox, prepare
from harness.linux import counters
from harness.linux.sizes import MIB
from harness.machine.guest import accelerator, snapshots
from harness.machine.kernels.kernel import Kernel
from harness.machine.slots import Place
from probes import build

MILLISECOND = 1_000_000  # ns: both sides read at 1 kHz, each out of its sleep
ROUNDS = 200  # samples of one turn
# What the sampled process has touched: the kernel's part of smaps_rollup walks all of its page tables.
SMALL, LARGE = MIB, 64 * MIB
MOST = 8  # files watched at once
SOURCES = ("meminfo", "vmstat", "probe/status", "probe/smaps_rollup", "box/memory.stat")
GROUPS = "/sys/fs/cgroup/lab"


def files(pid: int, memory_stat: str | None) -> list[str]:
    found = ["/proc/meminfo", "/proc/vmstat", f"/proc/{pid}/status", f"/proc/{pid}/smaps_rollup"]
    return [*found, memory_stat] if memory_stat else found


def _in_c(agent: Agent, paths: Sequence[str]) -> list[Contender]:
    """Measures the agent's time series, and the yardstick: a loop that preads into a buffer and does nothing else."""
    hand = hand_of(agent)
    watch(agent, paths)

    def series() -> list[float]:
        took: list[float] = []
        agent.hear_samples(lambda reply: took.append(reply.nanoseconds / 1e9))
        agent.call("series", MILLISECOND)
        hand.sleep(ROUNDS * MILLISECOND)  # another process of the machine's; samples come in meanwhile
        agent.call("series", 0)
        return took

    def bare() -> list[float]:
        return [took / 1e9 for took in numbers(hand.read_rounds(paths, ROUNDS, MILLISECOND).text)]

    return [Contender("agent", series), Contender("bare preads in C", bare)]


def touch(agent: Agent, program: str, parent: int, size: int) -> int:
    """Starts a probe with memory of its own, to be sampled, and gives its pid. It lives as long as the agent."""
    number, pid = agent.spawn([program, str(parent)])
    probe = Target(agent, number, "sampled", unrecorded, pid)
    probe.fill(probe.mmap(size).value, size, 1)
    return pid


def watch(agent: Agent, paths: Sequence[str]) -> None:
    """Watches these files and no others, in every sample."""
    for number in range(1, MOST + 1):
        agent.unwatch(number)
    for number, path in enumerate(paths, 1):
        agent.watch(number, path, NAMED | SERIES)


def in_guest(kernel: Kernel, turns: int, directory: Path) -> Row:
    """Measures both in C, as a trial samples: on the machine under test."""
    chosen, _ = accelerator.choose(kernel)
    with Place(quiet=True), snapshots.restore(kernel, SHAPE, chosen, 0, directory / "sample.log") as guest:
        hand = hand_of(guest.agent)
        prepare(hand, GROUPS)
        with Sandbox(hand, GROUPS, "bench") as box:
            pid = touch(guest.agent, "/programs/probe", guest.info.agent_pid, SMALL)
            timings = interleave(_in_c(guest.agent, files(pid, f"{box.path}/memory.stat")), turns)
    return Row(
        "sample in a guest",
        "five files, read by the agent at 1 kHz: what the machine under test loses",
        "s",
        timings,
        kernel.series,
        (Limit(1.15, "bare preads in C"),),
    )


def _decoded(agent: Agent, parsers: Sequence[Callable[[bytes], dict[str, int]]]) -> None:
    """Takes a sample, from the request to numbers."""
    _, _, found = wire.sections(agent.call("sample", NAMED).text)
    for (_, _, text), parse in zip(found, parsers, strict=True):
        parse(text)


def _plain(paths: Sequence[str]) -> None:
    """Does what a script does: open, read, split."""
    for path in paths:
        with open(path) as file:
            for line in file:
                words = line.replace(":", " ").split()
                if len(words) > 1 and words[1].isdigit():
                    int(words[1])


def _psutil(pid: int, others: Sequence[str]) -> Callable[[], None]:
    """Asks psutil for what it knows (meminfo, status, smaps_rollup), Python for the rest of the same content."""
    import psutil

    process = psutil.Process(pid)

    def sample() -> None:
        psutil.virtual_memory()
        psutil.swap_memory()
        with process.oneshot():
            process.status()
            process.uids()
            process.gids()
            process.num_threads()
            process.num_ctx_switches()
            process.memory_full_info()
        _plain(others)

    return sample


def _each(sample: Callable[[], None]) -> Callable[[], list[float]]:
    def turn() -> list[float]:
        found = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            sample()
            found.append(time.perf_counter() - began)
        return found

    return turn


def on_host(turns: int) -> Iterator[Row]:
    """Measures the agent as a child of this host, where Python and psutil can be asked beside it."""
    with local.agent() as agent, tempfile.TemporaryDirectory(prefix="folklab-") as directory:
        info = agent.hello()
        memory_stat = local.memory_stat()
        missing = has_psutil()
        absent = {"psutil": missing} if missing else {}
        for size in (LARGE, SMALL):
            pid = touch(agent, str(build.BUILD / "probe"), info.agent_pid, size)
            paths = files(pid, memory_stat)
            what = f"{len(paths)} files, of a process with {size // MIB} MiB" + (
                "" if memory_stat else " (this host has no memory.stat)"
            )
            python = [Contender("plain Python", _each(partial(_plain, paths)))]
            if missing is None:
                others = [path for path in paths if path.endswith(("vmstat", "memory.stat"))]
                python.append(Contender("psutil", _each(_psutil(pid, others))))
            yield Row(
                f"sample on this host, {size // MIB} MiB",
                f"{what}: the agent at 1 kHz, what the machine loses",
                "s",
                interleave([*_in_c(agent, paths), *python], turns),
                limits=(Limit(1.15, "bare preads in C"), Limit(1 / 8, "psutil")),
                missing=absent,
            )
        parsers = [counters.file_of(path).parse for path in paths]
        decoded = Contender("to numbers", _each(lambda: _decoded(agent, parsers)))
        yield Row(
            "sample to numbers",
            f"{what}: request, answer, every counter decoded in Python",
            "s",
            interleave([decoded, *python], turns),
            missing=absent,
        )
        yield _recorded(agent, python, turns, Path(directory), absent)
        watch(
            agent, [path for path in ("/proc/meminfo", "/proc/vmstat", "/proc/swaps", f"/proc/{pid}/statm", memory_stat) if path]
        )
        yield _share(agent, info.agent_pid, turns)


def _recorded(agent: Agent, python: Sequence[Contender], turns: int, directory: Path, absent: dict[str, str]) -> Row:
    recorder = Recorder(directory / "trial-1.jsonl.zst")
    sampler = Sampler(agent, recorder)
    sampler.sources = dict(enumerate(SOURCES, 1))
    recorded = Contender("to evidence", _each(lambda: sampler.named("bench")))
    row = Row(
        "sample to evidence",
        "the same: request, answer, and the raw text compressed into the recording",
        "s",
        interleave([recorded, *python], turns),
        missing=absent,
    )
    recorder.close()
    return row


def _share(agent: Agent, pid: int, turns: int) -> Row:
    """Measures how much of a processor the agent takes for 1,000 samples a second (/proc/PID/schedstat: ns on a processor)."""
    hand = hand_of(agent)
    agent.hear_samples(None)

    def busy() -> int:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])

    def turn() -> list[float]:
        began, at = time.monotonic_ns(), busy()
        agent.call("series", MILLISECOND)
        hand.sleep(ROUNDS * MILLISECOND)
        agent.call("series", 0)
        return [(busy() - at) / (time.monotonic_ns() - began)]

    return Row(
        "1 kHz on this host",
        "the agent's share of a processor, for the files of a time series",
        "of a core",
        interleave([Contender("agent", turn)], turns),
        limits=(Limit(0.05),),
    )
