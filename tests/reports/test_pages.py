"""The pages of a run: what stands on them for every kind of verdict, and that their Markdown is whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

from harness import catalogue
from harness.claims.claim import CONFIRMED, REFUTED, SKIPPED, UNDECIDED, Experiment, Known
from harness.claims.limits import Limits
from harness.claims.quantities import Counter, Pages
from harness.errors import LabError
from harness.evidence import run_directory
from harness.evidence.schema import Row
from harness.reports import pages, report, step_summary, wording
from harness.run.cell import describe_cell
from harness.verdicts import run_cells
from harness.verdicts.judged import Judged, Outcome
from tests.reports.made import CLAIM, EXPERIMENT, PAGES, Made, cell, meminfo, sample, trial


def write(run: Path, judged: Sequence[Judged]) -> dict[str, str]:
    """Writes a run's report; gives its pages by their names, each checked."""
    run_directory.write_verdicts(run, run_cells.document(run, [one.outcome for one in judged]))
    report.write(run, judged)
    found = {str(path.relative_to(run)): path.read_text() for path in run.rglob("*.md")}
    for name, text in found.items():
        check(text, (run / name).parent)
    return found


def check(text: str, directory: Path) -> None:
    """Every table has as many cells in each row, every link is relative and leads to something, nothing is a blank page."""
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        cells = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
        assert len(cells) == 1, table
    for link in re.findall(r"\]\(([^)]*)\)", text):
        assert not link.startswith("/")
        assert "://" not in link
        path, _, anchor = unquote(link).partition("#")
        target = directory / path
        assert target.exists(), link
        if anchor:
            assert f'<a id="{anchor}"></a>' in target.read_text(), link
    assert "\n\n\n" not in text


def one_page(run: Path, judged: Sequence[Judged]) -> tuple[str, str]:
    """Gives report.md of a run of one experiment, and the page of its one cell."""
    pages = write(run, judged)
    [cell_page] = [text for name, text in pages.items() if "/cells/" in name]
    return pages["report.md"], cell_page


def test_a_host_says_what_its_disks_lie_on(tmp_path: Path) -> None:
    machine = {"name": "local", "accelerator": "host", "disks_on": "btrfs at /srv", "oomd": True}
    _, text = one_page(tmp_path, [cell(tmp_path, [replace(trial(), machine=machine)] * 3)])
    assert "the host itself, processors: 1" in text
    assert "loop devices over files on btrfs at /srv" in text
    assert "runs: under pressure it may kill a sandbox" in text


def test_confirmed(tmp_path: Path) -> None:
    """The answer first, then the picture, then the numbers; every table of the trials on the cell's own page."""
    text, tables = one_page(tmp_path, [cell(tmp_path, [trial()] * 3)])
    assert "1 verdict: 1 confirmed; no surprises among 1 prediction; no errors." in text
    assert "> What was written to a \\*made-up\\* file cannot be freed." in text
    assert "**CONFIRMED**: All 64 pages were kept. *Linux 6.12.117-made: 3 of 3 trials, from 3 boots.*" in text
    assert "| **pages of the file kept** | pages | = 64 | \\<= 63 | 64 |" in text
    assert "| control, must read false: meminfo:Dirty at “dropped” | pages |  |  | 0 |" in text
    assert "- true: every page" in text
    assert "- false: one is enough" in text
    assert "reads exactly 0: a swapped page is not freed" in text
    assert "Known answer: confirmed since 6.1: mm/made_up.c, \\_\\_free_nothing (v6.12)" in text
    assert "Known answer: refuted before 6.1 (not here): it was otherwise" in text
    assert text.index("**CONFIRMED**") < text.index("](plots/made-up.svg)") < text.index("| **pages of the file kept**")
    assert "| decides: pages of the file kept | pages | true: exactly 64; false: at most 63 | 64 | 64 | 64 |" in tables
    assert "| must read false: meminfo:Dirty at “dropped” | pages | at most 63 | 0 | 0 | 0 |" in tables
    assert "- Settings: lru=mglru, zswap=absent" in tables
    assert "- Command line: `quiet thp=never\\|always`" in tables


