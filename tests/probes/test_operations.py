"""The operations, carried out by the agent's hand and a probe on this host: the same programs as in a guest."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.agent import wire
from harness.agent.agent import Agent
from harness.agent.channel import Channel
from harness.agent.operations import (
    ANONYMOUS,
    FIXED,
    GETVAL,
    IPC_NOWAIT,
    IPC_RMID,
    IPC_STAT,
    NORESERVE,
    POPULATE,
    PRIVATE,
    SETVAL,
    SHARED,
    numbers,
)
from harness.agent.target import Target, hand_of, unrecorded
from harness.errors import LabError, MachineLost
from harness.lab.probe import Probe
from harness.linux import maps
from probes import build

PAGE = os.sysconf("SC_PAGE_SIZE")
SIZE = 16 * PAGE


@pytest.fixture(scope="module")
def agent() -> Iterator[Agent]:
    ours, theirs = socket.socketpair()
    with theirs:
        command = [build.BUILD / "agent", str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    found = Agent(Channel(ours, lambda what: MachineLost("agent", what)), 30)
    yield found
    ours.close()
    process.wait(10)


@pytest.fixture
def hand(agent: Agent) -> Target:
    return hand_of(agent)


@pytest.fixture
def probe(agent: Agent) -> Iterator[Probe]:
    number, pid = agent.spawn([str(build.BUILD / "probe"), str(agent.hello().agent_pid)])
    found = Probe(agent, number, "probe", unrecorded, pid, PAGE)
    found.run("pid")  # its loader is done once it answers: no trace has a part of that
    yield found
    found.kill_now()


def test_every_operation_is_carried_out_by_somebody() -> None:
    names = set(wire.OPERATIONS)
    own = {"hello", "spawn", "signal", "watch", "unwatch", "sample", "series", "pages", "trace", "release", "power_off"}
    table = (Path(build.__file__).parent / "operations.h").read_text()
    for name in names - own:
        assert f"X({name})" in table, name


def test_hello(agent: Agent) -> None:
    info = agent.hello()
    assert info.page_size == PAGE
    assert info.release == os.uname().release


def test_heap(probe: Probe) -> None:
    block = probe.malloc(100).value
    assert probe.realloc(block, 200).value
    blocks = numbers(probe.malloc_many(10, 88).text)
    assert len(set(blocks)) == 10
    assert probe.free_many(blocks).value == 10
    end = probe.sbrk(0).value
    assert probe.sbrk(PAGE).value == end
    assert probe.brk(0).value == end + PAGE
    assert probe.calloc(4, 4).value
    probe.malloc_trim()
    assert probe.mallopt(-3, 1 << 20).value == 1


def test_mapping(probe: Probe) -> None:
    region = probe.map(SIZE)
    assert probe.mincore(region.address, SIZE).value == 0
    region.fill(7)
    assert probe.mincore(region.address, SIZE).value == 16
    assert region.check(7) == 16
    assert region.check(8) == 0
    probe.poke(region.address, b"x")
    assert region.check(7) == 15
    assert probe.peek(region.address, 1).text == b"x"
    assert probe.madvise(region.address, SIZE, 4).error == 0
    assert probe.mincore(region.address, SIZE).value == 0
    assert region.read().check(7) == 0
    moved = probe.mremap(region.address, SIZE, 2 * SIZE).value
    probe.mprotect(moved, PAGE, 1)
    probe.munmap(moved, 2 * SIZE)
    made = probe.mmap_many(10, PAGE)
    assert made.value == 10
    assert numbers(made.text)[2] == 0


def test_refusals_carry_their_errno(probe: Probe) -> None:
    assert probe.attempt.mmap(1 << 60).error == errno.ENOMEM
    assert probe.attempt.open("/nonexistent").error == errno.ENOENT
    with pytest.raises(LabError, match="ENOENT"):
        probe.open("/nonexistent")
    assert probe.attempt.run("none_such" if "none_such" in wire.OPERATIONS else "hello").error == errno.ENOSYS


def test_files(probe: Probe, tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    fd = probe.create_file(path, SIZE, seed=3)
    assert probe.check_file(fd, SIZE, seed=3).value == 16
    assert probe.read(fd, 10 * SIZE).value == SIZE
    probe.write_text(fd, b"hello", 0)
    assert probe.slurp(path, 5).text == b"hello"
    assert probe.slurp(path, 2, 0, 3).text == b"lo"
    assert probe.check_file(fd, SIZE, seed=3).value == 15
    assert numbers(probe.fstat(fd).text)[4] == SIZE
    assert numbers(probe.stat(path).text)[4] == SIZE
    assert probe.statfs(path).value
    probe.fsync(fd)
    probe.fadvise(fd, 0, 0, 4)
    probe.ftruncate(fd, PAGE)
    probe.fallocate(fd, 0, 2 * PAGE)
    probe.close(fd)
    probe.unlink(path)
    probe.mkdir(str(tmp_path / "d"))
    assert probe.populate_dir(str(tmp_path / "d"), 5).value == 5
    assert probe.list(str(tmp_path / "d")).value == 5
    assert probe.populate_dir(str(tmp_path / "d"), 5, -1).value == 5
    probe.rmdir(str(tmp_path / "d"))
    probe.put(str(tmp_path / "put"), "text", os.O_CREAT)
    assert (tmp_path / "put").read_text() == "text"


def test_a_file_mapped_shared(probe: Probe, tmp_path: Path) -> None:
    fd = probe.create_file(str(tmp_path / "file"), SIZE)
    region = probe.map(SIZE, shared=True, fd=fd).fill(9)
    probe.msync(region.address, SIZE)
    assert probe.check_file(fd, SIZE, seed=9).value == 16


def test_shared_memory(probe: Probe) -> None:
    segment = probe.shmget(SIZE).value
    address = probe.shmat(segment).value
    assert probe.region(address, SIZE).fill().check() == 16
    assert probe.shmctl(segment, 2).text
    probe.shmdt(address)
    probe.shmctl(segment, 0)
    name = f"/folklab-test-{os.getpid()}"
    fd = probe.shm_open(name).value
    probe.ftruncate(fd, SIZE)
    assert probe.map(SIZE, shared=True, fd=fd).fill().check() == 16
    probe.shm_unlink(name)
    assert probe.memfd("memfd").value > 0


def test_system_v_messages(probe: Probe) -> None:
    queue = probe.msgget().value
    assert probe.msgsnd(queue, 100, 3).value == 3
    assert numbers(probe.msgctl(queue, IPC_STAT).text)[:2] == (3, 300)
    got = probe.msgrcv(queue, 200, 2)
    assert (got.value, got.text) == (2, b"Z" * 100)
    assert probe.attempt.msgrcv(queue, 50, 1).error == errno.E2BIG
    assert probe.msgrcv(queue, 200).value == 1
    assert probe.attempt.msgrcv(queue, 200, 1, IPC_NOWAIT).error == errno.ENOMSG
    probe.msgctl(queue, IPC_RMID)


def test_system_v_semaphores(probe: Probe) -> None:
    semaphores = probe.semget(2).value
    probe.semctl(semaphores, 1, SETVAL, 5)
    probe.semop(semaphores, 1, -2)
    assert [probe.semctl(semaphores, number, GETVAL).value for number in (0, 1)] == [0, 3]
    assert probe.attempt.semop(semaphores, 1, -4, IPC_NOWAIT).error == errno.EAGAIN
    probe.semctl(semaphores, 0, IPC_RMID)


def test_posix_messages(probe: Probe) -> None:
    name = f"/folklab-test-{os.getpid()}"
    opened = probe.attempt.mq_open(name, 4, 64, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK)
    if opened.error == errno.ENOSYS:
        pytest.skip("this kernel has no POSIX message queues")
    assert not opened.error
    assert probe.mq_send(opened.value, 64, 2).value == 2
    got = probe.mq_receive(opened.value, 64, 2)
    assert (got.value, got.text) == (2, b"Z" * 64)
    assert probe.attempt.mq_receive(opened.value, 64).error == errno.EAGAIN
    assert probe.attempt.mq_receive(opened.value, 8).error == errno.EMSGSIZE
    probe.mq_unlink(name)


def test_named_semaphores(agent: Agent, probe: Probe) -> None:
    name = f"/folklab-test-{os.getpid()}"
    semaphore = probe.sem_open(name, value=1).value
    probe.sem_post(semaphore)
    assert probe.sem_getvalue(semaphore).value == 2
    for _ in range(2):
        probe.sem_trywait(semaphore)
    assert probe.attempt.sem_trywait(semaphore).error == errno.EAGAIN
    probe.sem_close(semaphore)
    probe.sem_unlink(name)
    assert probe.attempt.sem_open(name, 0).error == errno.ENOENT


def test_every_answer_has_its_faults_and_its_time(probe: Probe) -> None:
    probe.map(SIZE).fill()  # a first fill touches pages of the program itself too
    region = probe.map(SIZE)
    filled = probe.fill(region.address, SIZE)
    assert (filled.minor_faults, filled.major_faults) == (16, 0)
    assert probe.fill(region.address, SIZE).minor_faults == 0
    slept = probe.sleep(20_000_000)
    assert 20_000_000 <= slept.nanoseconds < 10_000_000_000
    assert slept.began > filled.began > 0


def test_touches_count_strides_and_rounds(probe: Probe) -> None:
    probe.map(SIZE).write()
    region = probe.map(SIZE)
    touched = probe.touch(region.address, SIZE, stride=2 * PAGE, write=True, rounds=3)
    assert (touched.value, touched.minor_faults) == (3, 16)  # to keep the content it reads before it writes
    assert probe.mincore(region.address, SIZE).value == 8
    assert probe.attempt.touch(region.address, SIZE, stride=0).error == errno.EINVAL


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("of_file", [False, True])
def test_the_four_kinds_of_mappings(probe: Probe, tmp_path: Path, shared: bool, of_file: bool) -> None:
    fd = probe.create_file(str(tmp_path / "file"), SIZE, seed=3) if of_file else -1
    region = probe.map(SIZE, shared=shared, fd=fd)
    assert region.check(3) == (16 if of_file else 0)
    region.fill(4)
    child = Probe(agent := probe.agent, number := agent.next_target(), "child", unrecorded, probe.run("fork", number).value, PAGE)
    region.of(child).fill(5)
    assert region.check(5) == (16 if shared else 0)
    if of_file:
        assert probe.check_file(fd, SIZE, seed=5).value == (16 if shared else 0)
    child.kill_now()


def test_mappings_populated_fixed_and_without_reserve(probe: Probe) -> None:
    populated = probe.map(SIZE, flags=POPULATE)
    assert probe.mincore(populated.address, SIZE).value == 16
    fixed = probe.mmap(PAGE, address=populated.address + PAGE, flags=PRIVATE | ANONYMOUS | FIXED).value
    assert fixed == populated.address + PAGE
    assert probe.mincore(populated.address, SIZE).value == 15
    assert probe.map(SIZE, flags=NORESERVE).fill().check() == 16


def test_32768_mappings(probe: Probe) -> None:
    """Each one a mapping of its own, well below the usual limit of 65,530 (vm.max_map_count)."""
    before = len(Path(f"/proc/{probe.pid}/maps").read_text().splitlines())
    made = probe.mmap_many(32_768, PAGE)
    assert made.value == 32_768
    assert len(Path(f"/proc/{probe.pid}/maps").read_text().splitlines()) - before > 32_760  # a few join neighbours


def test_direct_io_and_advice(probe: Probe, tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    probe.fsync(probe.create_file(path, SIZE, seed=3))
    direct = probe.attempt.open(path, os.O_RDWR | os.O_DIRECT)
    if direct.error:
        pytest.skip("this file system takes no direct I/O")
    assert probe.check_file(direct.value, SIZE, seed=3).value == 16
    assert probe.write(direct.value, SIZE, seed=4).value == SIZE
    assert probe.attempt.read(direct.value, PAGE, offset=1).error == errno.EINVAL
    for advice in range(6):  # POSIX_FADV_NORMAL … NOREUSE
        probe.fadvise(direct.value, 0, 0, advice)


def test_locks(probe: Probe) -> None:
    region = probe.map(SIZE).lock()
    assert probe.mincore(region.address, SIZE).value == 16
    probe.munlock(region.address, SIZE)
    probe.mlock2(region.address, SIZE, 1)
    probe.munlockall()


def test_processes(agent: Agent, probe: Probe) -> None:
    shared, private = probe.map(PAGE, shared=True), probe.map(PAGE)
    number = agent.next_target()
    child = Probe(agent, number, "child", unrecorded, probe.run("fork", number).value, PAGE)
    assert child.run("pid").value == child.pid != probe.run("pid").value
    shared.of(child).fill(5)
    private.of(child).fill(5)
    assert (shared.check(5), private.check(5)) == (1, 0)
    child.end(3)
    assert probe.wait(child.pid).text[:4] == (3 << 8).to_bytes(4, "little")
    for vfork in (False, True):
        finished = probe.execute("/bin/echo", "hello", vfork=vfork)
        assert (finished.value, finished.text) == (0, b"hello\n")
    assert probe.fork_idle(2, PAGE).value == 2
    assert probe.threads(2).value == 2
    assert probe.spin(1_000_000).value > 0
    assert probe.nice(5).error == 0
    latencies = numbers(probe.latency(probe.map(SIZE).address, SIZE, PAGE, 1_000_000, 5).text)
    assert len(latencies) == 5
    latencies = numbers(probe.latency(probe.map(SIZE).address, SIZE, PAGE, 1_000_000, 1000, 5_000_000).text)
    assert 1 <= len(latencies) <= 6


def test_an_operation_without_an_end_ends_with_the_next_request(probe: Probe) -> None:
    region = probe.map(SIZE)
    going = probe.begin.touch(region.address, SIZE, write=True, rounds=-1, pause=1_000_000)
    assert not going.done
    assert probe.run("pid").value == probe.pid
    assert going.wait().value >= 1


def test_an_exit_is_told_by_its_status(probe: Probe) -> None:
    assert os.WEXITSTATUS(probe.end(4)) == 4
    assert probe.attempt.run("pid").ended is not None


def test_a_signal_ends_an_operation(agent: Agent, probe: Probe) -> None:
    going = probe.begin.sleep(60_000_000_000)
    probe.signal(9)
    ended = going.wait().ended
    assert ended is not None
    assert os.WTERMSIG(ended) == 9


def test_system_calls(probe: Probe) -> None:
    with probe.trace() as trace:
        probe.mmap(SIZE)
        probe.malloc_many(1000, 100)
    mapped = [call for call in trace.calls if call.number == 9 and call.arguments[1] == SIZE]
    assert len(mapped) == 1
    assert mapped[0].result > 0
    assert any(call.number == 12 for call in trace.calls)
    assert probe.run("pid").value == probe.pid


@pytest.mark.skipif(os.geteuid() != 0, reason="frame numbers are shown to root only")
def test_pages(agent: Agent, probe: Probe) -> None:
    from harness.linux import pages

    region = probe.map(SIZE)
    region.part(0, 4 * PAGE).fill()
    data = agent.call("pages", probe.pid, region.address, 16).text
    assert (pages.count(data, "resident"), pages.count(data, "absent")) == (4, 12)
    assert pages.count(data, "anonymous") == 4
    shared = probe.map(SIZE, shared=True).fill()
    data = agent.call("pages", probe.pid, shared.address, 16).text
    assert pages.count(data, "shmem") == 16


def test_a_trace_that_does_not_fit_says_so(probe: Probe) -> None:
    """The agent keeps 8,192 calls: what is left of more says nothing about "all"."""
    with pytest.raises(LabError, match="too large"), probe.trace():  # EOVERFLOW
        probe.mmap_many(9000, PAGE)
    assert probe.run("pid").value == probe.pid
    with probe.trace() as trace:
        probe.mmap(PAGE)
    assert [call.number for call in trace.calls] == [9]


def test_a_trace_keeps_arguments_results_and_refusals(probe: Probe) -> None:
    with probe.trace() as trace:
        probe.attempt.mmap(1 << 60)
        probe.munmap(probe.mmap(SIZE).value, SIZE)
        probe.sleep(1_000_000)
    refused, granted, unmapped = [call for call in trace.calls if call.number in {9, 11}]
    assert (refused.arguments[1], refused.result) == (1 << 60, -errno.ENOMEM)
    assert unmapped.arguments[:2] == (granted.result, SIZE)
    assert refused.sequence < granted.sequence < unmapped.sequence


def test_a_traced_probe_may_be_killed_or_get_a_signal(probe: Probe) -> None:
    with probe.trace() as trace:
        probe.run("pid")
        probe.signal(28)  # SIGWINCH, which nobody minds
        assert probe.run("pid").value == probe.pid
        probe.kill_now()
    assert any(call.number == 39 for call in trace.calls)  # getpid


def test_a_traced_probe_may_fork(agent: Agent, probe: Probe) -> None:
    with probe.trace() as trace:
        number = agent.next_target()
        child = Probe(agent, number, "child", unrecorded, probe.run("fork", number).value, PAGE)
        assert child.run("pid").value == child.pid
    assert any(call.result == child.pid for call in trace.calls)
    child.kill_now()


def test_a_held_program_stands_before_its_first_instruction(agent: Agent) -> None:
    number, pid = agent.spawn([str(build.BUILD / "probe"), str(agent.hello().agent_pid)], held=True)
    first = agent.call("release", number, 1).value
    at = next(mapping for mapping in maps.parse(Path(f"/proc/{pid}/maps").read_text()) if mapping.covers(first))
    assert "/ld-" in at.path
    assert at.execute
    assert not any("libc" in mapping.path for mapping in maps.parse(Path(f"/proc/{pid}/maps").read_text()))
    probe = Probe(agent, number, "held", unrecorded, pid, PAGE)
    with probe.trace() as trace:
        probe.run("pid")
    assert any(call.number in {257, 2} for call in trace.calls)  # its loader opened the libraries
    probe.kill_now()


def test_a_trace_of_many_texts_does_not_block(probe: Probe) -> None:
    """A reply's head and text leave in one call: a traced probe stops after each."""
    with probe.trace():
        assert len(probe.peek(probe.map(64 * PAGE).address, 64 * PAGE).text) == 64 * PAGE


