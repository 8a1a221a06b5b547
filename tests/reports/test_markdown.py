"""report.md: what stands in it for every kind of verdict, and that its Markdown is whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.claims.claim import CONFIRMED, REFUTED, SKIPPED, UNDECIDED, Known
from harness.claims.limits import Limits
from harness.claims.quantities import Counter, Pages
from harness.errors import LabError
from harness.evidence import run_directory
from harness.reports import report, wording
from harness.verdicts import run_cells
from harness.verdicts.judged import Judged
from tests.reports.made import CLAIM, EXPERIMENT, PAGES, Made, cell, meminfo, sample, trial


def write(run: Path, judged: Sequence[Judged]) -> str:
    run_directory.write_verdicts(run, run_cells.document(run, [one.outcome for one in judged]))
    text = report.write(run, judged).read_text()
    check(text, run)
    return text


def check(text: str, run: Path) -> None:
    """Every table has as many cells in each row, every link is relative and leads to something."""
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        cells = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
        assert len(cells) == 1, table
    for link in re.findall(r"\]\(([^)]*)\)", text):
        if link.startswith("#"):
            assert f'<a id="{link[1:]}"></a>' in text
        else:
            assert not link.startswith(("/", ".."))
            assert "://" not in link
            assert (run / link.replace("%40", "@").replace("%3D", "=")).exists(), link
    assert "\n\n\n" not in text


def test_a_host_says_what_its_disks_lie_on(tmp_path: Path) -> None:
    machine = {"name": "local", "accelerator": "host", "disks_on": "btrfs at /srv", "oomd": True}
    text = write(tmp_path, [cell(tmp_path, [replace(trial(), machine=machine)] * 3)])
    assert "this host, processors: 1" in text
    assert "loop devices over files on btrfs at /srv" in text
    assert "runs: under pressure it may kill a sandbox" in text


def test_confirmed(tmp_path: Path) -> None:
    text = write(tmp_path, [cell(tmp_path, [trial()] * 3)])
    assert "1 verdict: 1 confirmed; no surprises among 1 prediction; no errors." in text
    assert ("| [made-up](#made-up) | **confirmed** | confirmed | 6.12.117-made (guest, TCG) |  | 3 of 3 |") in text
    assert "> What was written to a \\*made-up\\* file cannot be freed." in text
    assert "**CONFIRMED**: All 64 pages were kept." in text
    assert "3 of 3 trials valid, from 3 boots, in 4.1 seconds. Settings: lru=mglru, zswap=absent." in text
    assert "| true | exactly 64 (262,144 bytes) | every page |" in text
    assert "| false | at most 63 (262,144 bytes - 1) | one is enough |" in text
    assert "| decides: pages of the file kept | pages | true: exactly 64; false: at most 63 | 64 | 64 | 64 |" in text
    assert "| must read false: meminfo:Dirty at “dropped” | pages | at most 63 | 0 | 0 | 0 |" in text
    assert "reads exactly 0: a swapped page is not freed" in text
    assert "- confirmed since 6.1 (applies here): mm/made_up.c, \\_\\_free_nothing (v6.12)" in text
    assert "- refuted before 6.1: it was otherwise" in text
    assert "- Command line: `quiet thp=never\\|always`" in text
    assert "](plots/made-up.svg)" in text


def test_before_and_after(tmp_path: Path) -> None:
    text = write(tmp_path, [cell(tmp_path, [trial(), trial(), trial(cached=40_400)])])
    assert "| reading | unit | written | dropped | change | as memory | change in all trials |" in text
    assert "| **resident pages of locked** | pages | not read | 64 | not read |  | not read |" in text
    assert "| **vmstat:pswpout** | pages | 0 | 0 | 0 |  | 0 |" in text
    assert "| meminfo:MemFree | pages | 215,000 | 205,000 | -10,000 | -39.06 MiB | -10,100 to -10,000 |" in text
    assert "| meminfo:Cached | pages | 5,000 | 10,000 | +5,000 | +19.53 MiB | +5,000 to +5,050 |" in text
    assert "meminfo:Inactive" not in text  # it changed as Cached did
    assert "| vmstat:pgfault | count | 150 | 200 | +50 |  | +50 |" in text


def test_amounts_that_are_no_whole_pages_keep_their_unit(tmp_path: Path) -> None:
    made = Made(
        [
            *(event for event in trial().events if event[0] == "pages"),
            sample("written", 0, meminfo=meminfo(Dirty=0, Percpu=1), vmstat="pswpout 0\n"),
            sample("dropped", 1, meminfo=meminfo(Dirty=0, Percpu=7), vmstat="pswpout 0\n"),
        ]
    )
    text = write(tmp_path, [cell(tmp_path, [made])])
    assert "| meminfo:Percpu | KiB | 1 | 7 | +6 | +6 KiB | +6 |" in text


def test_a_series_of_nothing(tmp_path: Path) -> None:
    text = write(tmp_path, [cell(tmp_path, [trial(cached=0)])])
    assert "No plot: no amount of memory that was sampled over time moved by 1 MiB." in text


def test_many_moments(tmp_path: Path) -> None:
    """Each has a row then; what was read at some of them only is not read at the others."""
    extra = [sample(f"moment {number}", 8_000 + number, meminfo=meminfo(Dirty=4 * number)) for number in range(9)]
    text = write(tmp_path, [cell(tmp_path, [replace(trial(), events=[*trial().events, *extra])])])
    assert (
        "| moment | **resident pages of file** | **resident pages of locked** | **meminfo:Dirty** | **vmstat:pswpout** |"
    ) in text
    assert "| unit | pages | pages | pages | pages |" in text
    assert "| dropped | 64 | 64 | 0 | 0 |" in text
    assert "| moment 8 | not read | not read | 8 | not read |" in text
    assert "| change in all trials | not read | not read | +8 | not read |" in text


def test_without_a_series(tmp_path: Path) -> None:
    made = Made([event for event in trial().events if event[0] != "series"])
    assert "No plot: nothing was sampled over time." in write(tmp_path, [cell(tmp_path, [made])])


def test_surprise(tmp_path: Path) -> None:
    text = write(tmp_path, [cell(tmp_path, [trial(kept=PAGES - 1)] * 3)])
    assert "**refuted** SURPRISE" in text
    assert "**REFUTED** **SURPRISE**, the known answer is confirmed: Of 64 pages 63 were kept." in text
    assert "1 surprise among 1 prediction;" in text


def test_undecided_says_why_first(tmp_path: Path) -> None:
    text = write(tmp_path, [cell(tmp_path, [trial(), trial(swapped=5), trial()])])
    why = "**UNDECIDED**: 2 of 3 trials are valid: trial 2: growth of"
    assert why in text
    assert "no surprises" in text
    assert text.index(why) < text.index("Why it is decided this way")
    assert "Trials that do not count:\n\n- trial 2: growth of vmstat:pswpout" in text
    assert "| trial 1 | trial 2 (invalid) | trial 3 |" in text
    assert "| exactly 0 | 0 | 5 | 0 |" in text


def test_no_valid_trial(tmp_path: Path) -> None:
    """The ranges are worked out for the reader, though the judge did not come to them."""
    text = write(tmp_path, [cell(tmp_path, [trial(swapped=5)] * 3)])
    assert "| true | exactly 64 (262,144 bytes) | every page |" in text
    assert "| true: exactly 64; false: at most 63 | 64 | 64 | 64 |" in text
    assert "| must read false: meminfo:Dirty at “dropped” | pages | at most 63 | 0 | 0 | 0 |" in text


def test_undecided_without_a_reading(tmp_path: Path) -> None:
    made = Made([event for event in trial().events if event[1].get("label") != "locked"])
    text = write(tmp_path, [cell(tmp_path, [made])])
    assert "the reference “resident pages of locked at “dropped”” was not read" in text
    assert "| must read true: resident pages of locked at “dropped” | pages | exactly 64 | not read |" in text


def test_skipped(tmp_path: Path) -> None:
    judged = cell(tmp_path, [Made(status="skipped", reason="this kernel has no /proc/made_up")] * 3)
    assert [row["verdict"] for row in judged.rows] == [SKIPPED]
    text = write(tmp_path, [judged])
    assert "**SKIPPED**: this kernel has no /proc/made_up" in text
    assert "SURPRISE" not in text
    assert "Why it is decided" not in text
    assert "Before and after" not in text


def test_broken(tmp_path: Path) -> None:
    what = "trial 2: guest lost: <4>[ 1.0] Kernel panic | `oops`; see /somewhere/run/experiments/made-up/console.log"
    judged = cell(tmp_path, [trial(), replace(trial(), status="broken", reason=what)], failures=[what])
    text = write(tmp_path, [judged])
    escaped = "trial 2: guest lost: \\<4>\\[ 1.0\\] Kernel panic \\| \\`oops\\`; see experiments/made-up/console.log"
    assert "## Errors\n\nAn error is the lab's: no verdict follows from it.\n\n- made-up on Linux" in text
    assert f"6.12.117-made: {escaped}" in text
    assert f"**BROKEN**: {escaped}" in text
    assert "| [made-up](#made-up) | **broken** |" in text
    assert text.index("## Errors") < text.index("## Verdicts")


def test_settings_have_rows_and_absent_ones_none(tmp_path: Path) -> None:
    judged = [
        cell(tmp_path, [trial()] * 3, axis={"lru": "classic"}),
        cell(tmp_path, [Made(status="absent", reason="this kernel has no multi-generational LRU")], axis={"lru": "mglru"}),
    ]
    text = write(tmp_path, judged)
    assert "| [made-up](#made-up.lru=classic) | **confirmed** |" in text
    assert "| lru=classic | 3 of 3 |" in text
    assert "made-up with lru=mglru on Linux 6.12.117-made has no verdict: this kernel has no multi-generational LRU." in text
    assert "plots/made-up%40lru%3Dclassic.svg" in text


def test_arms(tmp_path: Path) -> None:
    file, locked = Pages("dropped", "file", arm="swap"), Pages("dropped", "locked", arm="no swap")
    experiment = replace(
        EXPERIMENT,
        arms=("swap", "no swap"),
        guards=(),
        expects=(
            replace(
                EXPERIMENT.expects[0],
                quantity=file,
                reads_true=locked,
                reads_false=Counter("meminfo:Dirty", "dropped", "no swap"),
            ),
        ),
    )
    judged = cell(tmp_path, [{"swap": trial(), "no swap": trial()}] * 3, experiment)
    text = write(tmp_path, [judged])
    swap, without = text.index("### Before and after, arm “swap”"), text.index("### Before and after, arm “no swap”")
    assert "**resident pages of file**" in text[swap:without]
    assert "**resident pages of locked**" in text[without:]


def test_recordings_that_differ_in_a_setting(tmp_path: Path) -> None:
    made = [trial(), replace(trial(), settings={"lru": "classic", "zswap": "N"})]
    assert "Settings: lru=mglru or classic, zswap=absent or N." in write(tmp_path, [cell(tmp_path, made)])


def test_a_run_of_nothing(tmp_path: Path) -> None:
    assert "no verdicts; no surprises; no errors." in write(tmp_path, [])


def test_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "plots").write_text("in the way")
    with pytest.raises(LabError, match=r"plots/made-up\.svg"):
        report.write(tmp_path, [cell(tmp_path, [trial()] * 3)])
    assert not list(tmp_path.glob(".*.new"))


def test_a_second_report_is_the_same(tmp_path: Path) -> None:
    judged = [cell(tmp_path, [trial()] * 3)]
    assert write(tmp_path, judged) == write(tmp_path, judged)


@pytest.mark.parametrize(
    ("limits", "wanted"),
    [
        (Limits(16384, 16384), "exactly 16,384"),
        (Limits(None, -1), "at most -1"),
        (Limits(0.5, None), "at least 0.5"),
        (Limits(1, 2000), "1 to 2,000"),
        (Limits(7, 7, outside=True), "anything but 7"),
        (Limits(-1, 1, outside=True), "less than -1 or more than 1"),
        (None, "a bound that was not read"),
    ],
)
def test_ranges_in_words(limits: Limits | None, wanted: str) -> None:
    assert wording.words(limits) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"), [("a|b", "`a\\|b`"), ("it's `x`", "`` it's `x` ``"), ("", ""), ("two\nlines", "`two lines`")]
)
def test_code(text: str, wanted: str) -> None:
    assert wording.code(text) == wanted


def test_memory_in_words() -> None:
    assert wording.memory(64 << 20) == "+64 MiB"
    assert wording.memory(-(1 << 30) - 1024) == "-1,024 MiB"
    assert wording.memory(-4096) == "-4 KiB"
    assert wording.memory(10 << 20) == "+10 MiB"


def test_verdicts_are_named_as_the_contract_has_them() -> None:
    assert {CONFIRMED, REFUTED, UNDECIDED, SKIPPED} == {"confirmed", "refuted", "undecided", "skipped"}
    assert isinstance(CLAIM.known[0], Known)