def test_what_is_said_once_is_not_said_twice(tmp_path: Path) -> None:
    judged = [cell(tmp_path, [trial()] * 3, axis={"lru": lru}) for lru in ("classic", "mglru")]
    pages = write(tmp_path, judged)
    text = pages["report.md"]
    assert text.count("All 64 pages were kept.") == 1
    assert text.count("cannot be freed.") - text.count("![") == 1
    assert text.count("a swapped page is not freed") == 1
    assert "*Linux 6.12.117-made, lru=classic; Linux 6.12.117-made, lru=mglru: 3 of 3 trials" in text
    assert "| reading | unit | true if | false if | lru=classic | lru=mglru |" in text
    assert "| **pages of the file kept** | pages | = 64 | \\<= 63 | 64 | 64 |" in text
    for page in (one for name, one in pages.items() if "/cells/" in name):
        assert "cannot be freed" not in page
        assert "every page" not in page


def test_an_experiment_of_a_run_has_a_page_of_its_own(tmp_path: Path) -> None:
    """The front page lists every claim with its sign and a link; a section is a table over the kernels."""
    other = replace(
        EXPERIMENT,
        name="other",
        expects=(replace(EXPERIMENT.expects[0], claim=replace(CLAIM, id="other-claim", section="elsewhere")),),
    )
    judged = [cell(tmp_path, [trial()] * 3), cell(tmp_path, [trial(kept=PAGES - 1)] * 3, other)]
    pages = write(tmp_path, judged)
    front = pages["report.md"]
    assert "### [made up](report/section-made-up.md)\n\n1 confirmed.\n\n✔ [made-up](report/made-up.md#made-up)" in front
    assert "✘ [other-claim](report/other.md#other-claim)" in front
    assert (
        "## Surprises\n\n- [other-claim](report/other.md#other-claim) **refuted**, known confirmed, Linux 6.12.117-made: "
        "Of 64 pages 63 were kept."
    ) in front
    assert "| [other-claim](other.md#other-claim)<br>What was" in pages["report/section-elsewhere.md"]
    assert "✘ refuted **SURPRISE** |" in pages["report/section-elsewhere.md"]
    assert "](../plots/made-up.svg)" in pages["report/made-up.md"]
    assert "known answer is confirmed" in pages["report/other.md"]


def test_pages_are_of_a_size_that_is_read() -> None:
    """A whole catalogue on four kernels: the front page in less than 300 lines, an experiment's in 120, or in 60 and 16 a claim
    where it decides many."""
    run, outcomes = Path("/nowhere"), [made_outcome(one, kernel) for one in catalogue.load().values() for kernel in KERNELS]
    found = dict(pages.all_of(run, outcomes, {}))
    assert found["report.md"].count("\n") < 300
    assert "![" in found["report.md"]
    claims = {f"report/{one.name}.md": len(one.claims) for one in catalogue.load().values()}
    for name, text in found.items():
        most = max(120, 60 + 16 * claims.get(name, 0))
        assert text.count("\n") <= most or name.startswith(("report.md", "report/section", "plots/")), name
    summary = step_summary.render(run, outcomes, Path("/nowhere"))
    assert len(summary.encode()) < 1 << 20


KERNELS = ("5.10.1-made", "6.1.1-made", "6.12.1-made", "7.2.1-made")


def made_outcome(experiment: Experiment, kernel: str) -> Outcome:
    """An outcome of the catalogue's experiment on a kernel, in which every claim is confirmed by what its ranges say."""
    described = {"release": kernel, "series": ".".join(kernel.split(".")[:2]), "config": None}
    axis = {name: values[0] for name, values in experiment.axes.items()}
    made = describe_cell(experiment, axis, 3, described, "tcg")
    rows: list[Row] = []
    for claim in experiment.claims:
        expects = [one for one in experiment.expects if one.claim == claim]
        rows.append(
            {
                **SKIPPED_ROW,
                "claim": claim.id,
                "experiment": experiment.name,
                "kernel": kernel,
                "series": described["series"],
                "verdict": CONFIRMED,
                "settings": axis,
                "quantities": [
                    {
                        "name": one.quantity.name,
                        "unit": one.quantity.unit,
                        "if_true": "= 1",
                        "if_false": "= 0",
                        "values": [1, 1, 1],
                    }
                    for one in expects
                ],
                "references": [
                    {"name": one.name, "must": must, "values": [1, 1, 1]}
                    for expect in expects
                    for must, one in (("true", expect.reads_true), ("false", expect.reads_false))
                ],
            }
        )
    name = "@".join([experiment.name, *(f"{key}={value}" for key, value in axis.items()), kernel])
    return Outcome(Path("/nowhere/experiments") / name, made, experiment, rows, [])


