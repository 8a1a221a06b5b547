"""Every parser of what Linux writes, on text that it didn't: a value or one error of ours, never another exception."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import LabError
from harness.linux import btf, counters, kernel_log, log_dates, maps, mounts, oom_report, oom_score, pages, releases, trace_events
from tests.foreign import QUICK, damaged, damaged_bytes
from tests.linux import oom_logs, test_counters, test_maps, test_mounts, test_trace_events

SAMPLES = {
    "meminfo": "MemTotal:        1009348 kB\nMemFree:          912340 kB\nHugePages_Total:       0\n",
    "vmstat": "nr_free_pages 228085\nnr_zone_inactive_anon 12\npgpgin 0\n",
    "zoneinfo": test_counters.ZONEINFO.decode(),
    "buddyinfo": "Node 0, zone      DMA      1      1      0      0      2      1      1      0      1      1      3\n",
    "slabinfo": "slabinfo - version: 2.1\n# name <active_objs>\nfuse_inode 0 19 832 19 4 : tunables 0 0 0 : slabdata 1 1 0\n",
    "swaps": "Filename Type Size Used Priority\n/dev/vdb partition 1048572 12 -2\n",
    "pressure.memory": "some avg10=1.25 avg60=0.00 avg300=0.00 total=17\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=9\n",
    "memory.current": "4096\n",
    "memory.max": "max\n",
    "statm": "250 120 90 10 0 30 0\n",
    "stat": "131 (a (b) c) S 1 131 131 0 -1 4194560 90 0 1 0 2 3 0 0 20 0 1 0 306 1024000 120 18446744073709551615 1 1 0\n",
    "maps": test_maps.TEXT,
    "cgroup.procs": "1\n2\n",
    "status": "Name:\tprobe\nUmask:\t0022\nVmRSS:\t     500 kB\nThreads:\t1\n",
    "smaps_rollup": "55d5a0000000-7ffd00000000 ---p 00000000 00:00 0    [rollup]\nRss:    1000 kB\nPss:     500 kB\n",
    "oom_score": "666\n",
    "oom_score_adj": "-1000\n",
    "io.stat": "254:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n254:16 rbytes=8192 wbytes=512 rios=2 wios=1\n",
    "memory.numa_stat": "anon N0=4096 N1=0\nfile N0=8192 N1=12288\n",
    "limits": "Limit                     Soft Limit           Hard Limit           Units     \n"
    "Max locked memory         8388608              unlimited            bytes     \n",
}
NEGATIVE = {"oom_score_adj:", "swaps:size", "swaps:used"}


def test_every_kind_of_watched_file_has_a_sample() -> None:
    assert {counters.FILES[name].parse for name in SAMPLES} == {file.parse for file in counters.FILES.values()}
    for name, text in SAMPLES.items():
        assert counters.FILES[name].parse(text.encode()) or name in {"memory.max", "cgroup.procs"}, name


@pytest.mark.parametrize("name", SAMPLES)
def test_watched_files(name: str) -> None:
    """What can't be read is left out; what is read is a whole number that a kernel can mean."""

    @QUICK
    @given(damaged(SAMPLES[name]))
    def check(text: str) -> None:
        found = counters.FILES[name].parse(text.encode(errors="surrogatepass"))
        assert all(type(key) is str and type(value) is int for key, value in found.items())
        assert all(-(1 << 63) <= value < 1 << 63 for value in found.values())

    check()


def allowed(parse: object, *arguments: object) -> None:
    with contextlib.suppress(LabError):
        parse(*arguments)  # type: ignore[operator]


@QUICK
@given(damaged(test_maps.TEXT))
def test_maps(text: str) -> None:
    allowed(maps.parse, text)


@QUICK
@given(damaged(Path(mounts.PATH).read_text(), test_mounts.TEXT))
def test_mounts_(text: str) -> None:
    allowed(mounts.parse, text)


@QUICK
@given(damaged(test_trace_events.LINES))
def test_trace(text: str) -> None:
    for event in trace_events.parse(text):
        assert event.pid >= 0
    trace_events.lost(text)


LOGS = [oom_logs.read(name) for name in ("13_dmesg_iso_rhel8.txt", "26_rsyslog_hash012.txt", "f_old_kill_line_4.19.kmsg")]


@QUICK
@given(damaged(*LOGS))
def test_kernel_logs(text: str) -> None:
    kernel_log.records(text)


@QUICK
@given(damaged(*LOGS))
def test_oom_reports(text: str) -> None:
    """Of whatever log, all that `invoke oom` asks of its reports."""
    found = oom_report.reports(text)
    swap = oom_score.swap_known(found)
    for one in found:
        oom_score.rank(one, swap)
    oom_report.victim_rows(found)
    oom_report.report_rows(found)
    oom_report.task_rows(found)
    oom_report.victims(text)
    oom_report.tables(text)


JSON = ['{"dmesg": [{"pri": 4, "time": 1.5, "msg": "Out of memory"}]}', '{"MESSAGE": "x", "__REALTIME_TIMESTAMP": "17"}\n' * 2]


@QUICK
@given(damaged(*JSON, '{"time": 1' + "0" * 400 + ', "msg": "a"}', '{"a":' * 5000, "[" * 100_000, '{"msg": "\\ud800\\\\x41"}'))
def test_logs_in_json(text: str) -> None:
    kernel_log.records(text)
    kernel_log.records(f"{{{text}")


@QUICK
@given(damaged("2024-02-29T12:00:00.5+01:00", "Feb 29 12:00:00", "jeu. 29 févr. 2024 25:61:61", "2月 29 12:00"))
def test_dates(text: str) -> None:
    log_dates.seconds(text)


@QUICK
@given(damaged("6.12.118+deb13-cloud-amd64", "5.10", "v7.2-rc1", "4.19.0-27-amd64"))
def test_releases(text: str) -> None:
    allowed(releases.series, text)
    allowed(releases.order, text)
    allowed(releases.within, text, "5.10", "6.12")


@QUICK
@given(st.binary(max_size=200), st.sampled_from(sorted(pages.STATES)))
def test_pages(data: bytes, state: str) -> None:
    """Half an entry is no page, and an error."""
    count = len(data) // pages.ENTRY_SIZE
    whole = data[: count * pages.ENTRY_SIZE]
    assert 0 <= pages.count(whole, state) <= count
    assert 0 <= pages.count_mapped(whole, 1) <= count
    assert 0 <= pages.same_frames(whole, whole) <= count
    assert pages.resident(data) == sum(byte & 1 for byte in data)
    assert len(pages.frames(whole)) <= count
    pages.mapped(whole)
    for ask in (pages.frames, pages.mapped):
        allowed(ask, data)
    allowed(pages.count, data, state)
    allowed(pages.count_mapped, data, 1)
    allowed(pages.same_frames, data, whole)


@QUICK
@given(
    damaged_bytes(
        Path("/sys/kernel/btf/vmlinux").read_bytes()[:3000]
        if Path("/sys/kernel/btf/vmlinux").exists()
        else b"\x9f\xeb\1\0\x18\0\0\0" + bytes(16)
    )
)
def test_types(data: bytes) -> None:
    try:
        found = btf.Types(data)
    except LabError:
        return
    for ask in (found.members, found.size, found.enumerators):
        allowed(ask, "list_head")
    allowed(found.offset, "list_head", "next")
    allowed(found.spelled, 3)
