"""Logs that the first parser failed on, and excerpts of public ones (names replaced): every number that is in them."""

from __future__ import annotations

from harness.linux import oom_report
from harness.linux.oom import Report, missing
from tests.linux import oom_logs


def of(name: str) -> list[Report]:
    (path,) = oom_logs.INPUTS.glob(f"{name}_*")
    return oom_report.reports(oom_logs.read(path.name))


def only(name: str) -> Report:
    (report,) = of(name)
    return report


def pids(report: Report) -> list[int]:
    return [victim.pid for victim in report.victims]


def said(report: Report) -> str:
    return " ".join(missing(report))


def test_a_torn_row() -> None:
    report = only("a")
    assert (report.asked, report.gfp, report.tasks, report.torn) == ("cron", "GFP_HIGHUSER_MOVABLE|__GFP_COMP", {}, 1)
    assert "1 row of the table" in said(report)
    assert "The kill is not in the log" in said(report)


def test_kills_without_a_report_get_nothing_of_another() -> None:
    first, second, third = of("b")
    assert (first.memory, first.why["oom_memcg"], pids(first)) == ((51200, 51200), "/kube/podA", [100])
    assert (pids(second), pids(third)) == ([200], [300])
    assert (second.memcg, third.memcg) == (True, False)
    for report in (second, third):
        assert (report.asked, report.memory, report.swap, report.why, report.oom_memcg) == (None, (), (), {}, None)
        assert "Only the kill is in the log" in said(report)
    found = oom_report.frame(oom_logs.read("b_ratelimited_second_group.kmsg"))
    assert list(found["pid"]) == [100, 200, 300]
    assert found[["limit", "usage", "constraint", "oom_memcg", "asked"]].iloc[1:].isna().all().all()


def test_a_lost_head() -> None:
    report = only("c")
    assert (report.why["constraint"], report.why["oom_memcg"], pids(report)) == ("CONSTRAINT_MEMCG", "/kube/podA", [996])
    assert report.tasks[996]["swapents"] == 31936
    assert report.victims[0].sizes["anon-rss"] == 122228
    assert "who asked" in said(report)
    assert "limit are not in the log" in said(report)


def test_lists_of_nodes() -> None:
    report = only("d")
    assert (report.why["nodemask"], report.why["mems_allowed"]) == ("0,2", "0,8-9")
    assert (report.why["constraint"], report.why["task_memcg"]) == ("CONSTRAINT_MEMORY_POLICY", "/system.slice/a.service")
    assert report.victims[0].oom_score_adj == 1000


def test_a_pid_that_is_used_again() -> None:
    assert [(one.victims[0].pid, one.victims[0].name) for one in of("e")] == [(1733, "old"), (1733, "new")]
    assert len(oom_report.victims(oom_logs.read("e_pid_reused.kmsg"))) == 2


def test_before_5_1() -> None:
    report = only("f")
    (victim,) = report.victims
    assert (victim.pid, victim.name, victim.score, victim.memcg) == (3359, "a.out", 905, False)
    assert victim.sizes == {"total-vm": 4267252, "anon-rss": 2894908, "file-rss": 0, "shmem-rss": 0}
    assert report.asked == "a.out"


def test_nobody_to_kill() -> None:
    report = only("g")
    assert (report.unkillable, report.panic, report.victims, report.memcg) == (True, True, [], False)
    assert "kill" not in said(report)


def test_a_line_of_user_space() -> None:
    report = only("h")
    assert (list(report.tasks), report.torn, pids(report)) == ([996], 0, [996])


def test_cgroup_v1() -> None:
    report = only("i")
    assert (report.memory, report.memsw, report.kmem) == ((51200, 51200), (51200, 9007199254740988), (1200, 9007199254740988))
    assert report.stat["rss"] == 524188 * 1024
    assert (report.oom_memcg, pids(report)) == ("/v1", [996])


def test_13_ooms_in_a_second() -> None:
    found = of("j")
    assert [pids(one) for one in found] == [[132 + number] for number in range(13)]
    assert [one.memory for one in found] == [(kib, kib) for kib in range(4096, 14336, 1024)] + [()] * 3
    for one in found:
        assert not one.memory or one.victims[0].sizes["anon-rss"] <= one.memory[1]
    assert [one.limited for one in found] == [False] * 10 + [True] * 3
    assert {one.release for one in found} == {"6.12.118+deb13-cloud-amd64"}


def test_a_log_with_a_kill_among_many_without() -> None:
    found = of("k")
    assert [pids(one) for one in found if one.victims] == [[144], [146]]
    assert sum(one.unkillable for one in found) == len(found) - 2 == 30
    assert not found[0].head
    assert all(one.memory == (65536, 65536) for one in found[1:-1])
    assert found[-1].machine == {"swap_free": 0, "swap": 0, "ram": 65438, "reserved": 11512}
    assert [zone.sizes["free"] for zone in found[-1].zones] == [772, 788]


def test_what_dev_kmsg_escapes() -> None:
    report = only("m")
    assert report.oom_memcg == r"/user.slice/app-gnome-firefox\x2dw-96379.scope"
    assert (report.why["task"], report.victims[0].name) == ("café", "café")


def test_a_container_in_german() -> None:
    report = only("02")
    assert (report.asked, report.asked_pid, report.release) == ("php-fpm", 3923954, "5.15.158-2-pve")
    assert (report.memory, report.swap, report.oom_memcg) == ((31211520, 31211520), (0, 0), "/lxc/39004")
    assert (report.stat["anon"], report.stat["thp_collapse_alloc"], len(report.stat)) == (31154200576, 0, 40)
    assert (len(report.tasks), report.names[1833436]) == (73, "(sd-pam)")
    assert report.tasks[1083565]["oom_score_adj"] == -1000
    assert report.victims[0].sizes["shmem-rss"] == 156088
    assert (report.at, report.stamp) == (None, "Di Aug 12 03:54:03 2025")
    assert not missing(report)