def test_samples(agent: Agent) -> None:
    assert agent.watch(250, "/proc/self/statm", 1)
    assert not agent.watch(251, "/nonexistent", 1)
    began, ended, sections = wire.sections(agent.call("sample", 1).text)
    assert began <= ended
    assert [(number, error) for number, error, _ in sections] == [(250, 0)]
    agent.unwatch(250)


def test_samples_of_a_series_come_in_order_and_before_a_later_reply(agent: Agent) -> None:
    """They are sent together; what was sampled before an answer was given is never read after it."""
    came: list[int] = []
    agent.hear_samples(lambda reply: came.append(wire.sections(reply.text)[0]))
    agent.watch(250, "/proc/self/statm", 2)
    agent.call("series", 1_000_000)
    hand = hand_of(agent)
    for _ in range(5):
        hand.sleep(5_000_000)
        asked = agent.call("sample", 2)
        assert came
        assert came[-1] < asked.began
    agent.call("series", 0)
    last = len(came)
    assert came == sorted(set(came))
    hand.sleep(20_000_000)
    assert len(came) == last  # none waits for ever
    agent.unwatch(250)
    agent.hear_samples(None)


def test_a_long_wait_does_not_hold_samples_back(agent: Agent) -> None:
    """While nobody asks for anything they come all the same: a machine may die before its next answer."""
    came: list[int] = []
    agent.hear_samples(lambda reply: came.append(wire.sections(reply.text)[0]))
    agent.watch(250, "/proc/self/statm", 2)
    agent.call("series", 1_000_000)
    deadline = time.monotonic() + 10
    while len(came) < 30 and time.monotonic() < deadline:
        agent.channel.ready(0)
    agent.call("series", 0)
    assert len(came) >= 30
    agent.unwatch(250)
    agent.hear_samples(None)


