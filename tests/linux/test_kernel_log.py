"""Prefixes of logs: what is taken off, what is a message, what is another program's."""

from __future__ import annotations

import json

import pytest

from harness.linux import kernel_log, log_dates, oom_report

KILL = (
    "Out of memory: Killed process 7 (a b) c) total-vm:8kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB, "
    "UID:0 pgtables:4kB oom_score_adj:0"
)
LINES = [
    "6,1,12345678,-;{}",
    "6,1,12345678,-,caller=T131;{}",
    "[   12.345678] {}",
    "[   12.345678][  T131] {}",
    "[   12.345678] [    C0] {}",
    "<3>[   12.345678] {}",
    "kern  :err   : [   12.345678] {}",
    "kern  :err   : [Tue Aug 12 03:54:03 2025] {}",
    "[Tue Aug 12 03:54:03 2025] {}",
    "[mar. août 12 03:54:03 2025] {}",
    "[二 8月 12 03:54:03 2025] {}",
    "[Вт авг 12 03:54:03 2025] {}",
    "[Aug12 03:54] {}",
    "[   12.345678 <    0.000012>] {}",
    "2025-08-12T03:54:03,345678+02:00 {}",
    "2025-08-12T03:54:03+0200 host kernel: {}",
    "2025-08-12T03:54:03.345678+02:00 host kernel: [   12.345678] {}",
    "2025-08-12 03:54:03 host kernel: {}",
    "Tue 2025-08-12 03:54:03 CEST host kernel: {}",
    "Aug 12 03:54:03 host kernel: {}",
    "Aug  2 03:54:03 host kernel: [   12.345678] {}",
    "Aug 12 03:54:03 host kernel[0]: {}",
    "Aug 12 03:54:03.345678 host kernel: {}",
    "<3>Aug 12 03:54:03 host kernel: {}",
    "<3>1 2025-08-12T03:54:03.345678+02:00 host kernel - - - [   12.345678] {}",
    "Tue Aug 12 03:54:03 2025 kern.err kernel: [   12.345678] {}",
    "1754970843.345678 host kernel: {}",
    "[   12.345678] host kernel: {}",
    "kernel: [   12.345678] {}",
    "> {}",
    "> > [   12.345678] {}",
    "\x1b[32m[   12.345678] \x1b[0m{}\r",
    "web-1  | [   12.345678] {}",
    "pod/node-7 stdout F {}",
    "    [   12.345678] {}",
    "\t    Aug 12 03:54:03 host kernel: {}",
    "    [Tue Aug 12 03:54:03 2025] {}",
    "[2026-09-12 10:14:02 UTC] kernel: {}",
    "{}",
]


@pytest.mark.parametrize("form", LINES)
def test_a_line(form: str) -> None:
    assert oom_report.messages(form.format(KILL) + "\n") == [KILL]
    (victim,) = oom_report.victims(form.format(KILL) + "\n")
    assert (victim.pid, victim.name, victim.memcg, victim.oom_score_adj) == (7, "a b) c", False, 0)


def test_what_looks_like_a_prefix_and_is_none() -> None:
    for message in ("[ 1234]     0  1234 a", "[  pid  ]   uid", " [<c011e49c>] (x)", "memory: usage 4kB, limit 4kB, failcnt 0"):
        assert oom_report.messages(f"[   12.345678] {message}\n[   12.345679] {KILL}\n") == [message, KILL]


def test_other_programs() -> None:
    log = f"Aug 12 03:54:03 host kernel: {KILL}\nAug 12 03:54:03 host app[12]: {KILL}\n"
    assert oom_report.messages(log) == [KILL]
    assert oom_report.messages(f"kern  :err   : [    1.000000] {KILL}\nuser  :err   : [    1.000000] {KILL}\n") == [KILL]


