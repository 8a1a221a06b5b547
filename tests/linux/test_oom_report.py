"""The parser of whole OOM reports, on lines as 5.10 and 7.2 print them."""

from __future__ import annotations

import pandas as pd

from harness.linux import oom_report

GROUP = "\n".join(
    (
        "4,244,2792489,-;hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=-5",
        "4,249,2794188,-; oom_kill_process.cold+0xb/0x10",
        "6,269,2794960,-;memory: usage 49152kB, limit 49160kB, failcnt 34",
        "6,270,2794969,-;swap: usage 12kB, limit 9007199254740988kB, failcnt 0",
        "6,271,2794975,-;Memory cgroup stats for /lab/grp:",
        r"6,272,2795342,-;anon 50012160\x0afile 7\x0akernel_stack 0",
        "6,273,2795361,-;Tasks state (memory values in pages):",
        "6,274,2795369,-;[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
        "6,275,2795447,-;[     72]  1000    72     3201     2352    57344        3             0 probe",
        "6,278,2795518,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=grp,mems_allowed=0,oom_memcg=/lab/grp,"
        "task_memcg=/lab/grp/in,task=probe,pid=72,uid=1000",
        "3,279,2796273,-;Memory cgroup out of memory: Killed process 72 (probe) total-vm:12804kB, anon-rss:8136kB, "
        "file-rss:1272kB, shmem-rss:4kB, UID:1000 pgtables:56kB oom_score_adj:0",
        "6,280,2797004,-;Tasks in /lab/grp are going to be killed due to memory.oom.group set",
        "3,281,2797101,-;Memory cgroup out of memory: Killed process 73 (a, b) total-vm:20kB, anon-rss:8kB, "
        "file-rss:12kB, shmem-rss:0kB, UID:0 pgtables:52kB oom_score_adj:100",
        "3,282,2797105,-;Memory cgroup out of memory: Killed process 72 (probe) total-vm:12804kB, anon-rss:8136kB, "
        "file-rss:1272kB, shmem-rss:4kB, UID:1000 pgtables:56kB oom_score_adj:0",
    )
)
MACHINE = "\n".join(
    (
        "4,385,3075156,-;probe invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO|__GFP_COMP), order=9, "
        "oom_score_adj=-1000",
        "4,386,3075157,-;Mem-Info:",
        r"4,387,3075158,-;active_anon:41439 inactive_anon:0 isolated_anon:0\x0a active_file:3 inactive_file:0",
        "6,441,3076836,-;oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
        "task_memcg=/,task=probe,pid=100,uid=0",
        "3,442,3076970,-;Out of memory: Killed process 100 (probe) total-vm:70156kB, anon-rss:65636kB, file-rss:1180kB, "
        "shmem-rss:0kB, UID:0 pgtables:168kB oom_score_adj:0",
        "6,443,3077000,-;oom_reaper: reaped process 100 (probe), now anon-rss:0kB, file-rss:1180kB, shmem-rss:0kB",
        "6,444,3077001,-;oom_reaper: reaped process 72 (probe), now anon-rss:4kB, file-rss:0kB, shmem-rss:0kB",
    )
)


def test_a_groups_report() -> None:
    report, _ = oom_report.reports(f"{GROUP}\n{MACHINE}")
    assert (report.asked, report.gfp, report.order, report.asked_adj) == ("hog", "GFP_KERNEL", 0, -5)
    assert (report.memory, report.swap, report.memcg) == ((49152, 49160), (12, 9007199254740988), True)
    assert report.stat == {"anon": 50012160, "file": 7, "kernel_stack": 0}
    assert report.why["constraint"] == "CONSTRAINT_MEMCG"
    assert report.group == "/lab/grp"
    assert [victim.pid for victim in report.victims] == [72, 73]  # the first one is named twice
    assert {victim.pid: victim.uid for victim in report.victims} == {72: 1000, 73: 0}
    assert report.left == {72: {"anon-rss": 4, "file-rss": 0, "shmem-rss": 0}}  # the reaper is late
    assert report.tasks[72]["swapents"] == 3


def test_a_machines_report() -> None:
    _, report = oom_report.reports(f"{GROUP}\n{MACHINE}")
    assert (report.memcg, report.memory, report.order) == (False, (), 9)
    assert report.stat["active_anon"] == 41439
    assert report.stat["active_file"] == 3
    assert "oom_memcg" not in report.why
    assert report.left[100]["file-rss"] == 1180


def test_a_row_for_each_victim() -> None:
    found = oom_report.frame(f"{GROUP}\n{MACHINE}", {72: 9, 73: 9})
    assert list(found["pid"]) == [72, 73, 100]
    assert list(found["report"]) == [1, 1, 2]
    assert list(found["memcg"]) == [True, True, False]
    assert list(found["constraint"]) == ["CONSTRAINT_MEMCG", "CONSTRAINT_MEMCG", "CONSTRAINT_NONE"]
    assert list(found["anon-rss"]) == [8136, 8, 65636]
    assert found["rss"][0] == 2352
    assert found["rss"][1] is pd.NA
    assert found["ended"][2] is pd.NA
    assert found["name"][1] == "a, b"


def test_without_a_kill_there_is_no_row() -> None:
    found = oom_report.frame("6,1,1,-;Linux version 6.12\n")
    assert list(found.columns) == oom_report.COLUMNS
    assert found.empty


def test_a_rate_limited_report_still_has_its_victim() -> None:
    killed = "\n".join(line for line in GROUP.splitlines() if "Killed process 73" in line)
    (report,) = oom_report.reports(killed)
    assert (report.asked, report.why, [victim.pid for victim in report.victims]) == (None, {}, [73])
    assert len(oom_report.victims(killed)) == 1