SKIPPED_ROW: Row = {
    "claim": "",
    "experiment": "",
    "version": 1,
    "verdict": SKIPPED,
    "known": None,
    "kernel": "",
    "series": "",
    "config": None,
    "machine": "vm",
    "accelerator": "tcg",
    "settings": {},
    "trials": 3,
    "valid": 3,
    "boots": 3,
    "quantities": [],
    "references": [],
    "guards": [],
    "why": "As its ranges say.",
    "seconds": 1.0,
}


def test_the_step_summary_is_never_cut_in_mid_table(tmp_path: Path) -> None:
    """Most important first; however small the room is, every line is whole and what is left out is said."""
    outcomes = [made_outcome(one, kernel) for one in catalogue.load().values() for kernel in KERNELS]
    surprise = next(row for one in outcomes for row in one.rows if row["claim"] == "tmpfs-unreclaimable")
    surprise |= {"verdict": REFUTED, "known": CONFIRMED, "why": "Of 8,192 pages 7 were kept."}
    whole = step_summary.render(tmp_path, outcomes, tmp_path)
    assert whole.index("## Surprises\n\n- tmpfs-unreclaimable **refuted** (Linux 5.10.1-made), known confirmed") < whole.index(
        "\n| claim |"
    )
    for room in range(400, len(whole.encode()), 1777):
        text = step_summary.render(tmp_path, outcomes, tmp_path, room)
        assert len(text.encode()) <= room
        assert "did not fit in here: report.md of the run has all of them." in text
        for line in text.splitlines()[:-1]:
            assert line in whole, line
        tables = re.findall(r"(?:^\|.*\n)+", text, re.M)
        assert all(table.splitlines()[1].startswith("|---") for table in tables)


def test_what_is_other_than_published_stands_on_top(tmp_path: Path) -> None:
    now = made_outcome(catalogue.load()["tmpfs-dropped"], "6.12.1-made")
    published = [{**row, "verdict": REFUTED, "kernel": "6.12.0-made"} for row in now.rows]
    run_directory.write_verdicts(tmp_path, run_directory.document(tmp_path, published, []))
    text = step_summary.render(tmp_path, [now], tmp_path)
    assert (
        "## Otherwise than in the reference\n\n- tmpfs-unreclaimable **confirmed** (Linux 6.12.1-made), published refuted:"
        in text
    )
    assert step_summary.since([now], tmp_path / "nothing") == []


def test_before_and_after(tmp_path: Path) -> None:
    _, text = one_page(tmp_path, [cell(tmp_path, [trial(), trial(), trial(cached=40_400)])])
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
    _, text = one_page(tmp_path, [cell(tmp_path, [made])])
    assert "| meminfo:Percpu | KiB | 1 | 7 | +6 | +6 KiB | +6 |" in text


def test_many_moments(tmp_path: Path) -> None:
    """Each has a row then; what was read at some of them only is not read at the others."""
    extra = [sample(f"moment {number}", 8_000 + number, meminfo=meminfo(Dirty=4 * number)) for number in range(9)]
    _, text = one_page(tmp_path, [cell(tmp_path, [replace(trial(), events=[*trial().events, *extra])])])
    assert (
        "| moment | **resident pages of file** | **resident pages of locked** | **meminfo:Dirty** | **vmstat:pswpout** |"
    ) in text
    assert "| unit | pages | pages | pages | pages |" in text
    assert "| dropped | 64 | 64 | 0 | 0 |" in text
    assert "| moment 8 | not read | not read | 8 | not read |" in text
    assert "| change in all trials | not read | not read | +8 | not read |" in text


def test_surprise(tmp_path: Path) -> None:
    text, _ = one_page(tmp_path, [cell(tmp_path, [trial(kept=PAGES - 1)] * 3)])
    assert "**REFUTED** **SURPRISE**, the known answer is confirmed: Of 64 pages 63 were kept." in text
    assert "1 surprise among 1 prediction;" in text


def test_undecided_says_why_first(tmp_path: Path) -> None:
    text, tables = one_page(tmp_path, [cell(tmp_path, [trial(), trial(swapped=5), trial()])])
    why = "**UNDECIDED**: 2 of 3 trials are valid: trial 2: growth of"
    assert why in text
    assert "no surprises" in text
    assert text.index(why) < text.index("| **pages of the file kept**")
    assert "Trials that do not count:\n\n- trial 2: growth of vmstat:pswpout" in tables
    assert "| trial 1 | trial 2 (invalid) | trial 3 |" in tables
    assert "| exactly 0 | 0 | 5 | 0 |" in tables


