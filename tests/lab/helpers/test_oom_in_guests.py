"""Real OOM kills on one kernel, or on every fetched one: what the report says, the wait statuses and memory.events beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from harness.claims.needs import Needs
from harness.lab.helpers.oom import NEVER, exhaust_machine, occupy
from harness.lab.lab import Lab
from harness.lab.probe import Probe
from harness.linux import counters, oom_report
from harness.linux.sizes import MIB
from tests.guests import every_kernel, lab_in

pytestmark = pytest.mark.guest

LIMIT = 48 * MIB


@pytest.fixture(scope="module", params=every_kernel(), ids=lambda kernel: kernel.series)
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_in(request.param, tmp_path_factory.mktemp("oom"), needs=Needs(memory=256 * MIB)) as found:
        yield found


def fill_past_the_limit(probe: Probe) -> None:
    memory = probe.map(2 * LIMIT)
    assert probe.attempt.fill(memory.address, memory.length).ended is not None


def test_one_of_a_group(lab: Lab) -> None:
    with lab.sandbox("one", memory_max=LIMIT, memory_swap_max=0) as box:
        spared, asking = occupy(lab, "spared", 8 * MIB, box), lab.probe("asking", box)
        lab.hand.put(f"/proc/{asking.pid}/oom_score_adj", "500")
        fill_past_the_limit(asking)
        status, events = asking.kill_now(), counters.keyed((box.read("memory.events") or "").encode())
        assert spared.alive
    row = oom_report.frame(lab.kernel_log(), {asking.pid: status}).iloc[-1]
    assert (row["pid"], row["oom_score_adj"], bool(row["memcg"])) == (asking.pid, 500, True)
    assert (row["constraint"], row["oom_memcg"], row["task_memcg"]) == ("CONSTRAINT_MEMCG", "/lab/one", "/lab/one")
    assert row["limit"] == LIMIT // 1024
    assert LIMIT // 1024 - 64 <= row["usage"] <= LIMIT // 1024
    assert (LIMIT - 16 * MIB) // 1024 < row["anon-rss"] < LIMIT // 1024
    assert row["total-vm"] > 2 * LIMIT // 1024
    assert row["pgtables"] > 0
    assert row["shmem-rss"] == 0
    assert os.WTERMSIG(int(row["ended"])) == 9
    assert events["oom_kill"] == 1


def test_a_whole_group(lab: Lab) -> None:
    """Each of its processes is a victim, and is so once."""
    with lab.sandbox("whole", memory_max=LIMIT, memory_swap_max=0, memory_oom_group=1) as box:
        probes = [occupy(lab, f"member {number}", 8 * MIB, box) for number in range(2)]
        probes.append(lab.probe("filling", box))
        fill_past_the_limit(probes[-1])
        for probe in probes:
            assert os.WTERMSIG(probe.kill_now()) == 9
        events = counters.keyed((box.read("memory.events") or "").encode())
    found = oom_report.frame(lab.kernel_log())
    last = found[found["report"] == found["report"].max()]
    assert sorted(last["pid"]) == sorted(probe.pid for probe in probes)
    assert set(last["group"]) == {"/lab/whole"}
    assert list(last["victim"]) == [1, 2, 3]
    assert events["oom_kill"] >= 3  # the kernel counts the first one of a group twice


def test_shared_memory_is_told_apart(lab: Lab) -> None:
    with lab.sandbox("shared", memory_max=LIMIT, memory_swap_max=0) as box:
        probe = lab.probe("sharing", box)
        probe.map(16 * MIB, shared=True).fill()
        fill_past_the_limit(probe)
    row = oom_report.frame(lab.kernel_log()).iloc[-1]
    assert row["pid"] == probe.pid
    assert abs(row["shmem-rss"] - 16 * 1024) <= 256


def test_system_wide(lab: Lab) -> None:
    victim, asking = occupy(lab, "large", 64 * MIB), occupy(lab, "never", 0, adj=NEVER)
    exhaust_machine(lab, asking)
    asking.kill_now()
    report = oom_report.reports(lab.kernel_log())[-1]
    assert [one.pid for one in report.victims] == [victim.pid]
    assert (report.memcg, report.why["constraint"], report.asked_adj) == (False, "CONSTRAINT_NONE", NEVER)
    assert report.stat["active_anon"] + report.stat["inactive_anon"] > 64 * MIB // lab.page_size
    assert report.tasks[asking.pid]["oom_score_adj"] == NEVER
    assert os.WTERMSIG(victim.kill_now()) == 9