def test_a_whole_group() -> None:
    report = only("05")
    assert pids(report) == [3804874, 3803554, 3803846, 3804873, 3804875, 3804883]
    assert report.exiting == [3804877, 3804878]
    assert report.group == "/kubepods.slice/kubepods-podf941.slice/cri-containerd-85d3.scope"
    assert report.why["oom_memcg"] == "/kubepods.slice/kubepods-podf941.slice"
    assert [victim.sizes["anon-rss"] for victim in report.victims] == [1489488, 4, 436, 1258752, 992376, 1034352]


def test_2_6_36() -> None:
    report = only("08")
    assert (report.asked, report.gfp, report.order, report.asked_adj) == ("sshd", "0x201da", 0, 0)
    assert (report.stat["free"], report.stat["shmem"], report.machine["ram"]) == (252, 831, 16384)
    assert report.tasks[410] == {
        "uid": 0,
        "tgid": 410,
        "total_vm": 533,
        "rss": 52,
        "cpu": 0,
        "oom_adj": -17,
        "oom_score_adj": -1000,
    }
    (victim,) = report.victims
    assert (victim.pid, victim.name, victim.score, victim.memcg) == (738, "f951", 639, False)
    assert victim.sizes == {"total-vm": 50344, "anon-rss": 40956, "file-rss": 24}


def test_a_panic() -> None:
    *kills, panic = of("10")
    assert [pids(one) for one in kills] == [[15479], [15485], [1339]]
    assert [one.victims[0].memcg for one in kills] == [None, False, False]
    assert (panic.unkillable, panic.panic, panic.victims) == (True, True, [])


def test_dmesg_iso() -> None:
    report = only("13")
    assert (report.asked, report.why["constraint"], pids(report)) == ("pool", "CONSTRAINT_NONE", [1440763])
    assert report.victims[0].sizes["anon-rss"] == 60356340
    assert report.left == {1440763: {"anon-rss": 0, "file-rss": 0, "shmem-rss": 0}}
    assert report.stamp == "2024-04-29T14:55:41,678628+02:00"
    assert "no row" in said(report)


def test_a_child_for_its_thread_group() -> None:
    report = only("14")
    assert (report.chosen, pids(report)) == ((24572, "java", 0), [28438])
    assert (report.memory, report.memsw, report.kmem) == ((524288, 524288), (1048544, 1048576), (0, 9007199254740988))
    assert (report.oom_memcg, report.why["mems_allowed"]) == ("/kubepods/pod95387fa4/6895a3e1", "0")
    assert report.stat["swap"] == 524356 * 1024
    assert report.tasks[28438]["nr_ptes"] == 1661
    assert (report.release, report.victims[0].memcg) == ("3.10.0-327.4.5.el7.x86_64", True)


def test_a_name_with_a_space() -> None:
    report = only("16")
    assert (report.asked, report.asked_pid, report.asked_adj) == ("CPU 2/KVM", 10612, 872)
    assert (report.release, pids(report)) == ("5.3.18-150300.59.63-default", [10590])


def test_a_column_of_a_patched_kernel() -> None:
    report = only("22")
    assert report.tasks[12399]["(01)nrss"] == 262170
    assert report.tasks[12399]["pgtables_bytes"] == 10534912
    assert (report.why["nodemask"], pids(report)) == ("1", [13135])


def test_lines_in_another_order() -> None:
    """By the kernel's own clock the kill is of the first report, and the line of the constraint of none of the two."""
    first, second = of("26")
    assert (first.asked, pids(first), first.why) == ("main", [1734], {})
    assert (first.stat["active_anon"], first.stat["free"], first.stat["slab_unreclaimable"]) == (218, 226231, 9671)
    assert (second.why["pid"], second.victims) == ("1733", [])


def test_a_kill_alone() -> None:
    report = only("30")
    assert (report.limited, report.victims[0].name, report.victims[0].sizes["pgtables"]) == (True, "gdb", 1440924)
    assert report.left[38635] == {"anon-rss": 0, "file-rss": 0, "shmem-rss": 0}


def test_an_owner_behind_the_name() -> None:
    victims = [victim for one in of("37") for victim in one.victims]
    assert [(one.pid, one.name, one.uid, one.sizes["anon-rss"]) for one in victims] == [
        (799153, "node", 1000, 68308),
        (799402, "node", 1000, 102060),
    ]


def test_a_group_before_5_1() -> None:
    first, second = of("39")
    assert (first.victims[0].score, first.victims[0].memcg, first.left[86854]["shmem-rss"]) == (1142, True, 21140)
    assert (second.asked, second.asked_adj, second.victims) == ("readiness.sh", 999, [])
    assert "kill is not in the log" in said(second)


def test_nothing_of_it_ends_in_a_traceback() -> None:
    """Each of them as one log, and as DataFrames."""
    texts = [oom_logs.read(path.name) for path in sorted(oom_logs.INPUTS.iterdir()) if "jsonl" not in path.name]
    assert len(texts) == 24
    for text in ("".join(texts), "\n".join(reversed(texts))):
        reports, victims, tasks = oom_report.frames(text)
        assert len(reports) >= 60
        assert len(victims) >= 40
        assert tasks["rss"].notna().all()
        assert list(reports.columns) == oom_report.REPORT_COLUMNS
