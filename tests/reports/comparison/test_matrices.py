"""compare, history, publish and noise on matrices made by hand."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from harness import catalogue
from harness.errors import UsageError
from harness.evidence import run_directory
from harness.false_evidence.made import Made, write_matrix
from harness.reports.comparison import differences, history, kernel_picture, matrix_picture, reference, rows, run_noise, selection
from tests.refuting import swappiness_zero_cache, swappiness_zero_never, tmpfs_dropped, vma_structures
from tests.reports.pictures.test_claim_pictures import texts
from tests.reports.test_pages import check

OLD, MIDDLE, NEW = "5.10.200-made", "6.1.50-made", "6.12.9-made"
TMPFS, SWAPPINESS = catalogue.load()["tmpfs-dropped"], catalogue.load()["swappiness-zero-never"]
CLAIM = "tmpfs-unreclaimable"
GOOD, N = tmpfs_dropped.GOOD, tmpfs_dropped.N


def kept(*counts: int) -> list[Made]:
    """Trials in which so many pages of the tmpfs file were kept."""
    return [GOOD.but(pages={"dropped": {"tmpfs": count}}) for count in counts]


def of_lru(classic: Sequence[Made], mglru: Sequence[Made] = ()) -> Mapping[str, Sequence[Made]]:
    return {f"lru={name}": trials for name, trials in (("classic", classic), ("mglru", mglru)) if trials}


NEVER, ONCE = (made["swappiness-0-never-swaps"] for made in (swappiness_zero_never.CONFIRMS, swappiness_zero_never.REFUTES))


@pytest.fixture
def swappiness(tmp_path: Path) -> Path:
    """Never swaps with MGLRU, which 5.10 lacks, and does with the classic LRU."""
    return write_matrix(tmp_path / "runs" / "lru", SWAPPINESS, {OLD: of_lru([ONCE] * 3), NEW: of_lru([ONCE] * 3, [NEVER] * 3)})


def compared(one: Path, other: Path, first: str = "", second: str = "") -> differences.Comparison:
    return differences.compare(
        selection.select(f"{one.name}{first}", one.parent), selection.select(f"{other.name}{second}", other.parent)
    )


def test_flavours_of_a_series_side_by_side(tmp_path: Path) -> None:
    cloud, real_time = "6.12.9-cloud-amd64", "6.12.9-rt-amd64"
    write_matrix(tmp_path / "run", TMPFS, {cloud: {"": kept(N, N, N)}, real_time: {"": kept(N, N, N)}})
    for condition, kernels in (("6.12-rt", [real_time]), ("6.12-cloud", [cloud]), ("6.12", [cloud, real_time]), ("6.1-rt", [])):
        try:
            found = {row["kernel"] for row in selection.select(f"run@{condition}", tmp_path).rows}
        except UsageError:
            found = set()
        assert sorted(found) == kernels, condition


def test_kernels_of_a_run_side_by_side(tmp_path: Path) -> None:
    run = write_matrix(tmp_path / "run", TMPFS, {OLD: {"": kept(N, N, N)}, NEW: {"": kept(N - 9, N - 8, N - 9)}})
    found = compared(run, run, "@5.10", "@6.12")
    [pair] = [pair for pair in found.verdicts() if pair.claim == CLAIM]
    assert (pair.claim, pair.one["verdict"], pair.other["verdict"]) == (CLAIM, "confirmed", "refuted")
    text = "\n".join(differences.lines(found, {}))
    assert f"{CLAIM}: confirmed -> refuted" in text
    assert f"pages written to tmpfs kept: {N:,} -> {N - 9:,} to {N - 8:,} pages (true: = {N})" in text
    assert rows.METHOD in text
    assert compared(run, run, "@5.10", "@5.10").verdicts() == []


@pytest.mark.parametrize(
    ("one", "other", "listed"),
    [
        ((5, 5, 5), (6, 6, 6), True),  # exact, and different
        ((5, 5, 5), (5, 5, 6), False),  # overlapping
        ((10, 12, 11), (18, 19, 18), False),  # a gap of 6 is not more than three times a spread of 2
        ((10, 12, 11), (19, 20, 19), True),
    ],
)
def test_noise_of_the_trials(one: tuple[int, ...], other: tuple[int, ...], listed: bool, tmp_path: Path) -> None:
    runs = [write_matrix(tmp_path / name, TMPFS, {NEW: {"": kept(*counts)}}) for name, counts in (("one", one), ("other", other))]
    found = compared(*runs)
    assert bool(found.quantities({})[0]) == listed
    told = {(CLAIM, "6.12"): [((), "pages written to tmpfs kept", 14)]}
    assert CLAIM not in {pair.claim for pair, _ in found.quantities(told)[0]}  # whole runs of one kernel were seen as far apart


def test_settings_side_by_side(swappiness: Path) -> None:
    found = compared(swappiness, swappiness, "@6.12@lru=classic", "@6.12@lru=mglru")
    assert [pair.title for pair in found.verdicts()] == ["swappiness-0-never-swaps"]
    old_and_new = compared(swappiness, swappiness, "@5.10", "@6.12")
    assert old_and_new.verdicts() == []
    assert (old_and_new.only_one, old_and_new.only_other) == (0, 1)
    said = list(differences.lines(old_and_new, {}))
    assert "\nOnly in A: no rows; only in B: 1 row" in said
    assert not any("lru=mglru" in line for line in said)  # counted, not listed


def test_what_is_not_there_is_said(swappiness: Path) -> None:
    with pytest.raises(UsageError, match=rf"its kernels are {OLD}, {NEW}"):
        selection.select("lru@6.1", swappiness.parent)


def test_kernels_are_in_order() -> None:
    releases = ["6.12.9", "6.1.180", "5.10.0-46-amd64", "7.2~rc3", "7.2.1", "7.2-rc4", "6.1.99", "6.12.9"]
    assert rows.in_order(releases) == ["5.10.0-46-amd64", "6.1.99", "6.1.180", "6.12.9", "7.2~rc3", "7.2-rc4", "7.2.1"]


def test_history_has_change_points_with_both_numbers(tmp_path: Path) -> None:
    run = write_matrix(tmp_path / "run", TMPFS, {NEW: {"": kept(1, 1, 1)}, OLD: {"": kept(N, N, N)}, MIDDLE: {"": kept(2, 2, 2)}})
    claim = catalogue.claims()[CLAIM][0]
    found = rows.collected(tmp_path, tmp_path / "no reference")
    [line] = history.of_claim(claim.id, found)
    assert [row["kernel"] for row in line.rows] == [OLD, MIDDLE, NEW]
    assert line.summary() == f"confirmed up to {OLD}, refuted since {MIDDLE}"
    text = "\n".join(history.printed(claim, found))
    assert f"Between {OLD} and {MIDDLE}: confirmed -> refuted\n    pages written to tmpfs kept: {N:,} -> 2 pages" in text
    assert f"Between {MIDDLE} and {NEW}: refuted on both, but other numbers" in text
    assert run.name in text


def test_a_claim_that_changes_twice(tmp_path: Path) -> None:
    write_matrix(tmp_path / "run", TMPFS, {OLD: {"": kept(N, N, N)}, MIDDLE: {"": kept(2, 2, 2)}, NEW: {"": kept(N, N, N)}})
    [line] = history.of_claim(CLAIM, rows.collected(tmp_path, tmp_path / "none"))
    assert line.summary() == f"confirmed up to {OLD}, refuted on {MIDDLE}, confirmed since {NEW}"


def test_history_names_the_known_answer_of_a_change(tmp_path: Path) -> None:
    experiment = catalogue.load()["vma-structures"]
    true, false = vma_structures.CONFIRMS["vma-tree-and-list"], vma_structures.REFUTES["vma-tree-and-list"]
    write_matrix(tmp_path / "run", experiment, {MIDDLE: {"": [false] * 3}, OLD: {"": [true] * 3}})
    claim = catalogue.claims()["vma-tree-and-list"][0]
    text = "\n".join(history.printed(claim, rows.collected(tmp_path, tmp_path / "none")))
    change = text[text.index("Between") : text.index("Known answers")]
    assert "confirmed -> refuted" in change
    assert "Known: refuted since 6.1" in " ".join(change.split())


def test_the_newest_run_counts(tmp_path: Path) -> None:
    for name, count in (("a", N), ("b", 0)):
        run = write_matrix(tmp_path / name, TMPFS, {NEW: {"": kept(count, count, count)}})
        stamp = 1_000_000_000 + count if name == "a" else 2_000_000_000
        os.utime(run / "verdicts.json", (stamp, stamp))
    [line] = history.of_claim(CLAIM, rows.collected(tmp_path, tmp_path / "none"))
    assert [row["verdict"] for row in line.rows] == ["refuted"]


def test_noise_over_whole_runs(tmp_path: Path) -> None:
    runs = [write_matrix(tmp_path / str(count), TMPFS, {NEW: {"": kept(N, N, count)}}) for count in (N, N - 1)]
    table = run_noise.write([selection.select(str(run), tmp_path) for run in runs], tmp_path)
    [one] = [one for one in table.spreads if one.claim == CLAIM and one.spread]
    assert (one.role, one.name, one.least, one.most, one.runs, one.trials) == (
        "decides",
        "pages written to tmpfs kept",
        N - 1,
        N,
        2,
        6,
    )
    assert table.differing()[CLAIM, NEW, ()] == ("confirmed", "undecided")
    written = json.loads((tmp_path / "noise.json").read_text())
    assert written["runs"] == [str(N), str(N - 1)]
    assert {entry["spread"] for entry in written["quantities"]} == {0, 1}
    page = (tmp_path / "noise.md").read_text()
    assert "Over 2 whole runs 2 verdicts of 2 differed" in page
    assert f"| decides: pages written to tmpfs kept | pages | {N - 1:,} | {N:,} | 1 | {1 / N:.2%} | 6 |" in page
    check(page, tmp_path)
    known = run_noise.published(tmp_path)
    assert ((), "pages written to tmpfs kept", 1) in known[CLAIM, "6.12"]


def test_a_setting_has_a_row_only_where_it_matters(swappiness: Path, tmp_path: Path) -> None:
    cells = reference.publish([swappiness], [], tmp_path / "reference").cells
    text = (tmp_path / "reference" / "README.md").read_text()
    check(text, tmp_path / "reference")
    never = [line for line in text.splitlines() if line.startswith("| [swappiness-0-never-swaps]")]
    assert [line.split(" | ", 1)[1] for line in never] == [
        "lru classic | **refuted** | **refuted** |",
        "lru mglru | — | confirmed |",
    ]
    assert f"refuted with lru classic; confirmed with lru mglru (on {NEW})" in text
    assert cells.kernels == [OLD, NEW]


def test_settings_that_agree_share_a_row(tmp_path: Path) -> None:
    experiment, good = catalogue.load()["swappiness-zero-cache"], swappiness_zero_cache.CONFIRMS["swappiness-0-prefers-cache"]
    run = write_matrix(tmp_path / "run", experiment, {OLD: of_lru([good] * 3), NEW: of_lru([good] * 3, [good] * 3)})
    reference.publish([run], [], tmp_path / "reference")
    rows_of = [
        line
        for line in (tmp_path / "reference" / "README.md").read_text().splitlines()
        if line.startswith("| [swappiness-0-prefers-cache]")
    ]
    assert [line.split(" | ", 1)[1] for line in rows_of] == ["lru classic, mglru | confirmed | confirmed |"]


def test_a_claim_over_the_kernels_is_drawn(swappiness: Path, tmp_path: Path) -> None:
    """A row for each kernel and setting, in the two ranges, in words whether it reads as claimed; nothing where nothing was
    read."""
    claim, experiment = catalogue.claims()["swappiness-0-never-swaps"]
    lines = history.of_claim(claim.id, rows.collected(swappiness.parent, tmp_path))
    names = {OLD: "5.10", NEW: "6.12"}
    drawn = kernel_picture.draw(claim, experiment, lines, names)
    assert drawn is not None
    assert drawn == kernel_picture.draw(claim, experiment, lines, names)
    found = texts(drawn.svg)
    assert {"5.10 classic", "6.12 classic", "6.12 mglru", "false: 1 or more"} <= set(found)
    assert "true: exactly 0" in " ".join(found)
    assert found.count("✔ as claimed") == 4
    assert found.count("✘ not as claimed") == 2
    assert "lru=mglru: confirmed on every kernel that decided it (1)" in drawn.alt
    assert len(drawn.svg) < 60_000
    assert kernel_picture.draw(claim, experiment, [], {}) is None


def test_a_change_has_a_flag_with_what_is_known(tmp_path: Path) -> None:
    """A structure is a table: no axis; where the verdict changes stands the source that says why."""
    claim, experiment = catalogue.claims()["vma-tree-and-list"]
    good, bad = vma_structures.CONFIRMS["vma-tree-and-list"], vma_structures.REFUTES["vma-tree-and-list"]
    run = write_matrix(tmp_path / "runs" / "vma", experiment, {OLD: {"": [good] * 3}, NEW: {"": [bad] * 3}})
    lines = history.of_claim(claim.id, rows.collected(run.parent, tmp_path))
    drawn = kernel_picture.draw(claim, experiment, lines, {OLD: "5.10", NEW: "6.12"})
    assert drawn is not None
    said = " ".join(texts(drawn.svg))
    assert "⚑ changes between 5.10 and 6.12: confirmed before" in said
    assert "4 members" in said


def test_a_matrix_is_one_picture(swappiness: Path, tmp_path: Path) -> None:
    """What changes has a row with a tile a kernel, all else a tile a claim; signs, not colours alone."""
    found = rows.collected(swappiness.parent, tmp_path)
    drawn = matrix_picture.draw(found, [OLD, NEW])
    said = texts(drawn.svg)
    assert "swappiness-0-never-swaps" in said
    assert {"5.10", "6.12", "classic", "mglru", "✔", "✘", "confirmed", "refuted"} <= set(said)
    assert "1 change with the kernel or a setting" in drawn.alt


def test_published_pages(tmp_path: Path) -> None:
    """Numbers of every kernel, pictures of both verdicts, no path of this machine, the later run's rows."""
    first = write_matrix(tmp_path / "first", TMPFS, {OLD: {"": kept(N, N, N)}, NEW: {"": kept(N, N, N)}})
    second = write_matrix(tmp_path / "second", TMPFS, {NEW: {"": kept(7, 7, 8)}})
    for run, kernel in ((first, OLD), (second, NEW)):
        (run / "plots").mkdir()
        (run / "plots" / f"{CLAIM}@{kernel}.svg").write_text(f"<svg><desc>kept on {kernel}</desc></svg>")
    to = tmp_path / "reference"
    reference.publish([first, second], [selection.select(str(run), tmp_path) for run in (first, second)], to)
    page = (to / "claims" / f"{CLAIM}.md").read_text()
    assert f"| 6.12 |  | 7 to 8 | = {N:,} | \\<= {N - 1:,} | {N:,} | 0 |" in page
    assert f"confirmed up to {OLD}, refuted since {NEW}" in page
    assert {path.name for path in (to / "plots").iterdir()} == {
        f"{CLAIM}.5.10.svg",
        f"{CLAIM}.6.12.svg",
        f"{CLAIM}.svg",
        "tmpfs-unreclaimable-because-referenced.svg",
    }
    assert f"![kept on {OLD}](../plots/{CLAIM}.5.10.svg)" in page
    index = (to / "README.md").read_text()
    assert f"*confirmed up to {OLD}, refuted since {NEW}*" in index
    assert "[noise.md](noise.md)" in index
    check(index, to)
    document = run_directory.read_verdicts(to)
    assert document["run"] == "first+second"
    assert {(row["kernel"], row["run"]) for row in document["verdicts"]} == {(OLD, "first"), (NEW, "second")}
    for path in to.rglob("*"):
        assert path.is_dir() or str(tmp_path) not in path.read_text()
    again = {path: path.read_bytes() for path in to.rglob("*") if path.is_file()}
    reference.publish([first, second], [], to)
    assert again == {path: path.read_bytes() for path in to.rglob("*") if path.is_file()}
