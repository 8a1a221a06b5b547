"""The kernel's rule, worked out by hand for made tables."""

from __future__ import annotations

from typing import TypeAlias

import pytest

from harness.linux import oom_report, oom_score
from harness.linux.oom_score import Ranking

HEAD = "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name"
GROUP = "memory: usage 40960kB, limit 40960kB, failcnt 1\nswap: usage 0kB, limit {swap}kB, failcnt 0"
KILL = "Memory cgroup out of memory: Killed process {pid} (x) total-vm:4kB, anon-rss:{kib}kB, file-rss:0kB, shmem-rss:0kB, UID:0"
RELEASE = "CPU: 0 PID: 1 Comm: x Not tainted {release} #1"
FIRST = "x invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"


Row: TypeAlias = tuple[int, int, int, int, int]


def ranked(rows: list[Row], swap: int = 0, pid: int = 1, release: str = "6.12.0-amd64") -> Ranking:
    """rows: pid, rss, bytes of page tables, swap, oom_score_adj; of a group of 40 MiB."""
    made = [f"[{row[0]:7}]     0 {row[0]:5} {9999:8} {row[1]:8} {row[2]:8} {row[3]:8} {row[4]:13} t{row[0]}" for row in rows]
    kib = {row[0]: row[1] * 4 for row in rows}[pid]
    log = "\n".join([FIRST, RELEASE.format(release=release), GROUP.format(swap=swap), HEAD, *made, KILL.format(pid=pid, kib=kib)])
    (report,) = oom_report.reports(log + "\n")
    found = oom_score.rank(report)
    assert found is not None
    return found


def scores(found: Ranking) -> dict[int, int | None]:
    return {one.pid: one.score for one in found.candidates}


def test_the_sum() -> None:
    found = ranked([(1, 1000, 40960, 7, 0), (2, 1016, 4096, 0, 0), (3, 9000, 4096, 0, -1000)])
    assert scores(found) == {1: 1017, 2: 1017, 3: None}
    assert (found.page, found.total, found.least, found.notes) == (4096, 10240, False, ())
    assert found.first is not None
    assert found.place(found.first) == 1  # a tie is none that loses
    assert [one.pid for one in found.candidates][-1] == 3


def test_what_adj_weighs_in_a_group() -> None:
    """totalpages / 1000 is a whole number first: 10240 pages are 10 a thousandth."""
    found = ranked([(1, 1000, 0, 0, 500), (2, 5999, 0, 0, 0), (3, 500, 0, 0, -999)])
    assert scores(found) == {1: 6000, 2: 5999, 3: -9490}
    assert [one.weight for one in found.candidates] == [5000, 0, -9990]


def test_swap_that_the_log_does_not_tell() -> None:
    rows = [(1, 1000, 0, 0, 500), (2, 900, 0, 0, 0)]
    found = ranked(rows, swap=20480)
    assert (found.least, found.total) == (True, 10240)
    assert any("swap is not in the log" in note for note in found.notes)
    assert not ranked([(1, 1000, 0, 0, 0), (2, 900, 0, 0, 0)], swap=20480).notes  # without an adj it does not matter


def test_the_victim_is_not_the_highest() -> None:
    found = ranked([(1, 1000, 0, 0, 0), (2, 2000, 0, 0, 0), (3, 3000, 0, 0, 0)])
    assert found.first is not None
    assert found.place(found.first) == 3


MACHINE = (
    "Mem-Info:",
    "Node 0 DMA32 free:8kB min:16kB low:20kB high:24kB present:8192kB managed:8000kB",
    "Node 1 DMA32 free:8kB min:16kB low:20kB high:24kB present:40960kB managed:40000kB",
    "Node 0 DMA32: 2*4kB (U) = 8kB",
    "Free swap  = 0kB",
    "Total swap = 4096kB",
    "12288 pages RAM",
    "288 pages reserved",
)


@pytest.mark.parametrize(
    ("constraint", "total"),
    [("CONSTRAINT_NONE", 12000 + 1024), ("CONSTRAINT_CPUSET", 2048 + 1024), ("CONSTRAINT_MEMORY_POLICY", 10240 + 1024)],
)
def test_what_adj_is_a_share_of(constraint: str, total: int) -> None:
    """RAM without what is reserved, or the nodes' present pages; and all swap."""
    why = f"oom-kill:constraint={constraint},nodemask=1,cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=x,pid=1,uid=0"
    rows = [(1, 1000, 0, 0, 0)]
    made = [f"[{row[0]:7}]     0 {row[0]:5} {9999:8} {row[1]:8} {row[2]:8} {row[3]:8} {row[4]:13} x" for row in rows]
    log = "\n".join([FIRST, *MACHINE, HEAD, *made, why, KILL.format(pid=1, kib=4000).replace("Memory cgroup o", "O"), ""])
    (report,) = oom_report.reports(log)
    assert oom_score.total_pages(report, 4096) == (total, False)


def test_other_page_sizes() -> None:
    """By the victim's size in KiB and in pages, where no free list tells."""
    log = "\n".join(
        [
            FIRST,
            HEAD,
            f"[{1:7}]     0     1     9999     1000    65536        0             0 x",
            KILL.format(pid=1, kib=64000),
            "",
        ]
    )
    (report,) = oom_report.reports(log)
    assert oom_score.page_size(report) == (65536, [])
    found = oom_score.rank(report)
    assert found is not None
    assert found.candidates[0].score == 1001
    tiny = log.replace("     1000    65536", "       10    65536")
    assert oom_score.page_size(oom_report.reports(tiny)[0])[1] == ["The page size is not in the log: 4 KiB are assumed."]


def test_old_kernels() -> None:
    assert "CAP_SYS_ADMIN" in ranked([(1, 1, 0, 0, 0)], release="4.15.0-99-amd64").notes[0]
    (report,) = oom_report.reports(
        "x invoked oom-killer: gfp_mask=0x201da, order=0, oom_adj=0\nPid: 1, comm: x Not tainted 2.6.32-71.el6 #1\n"
        "[ pid ]   uid  tgid total_vm      rss cpu oom_adj name\n[    1]     0     1     9999     1000   0       0 x\n"
        "Out of memory: kill process 1 (x) score 12 or a child\nKilled process 1 (x) vsz:4kB, anon-rss:8kB, file-rss:0kB\n"
    )
    assert oom_score.rank(report) is None  # the rule is 2.6.36's
    assert report.victims[0].sizes == {"total-vm": 4, "anon-rss": 8, "file-rss": 0}
    assert report.victims[0].score == 12


def test_lists_of_nodes() -> None:
    assert oom_score.node_list("0,8-9") == {0, 8, 9}
    assert oom_score.node_list("(null)") == set()