def test_times() -> None:
    def seconds(line: str) -> float | None:
        return kernel_log.records(line)[0].seconds

    assert seconds("6,1,12345678,-;x") == 12.345678
    assert seconds("[   12.345678] x") == 12.345678
    assert seconds("Aug 12 03:54:03 host kernel: [   12.345678] x") == 12.345678
    for date in ("Tue Aug 12 03:54:03 2025", "Di Aug 12 03:54:03 2025", "mar. août 12 03:54:03 2025", "二 8月 12 03:54:03 2025"):
        assert seconds(f"[{date}] x") == 1754970843
    assert seconds("2025-08-12T05:54:03,5+02:00 x") == 1754970843.5
    assert seconds("[xx Qqq 12 03:54:03 2025] x") is None  # a language that is not known: the message is read all the same
    assert oom_report.messages("[xx Qqq 12 03:54:03 2025] x") == ["x"]
    assert log_dates.seconds("[Feb 31 03:54:03 2025]") is None


def test_lines_of_one_message() -> None:
    assert oom_report.messages("6,1,5,-;a\\x0a b\\x5cx\n SUBSYSTEM=memory\n DEVICE=+pci:0\n6,2,6,-;c\n") == ["a", " b\\x", "c"]
    assert oom_report.messages("kernel: [    1.000000] a#012 b\n") == ["a", " b"]
    assert oom_report.messages("[    1.000000] a\n               b\n") == ["a", "b"]


def test_a_mailer_wraps() -> None:
    head, tail = KILL.split("anon", 1)
    (victim,) = oom_report.victims(f"[    1.000000] {head.rstrip()}\nanon{tail}\n")
    assert victim.sizes["anon-rss"] == 4
    why = "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,"
    (report,) = oom_report.reports(f"[    1.000000] {why}\nglobal_oom,task_memcg=/,task=x,pid=7,uid=0\n[    1.000001] {KILL}\n")
    assert (report.why["constraint"], report.why["task_memcg"], report.victims[0].pid) == ("CONSTRAINT_NONE", "/", 7)


KILLS = {  # log → pid, name, owner, anon-rss
    "Mar  2 17:35:10 s kernel: Killed process 11, UID 498, (my (s)) total-vm:7kB, anon-rss:2kB": (
        11,
        "my (s)",
        498,
        2,
    ),
    "host kernel: Out of Memory: Killed process 2592 (mysql).": (2592, "mysql", None, None),
    "Out of memory: kill process 5 (a b)\nscore 190 or a child\nKilled process 6 (c) vsz:3kB\nanon-rss:8kB": (6, "c", None, 8),
    "[ 1.0] Memory cgroup out of memory: Killed process 7 (x)\n total-vm:9kB, anon-rss:5kB,\n UID:3 pgtables:2kB": (7, "x", 3, 5),
}


@pytest.mark.parametrize("log", KILLS)
def test_lines_of_kills(log: str) -> None:
    (found,) = oom_report.victims(log + "\n")
    assert (found.pid, found.name, found.uid, found.sizes.get("anon-rss")) == KILLS[log]


def test_json_of_dmesg_and_of_journals() -> None:
    dmesg = '{"dmesg": [{"pri": 3, "time":    12.345678, "msg": ' + json.dumps(KILL) + "}]}"
    assert oom_report.victims(dmesg)[0].seconds == 12.345678
    pretty = json.dumps({"_TRANSPORT": "kernel", "MESSAGE": KILL}, indent=4)
    assert oom_report.messages(f"{pretty}\n{pretty}\n{pretty[:50]}") == [KILL, KILL]
    assert oom_report.messages('{"MESSAGE": null}\n{"MESSAGE": [256, "a"]}\n{"log": "[    1.000000] x\\n"}\n') == ["\x00", "x"]


@pytest.mark.parametrize("log", ["", "\n\n", "\x00\x01", "{", "[{", "__CURSOR=\nMESSAGE\n\xff", "6,1,", "[", "\udcff\udcfe"])
def test_no_log(log: str) -> None:
    assert oom_report.reports(log) == []
    assert oom_report.frames(log).reports.empty