def test_no_valid_trial(tmp_path: Path) -> None:
    """The ranges are worked out for the reader, though the judge did not come to them."""
    text, tables = one_page(tmp_path, [cell(tmp_path, [trial(swapped=5)] * 3)])
    assert "- true: every page" in text
    assert "| true: exactly 64; false: at most 63 | 64 | 64 | 64 |" in tables
    assert "| must read false: meminfo:Dirty at “dropped” | pages | at most 63 | 0 | 0 | 0 |" in tables


def test_undecided_without_a_reading(tmp_path: Path) -> None:
    made = Made([event for event in trial().events if event[1].get("label") != "locked"])
    text, tables = one_page(tmp_path, [cell(tmp_path, [made])])
    assert "the reference “resident pages of locked at “dropped”” was not read" in text
    assert "| must read true: resident pages of locked at “dropped” | pages | exactly 64 | not read |" in tables


def test_skipped(tmp_path: Path) -> None:
    judged = cell(tmp_path, [Made(status="skipped", reason="this kernel has no /proc/made_up")] * 3)
    assert [row["verdict"] for row in judged.rows] == [SKIPPED]
    text, tables = one_page(tmp_path, [judged])
    assert "**SKIPPED**: this kernel has no /proc/made_up" in text
    assert "SURPRISE" not in text
    assert "| reading |" not in text + tables
    assert "Before and after" not in tables


def test_broken(tmp_path: Path) -> None:
    what = "trial 2: guest lost: <4>[ 1.0] Kernel panic | `oops`; see /somewhere/run/experiments/made-up/console.log"
    judged = cell(tmp_path, [trial(), replace(trial(), status="broken", reason=what)], failures=[what])
    text, tables = one_page(tmp_path, [judged])
    escaped = "trial 2: guest lost: \\<4>\\[ 1.0\\] Kernel panic \\| \\`oops\\`; see experiments/made-up/console.log"
    assert f"**BROKEN** on Linux 6.12.117-made: {escaped}" in text
    assert f"**BROKEN**: {escaped}" in tables
    assert "No verdict: the lab broke." in text


def test_errors_stand_first(tmp_path: Path) -> None:
    judged = [
        cell(tmp_path, [trial()], failures=["guest lost"]),
        cell(tmp_path, [trial()] * 3, replace(EXPERIMENT, name="other")),
    ]
    front = write(tmp_path, judged)["report.md"]
    assert (
        "## Errors\n\nAn error is the lab's: no verdict follows from it.\n\n- made-up on Linux 6.12.117-made: guest lost" in front
    )
    assert front.index("## Errors") < front.index("## Verdicts")
    assert "✔! [made-up]" in front


def test_absent_settings_are_said(tmp_path: Path) -> None:
    judged = [
        cell(tmp_path, [trial()] * 3, axis={"lru": "classic"}),
        cell(tmp_path, [Made(status="absent", reason="this kernel has no multi-generational LRU")], axis={"lru": "mglru"}),
    ]
    text = write(tmp_path, judged)["report.md"]
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
    _, text = one_page(tmp_path, [judged])
    swap, without = text.index("## Before and after, arm “swap”"), text.index("## Before and after, arm “no swap”")
    assert "**resident pages of file**" in text[swap:without]
    assert "**resident pages of locked**" in text[without:]


def test_recordings_that_differ_in_a_setting(tmp_path: Path) -> None:
    made = [trial(), replace(trial(), settings={"lru": "classic", "zswap": "N"})]
    _, text = one_page(tmp_path, [cell(tmp_path, made)])
    assert "- Settings: lru=mglru or classic, zswap=absent or N" in text


def test_a_run_of_nothing(tmp_path: Path) -> None:
    assert "no verdicts; no surprises; no errors." in write(tmp_path, [])["report.md"]


def test_a_report_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "plots").write_text("in the way")
    with pytest.raises(LabError, match=r"plots/made-up\.svg"):
        report.write(tmp_path, [cell(tmp_path, [trial()] * 3)])
    assert not list(tmp_path.glob(".*.new"))


def test_a_second_report_is_the_same_and_leaves_nothing_of_the_first(tmp_path: Path) -> None:
    judged = [cell(tmp_path, [trial()] * 3)]
    first = write(tmp_path, judged)
    (tmp_path / "plots" / "of another day.svg").write_text("<svg/>")
    (tmp_path / "report" / "of-another-day.md").write_text("")
    assert write(tmp_path, judged) == first
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["made-up.svg"]


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
