"""The parser of OOM reports: lines as 5.10 and 6.12 print them, several victims, what a rate limit leaves out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness import catalogue
from harness.claims import REFUTED, Trial
from harness.evidence.recording import Recording, read
from harness.false_evidence import made
from harness.lab.helpers import oom
from harness.linux import oom_report
from harness.verdicts import judge

HEAD = "[  pid  ]   uid  tgid total_vm      rss {}pgtables_bytes swapents oom_score_adj name"
OLD = "\n".join(
    (
        "4,200,9,-;worker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=-1000",
        "6,201,10,-;" + HEAD.format(""),
        "6,202,10,-;[    131]     0   131     6241     5397    81920        0          -300 a (b) c",
        "6,203,11,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=box,mems_allowed=0,oom_memcg=/lab/box,"
        "task_memcg=/lab/box/inner,task=a (b) c,pid=131,uid=0",
        "3,204,12,-;Memory cgroup out of memory: Killed process 131 (a (b) c) total-vm:35204kB, anon-rss:30720kB, "
        "file-rss:1212kB, shmem-rss:0kB, UID:0 pgtables:104kB oom_score_adj:-300",
        " SUBSYSTEM=memory",
    )
)
NEW = "\n".join(
    (
        "6,300,20,-;" + HEAD.format("rss_anon rss_file rss_shmem "),
        "6,301,20,-;[    140]     0   140     6241     5397     5120      277         0    81920       12             0 probe",
        "3,302,21,-;Out of memory: Killed process 140 (probe) total-vm:24964kB, anon-rss:20480kB, file-rss:1108kB, "
        "shmem-rss:64kB, UID:0 pgtables:80kB oom_score_adj:0",
    )
)


def test_victims() -> None:
    first, second = oom_report.victims(f"{OLD}\n{NEW}")
    assert (first.pid, first.name, first.memcg, first.oom_score_adj) == (131, "a (b) c", True, -300)
    assert first.sizes == {"total-vm": 35204, "anon-rss": 30720, "file-rss": 1212, "shmem-rss": 0, "pgtables": 104}
    assert (first.constraint, first.oom_memcg, first.task_memcg) == ("CONSTRAINT_MEMCG", "/lab/box", "/lab/box/inner")
    assert (second.pid, second.memcg, second.constraint) == (140, False, None)  # its report was rate-limited


def test_tables() -> None:
    old, new = oom_report.tables(f"{OLD}\n{NEW}")
    assert old[131]["rss"] == 5397
    assert old[131]["oom_score_adj"] == -300
    assert "rss_anon" not in old[131]
    assert new[140]["rss_anon"] == 5120
    assert new[140]["swapents"] == 12


def test_nothing_was_killed() -> None:
    assert oom_report.victims("6,1,1,-;Linux version 6.12\n") == []
    assert oom_report.tables("") == []


def quantities(record: dict[str, Any], scores: dict[str, int]) -> tuple[object, ...]:
    recording = Recording(
        [{"event": "record", "name": "it", "value": record}, {"event": "record", "name": "it: scores", "value": scores}]
    )
    return (
        oom.IsVictim("it", "a").of(recording),
        oom.IsVictim("it", "b").of(recording),
        oom.HighestDied("it", ("a", "b")).of(recording),
    )


def test_first_victim() -> None:
    assert quantities(made.oom("a", "b"), {"a": 2, "b": 1}) == (1, 0, 1)
    assert quantities(made.oom("a", alive=("b",)), {"a": 1, "b": 2}) == (1, 0, 0)
    assert quantities(made.oom("a", alive=("b",)), {"a": 2, "b": 2}) == (1, 0, None)  # no highest one


def test_log_and_wait_status_must_agree() -> None:
    record = made.oom("a", alive=("b",))
    with pytest.raises(ValueError, match="b ended with 9"):
        oom.killed({**record, "ended": {"a": 9, "b": 9}})
    assert quantities({**record, "ended": {"a": None, "b": None}}, {"a": 2, "b": 1}) == (None, None, None)


def test_a_spare_that_was_killed_between_two_readings_changes_nothing_for_the_others() -> None:
    record = made.oom("a", alive=("b", "spare"))
    late = {**record, "ended": {"a": 9, "b": None, "spare": 9}}
    with pytest.raises(ValueError, match="spare ended with 9"):
        oom.killed(late)
    assert quantities(late, {"a": 2, "b": 1}) == (1, 0, 1)


def test_a_kill_of_another_group_before_is_another_ooms() -> None:
    """A log that began with another probe's kill made the reading 0 whoever was killed."""
    record = made.oom("a", alive=("b",))
    before = made.oom("elsewhere")["log"].replace("process 100", "process 900")
    assert quantities({**record, "log": f"{before}\n{record['log']}"}, {"a": 2, "b": 1}) == (1, 0, 1)


def test_evidence_edited_so_that_the_immune_die_refutes_their_immunity() -> None:
    """A recording of oom-immunity in which the processes at -1000 and at -17 are the ones that were killed."""
    trial = Trial(1, {"": read(Path(__file__).with_name("oom_immunity_forged.jsonl.zst"))})
    found = judge.judge(catalogue.load()["oom-immunity"], [trial], planned=1)
    assert {one.claim.id: one.verdict for one in found} == {
        "oom-adj-minus17-immune": REFUTED,
        "oom-score-adj-min-disables": REFUTED,
    }


def test_rows() -> None:
    recording = Recording([{"event": "record", "name": "written", "value": [[1, 0, 1], [2, 22, 1], [3, 0, 9]]}])
    assert oom.rows("written", lambda value, error, read: error or read != value, "gone wrong").of(recording) == 2
    assert oom.rows("elsewhere", lambda *row: True, "of nothing").of(recording) is None