def test_shared_constant_agrees_with_the_kernel_headers() -> None:
    assert SHARED == 1


def test_the_largest_mapping_is_found_to_the_page(probe: Probe) -> None:
    room = 1 << 47
    largest = probe.largest_map(room, protection=0)
    assert probe.attempt.mmap(largest + PAGE, protection=0).error
    probe.munmap(probe.mmap(largest, protection=0).value, largest)
    assert probe.largest_map(3 * PAGE + 1) == 3 * PAGE


def test_a_region_is_filled_piece_by_piece(probe: Probe) -> None:
    region = probe.map(SIZE)
    assert probe.fill_until_end(region, 3 * PAGE) == SIZE
    assert region.check() == SIZE // PAGE


def test_a_copy(probe: Probe, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(3 * PAGE + 1))
    assert probe.copy(str(source), str(target)).value == 3 * PAGE + 1
    assert target.read_bytes() == source.read_bytes()
    assert os.access(target, os.X_OK)
    assert probe.attempt.copy(str(tmp_path / "nowhere"), str(target)).error == errno.ENOENT
    assert probe.attempt.copy(str(source), str(tmp_path / "no" / "where")).error == errno.ENOENT


def test_a_pattern_that_starts_before_its_file(probe: Probe, tmp_path: Path) -> None:
    fd = probe.create_file(str(tmp_path / "file"), SIZE, seed=5)
    assert probe.check_file(fd, SIZE - PAGE, offset=PAGE, seed=5).value == 15
    probe.write(fd, SIZE - PAGE, offset=PAGE, seed=6)
    assert probe.check_file(fd, SIZE, seed=6, ahead=1).value == 0
    region = probe.map(SIZE, shared=True, fd=fd).fill(7)
    probe.copy(str(tmp_path / "file"), str(tmp_path / "copy"))
    assert probe.check_file(fd, SIZE - PAGE, offset=PAGE, seed=7, ahead=0).value == 15
    assert region.part(PAGE, PAGE).fill(7).check(7) == 1  # the pattern's first page, in the file's second
    assert probe.check_file(fd, PAGE, offset=PAGE, seed=7, ahead=-1).value == 1


def test_segments(probe: Probe) -> None:
    data, length, bss, as_long, stack = numbers(probe.segments().text)
    assert length == as_long == SIZE
    found = maps.parse(Path(f"/proc/{probe.pid}/maps").read_text())
    inside = {at: next(mapping for mapping in found if mapping.covers(at)) for at in (data, bss, stack)}
    assert inside[data].inode
    assert not inside[bss].inode
    assert inside[stack].path == "[stack]"
    assert probe.peek(data, 2).text == b"\1\0"
    assert probe.peek(bss, 2).text == b"\0\0"


def test_yardstick(hand: Target) -> None:
    reply = hand.read_rounds(["/proc/meminfo", "/proc/version"], 5, 1_000_000)
    assert reply.value > len(Path("/proc/version").read_text())
    took = numbers(reply.text)
    assert len(took) == 5
    assert sum(took) < reply.nanoseconds - 5 * 1_000_000
    assert hand.attempt.read_rounds(["/proc/version", "/nowhere"], 1).error == errno.ENOENT
