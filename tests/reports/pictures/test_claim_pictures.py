"""Pictures of claims: which kind shows what, what stands on them, and that nothing hostile breaks them."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.text import Text

from harness import catalogue, paths
from harness.claims import picture
from harness.claims.claim import RATE, AtLeast, AtMost, Claim, Exactly, Expect, Experiment, Not
from harness.claims.outcomes import Errno
from harness.claims.quantities import Change, Counter, Derived, Pages, Quantity, Recorded
from harness.claims.rates import Events, Every, NotEvery
from harness.reports import readings, tracks
from harness.reports.pictures import canvas, choice, course, page_map
from harness.reports.pictures import claim as pictures
from harness.reports.pictures.canvas import SMALL, Canvas, breadth, wrap
from harness.reports.pictures.claim import Picture
from harness.reports.pictures.palette import THEMES
from harness.verdicts.judged import Judged
from tests.reports.made import CLAIM, EXPERIMENT, PAGES, Made, cell, meminfo, sample, series, trial

SVG = "{http://www.w3.org/2000/svg}"


def drawn(judged: Judged) -> list[Picture]:
    return list(pictures.draw_all(readings.cell(judged), tracks.of_cell(judged)))


def texts(svg: str) -> list[str]:
    return [(element.text or "").strip() for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def asking(expect: Expect, **fields: object) -> Experiment:
    return replace(EXPERIMENT, guards=(), expects=(expect,), **fields)


def expecting(quantity: Quantity, true: Quantity, false: Quantity, **ranges: object) -> Expect:
    wanted = {"if_true": Exactly(0, "none"), "if_false": AtLeast(1, "some"), **ranges}
    return Expect(CLAIM, quantity, reads_true=true, reads_false=false, **wanted)  # type: ignore[arg-type]


def test_every_experiment_has_a_picture() -> None:
    """Each claim of the catalogue, by the kind of its quantities; and each kind is there."""
    found: dict[str, set[str]] = {}
    for experiment in catalogue.load().values():
        for expect in experiment.expects:
            found.setdefault(expect.claim.id, set()).add(choice.kind(expect, experiment))
    assert set(found) == set(catalogue.claims())
    assert all(kinds and kinds <= set(picture.KINDS) for kinds in found.values())
    assert {kind for kinds in found.values() for kind in kinds} == set(picture.KINDS) == set(pictures.DRAWN)
    assert picture.PAGE_MAP in found["tmpfs-unreclaimable"]
    assert picture.REQUESTS in found["oc2-hard-limit"]
    assert picture.CANDIDATES in found["oom-adj-steers"]
    assert found["swappiness-0-never-swaps"] == {picture.COURSE}
    assert found["lru-five-lists"] == {picture.MARKS}
    assert found["oom-score-half-is-500"] == {picture.DOTS}


@pytest.mark.parametrize(
    ("unit", "if_true", "if_false", "amount"),
    [
        ("pages", Exactly(0), AtLeast(1), True),
        ("", Exactly(1), Exactly(0), False),  # yes or no
        ("errno", Exactly(12), Not(12), False),
        ("", Exactly(0x01021994), Not(0x01021994), False),  # a name
        ("kills", AtLeast(1), Exactly(0), False),
        ("members", Exactly(5), AtMost(4), False),
        ("", AtLeast(10), AtMost(9), True),  # a ratio
        ("stalls", AtLeast(500), AtMost(100), True),
    ],
)
def test_what_has_an_axis(unit: str, if_true: object, if_false: object, amount: bool) -> None:
    quantity = Recorded("x", unit)
    expect = expecting(quantity, quantity + 0, quantity + 1, if_true=if_true, if_false=if_false)
    assert choice.is_amount(expect) == amount


def test_a_page_map(tmp_path: Path) -> None:
    [found] = drawn(cell(tmp_path, [trial(), trial(step=12), trial(step=8)]))
    said = texts(found.svg)
    assert "✔ CONFIRMED" in said
    assert "What was written to a *made-up* file cannot be freed." in said
    assert "on Linux 6.12.117-made; 3 of 3 trials" in said
    assert "pages of the file kept" in said
    assert "true if exactly 64; false if 63 or less" in said
    assert {"“written”: 64 in the cache", "“dropped”: 64 in the cache"} <= set(said)
    assert "control, must read true: resident pages of locked at “dropped”" in said
    assert said.count("✔ as it must") == 2
    assert "✔ as claimed" in said
    assert found.name == "made-up.svg"
    assert "64 pages" in found.alt
    assert drawn(cell(tmp_path / "again", [trial(), trial(step=12), trial(step=8)]))[0].svg == found.svg


def test_a_picture_follows_its_verdict(tmp_path: Path) -> None:
    """One page of all is otherwise: the claim is refuted, the picture says so, and the page is seen."""
    [found] = drawn(cell(tmp_path, [trial(kept=PAGES - 1)] * 3))
    said = texts(found.svg)
    assert "✘ REFUTED" in said
    assert "✘ not as claimed" in said
    assert "“dropped”: 63 in the cache, 1 not in the cache" in " ".join(said)
    assert 'class="f-absent"' in found.svg


def test_one_page_of_thousands_is_seen() -> None:
    """A bucket of pages that are not all alike shows both."""
    canvas = Canvas()
    which = [1] * 100_000
    which[77_777] = 0
    page_map.cells(canvas, page_map.Strip("now", page_map.CACHED, which), 0, 0, 460)
    canvas.y = 60
    svg = canvas.svg("t", "d")
    assert "f-absent" in svg
    assert len(svg) < 20_000


def test_pages_by_what_they_are() -> None:
    """Swapped, absent, the page of zeros, locked, anonymous, shmem, dirty, clean: told apart by the bits of the kernel."""
    from harness.linux import pages

    entries = np.array(
        [
            [0, 0, 0],
            [pages.SWAPPED, 0, 0],
            [pages.PRESENT, pages.ZERO_PAGE, 1],
            [pages.PRESENT, pages.ANON | pages.MLOCKED, 1],
            [pages.PRESENT, pages.ANON | pages.SWAPBACKED, 1],
            [pages.PRESENT, pages.SWAPBACKED, 1],
            [pages.PRESENT, pages.DIRTY, 1],
            [pages.PRESENT, 0, 1],
        ],
        "<u8",
    ).tobytes()
    names, which = page_map.kinds(entries, frozenset({"resident"}))
    assert [list(names)[one] for one in which] == list(page_map.KINDS)
    names, which = page_map.kinds(entries, frozenset({"anonymous LRU"}))
    assert page_map.Strip("", names, which).counts == {"not there": 2, "not anonymous LRU": 6}


def test_the_picture_shows_what_decided(tmp_path: Path) -> None:
    """Of a refuted claim the reading that is against it, not one that read as claimed."""
    good = expecting(Pages("dropped", "file"), Pages("dropped", "locked"), Counter("meminfo:Dirty", "dropped"))
    good = replace(good, if_true=Exactly(PAGES, "all"), if_false=AtMost(PAGES - 1, "fewer"))
    bad = expecting(
        Recorded("kills", "kills"),
        Recorded("none", "kills"),
        Recorded("one", "kills"),
        if_true=Exactly(0, "-"),
        if_false=AtLeast(1),
    )
    records = [("record", {"name": name, "value": value}) for name, value in (("kills", 2), ("none", 0), ("one", 1))]
    made = replace(trial(), events=[*trial().events, *records])
    [found] = drawn(cell(tmp_path, [made] * 3, replace(EXPERIMENT, guards=(), expects=(good, bad))))
    said = texts(found.svg)
    assert "✘ REFUTED" in said
    assert "2 kills" in said
    assert not any("in the cache" in text for text in said)


def test_yes_no_and_errnos_are_words_without_an_axis(tmp_path: Path) -> None:
    tried = [
        ("operation", {"operation": "mmap", "text": "", "error": error, "outcome": name, "value": 0})
        for name, error in (("past", 12), ("huge", 12), ("small", 0))
    ]
    expect = expecting(Errno("past"), Errno("huge"), Errno("small"), if_true=Exactly(12, "no"), if_false=Not(12))
    [found] = drawn(cell(tmp_path, [Made(tried)] * 3, asking(expect)))
    said = texts(found.svg)
    assert said.count("ENOMEM") == 2
    assert "succeeded" in said
    assert "true: exactly ENOMEM; false: not ENOMEM" in said
    assert not any(re.fullmatch(r"[\d.,]+", text) for text in said)


def test_requests_stand_against_what_there_is(tmp_path: Path) -> None:
    """A bar for each call whose errno was recorded, against RAM and swap; its size is the call's own."""

    def ask(name: str, size: int, error: int) -> Sequence[tuple[str, dict[str, object]]]:
        call = {"target": "probe", "operation": "mmap", "arguments": [0, size, 3], "text": "", "error": error, "value": 1}
        return [("operation", call), ("record", {"name": name, "value": error})]

    events = [
        sample("before", 1, meminfo=meminfo(MemTotal=1 << 20, SwapTotal=1 << 20, CommitLimit=1 << 20, Committed_AS=0)),
        *ask("too much", 3 << 30, 12),
        *ask("beyond all", 1 << 48, 12),
        *ask("little", 1 << 29, 0),
    ]
    quantities = [Recorded(name, "errno", title=f"errno of a request: {name}") for name in ("too much", "beyond all", "little")]
    expect = expecting(*quantities, if_true=Exactly(12, "no"), if_false=Not(12))
    [found] = drawn(cell(tmp_path, [Made(events, settings={"overcommit": "0"})] * 3, asking(expect)))
    said = texts(found.svg)
    assert {"RAM: 1 GiB ┃", "RAM and swap together: 2 GiB ┃", "✘ ENOMEM", "✔ granted", "3 GiB", "256 TiB", "512 MiB"} <= set(said)


def test_a_course_is_aligned_at_its_own_moment(tmp_path: Path) -> None:
    """What decides and both controls, each from its first moment on; a course with too few samples is a dot plot."""
    moved = expecting(
        Change("meminfo:Cached", "written", "dropped"),
        Change("meminfo:Dirty", "written", "dropped"),
        Change("meminfo:Cached", "written", "dropped") * 2,
    )
    [found] = drawn(cell(tmp_path / "a", [trial(), trial(step=20)], asking(moved)))
    said = texts(found.svg)
    assert "“written”" in said
    assert "“dropped”, 1 s later" in said
    few = Made([sample(name, at, meminfo=meminfo(Cached=at, Dirty=0)) for name, at in (("written", 4), ("dropped", 8))])
    [found] = drawn(cell(tmp_path / "b", [few] * 2, asking(moved)))
    assert "true: exactly 0" in " ".join(texts(found.svg))


def test_a_rate_is_one_count_with_its_interval(tmp_path: Path) -> None:
    def rounds(name: str, count: int) -> Events:
        return Events(f"rounds, {name}", lambda recording: [True] * count + [False] * (8 - count), 8, "rounds")

    claim = replace(CLAIM, kind=RATE)
    expect = Expect(claim, rounds("asked", 8), Every("all"), NotEvery("not all"), rounds("sure", 8), rounds("never", 0))
    [found] = drawn(cell(tmp_path, [Made()] * 3, replace(EXPERIMENT, guards=(), expects=(expect,))))
    assert "24 of 24 rounds in all trials together: 100 %" in " ".join(texts(found.svg))


HOSTILE = "$\\frac{x}$ <script>alert(1)</script>\n\x1b]0;owned\x07 \u202egnp.exe &amp; " + "long" * 400


def test_hostile_texts_break_nothing(tmp_path: Path) -> None:
    """In claim, quantity, moment and range: what acts is written as its number, and nothing is run over the edge."""
    claim = Claim("made-up", HOSTILE, "made up")
    quantity = Pages("dropped", "file").called(HOSTILE, HOSTILE)
    expect = replace(EXPERIMENT.expects[0], claim=claim, quantity=quantity)
    made = trial()
    [found] = drawn(cell(tmp_path, [made] * 3, asking(expect)))
    root = ElementTree.fromstring(found.svg)
    assert not list(root.iter(f"{SVG}script"))
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", found.svg)
    assert "\\u202egnp.exe" in found.svg
    width = float(root.attrib["viewBox"].split()[2])
    for text in root.iter(f"{SVG}text"):
        size = float(re.search(r"font(?:-size)?:\s*(?:\d+ )?([\d.]+)px", text.attrib["style"])[1])  # type: ignore[index]
        if "text-anchor:start" in text.attrib["style"]:
            assert float(text.attrib["x"]) + breadth(text.text or "", size) * 0.97 <= width, text.text


def test_long_texts_are_broken_into_lines() -> None:
    lines = wrap("word " * 100 + "x" * 500, 300, most=4)
    assert len(lines) == 4
    assert lines[-1].endswith("…")
    assert all(breadth(line) <= 310 for line in lines)
    assert wrap("", 100) == []


def test_every_picture_can_be_read_aloud_and_in_the_dark(tmp_path: Path) -> None:
    """A title, a description, text that is text, both themes, and no colour that has none of the two."""
    [found] = drawn(cell(tmp_path, [trial()] * 3))
    root = ElementTree.fromstring(found.svg)
    assert root.attrib["role"] == "img"
    [title, said, style] = list(root)[:3]
    assert (title.tag, said.tag, style.tag) == (f"{SVG}title", f"{SVG}desc", f"{SVG}style")
    assert title.text == "made-up: confirmed on Linux 6.12.117-made; 3 of 3 trials"
    assert said.text == found.alt
    assert "prefers-color-scheme:dark" in (style.text or "")
    drawing = found.svg.split("</style>", 1)[1]
    assert not re.search(r"(?:fill|stroke):\s*#", drawing)
    assert len(found.svg) < 30_000
    (tmp_path / pictures.FOLDER).mkdir()
    (tmp_path / pictures.FOLDER / found.name).write_text(found.svg, "utf-8")
    assert pictures.of(tmp_path, "made-up", "made-up", "made-up") == (tmp_path / pictures.FOLDER / found.name, found.alt)
    assert pictures.of(tmp_path, "made-up@lru=classic", "made-up", "made-up") is None


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1])
def test_texts_stand_out(theme: int) -> None:
    """WCAG 2.1, 1.4.3: 4.5 to 1 for texts on the sheet and in their zones; 3 to 1 for what is drawn (1.4.11)."""

    def contrast(one: str, other: str) -> float:
        high, low = sorted((luminance(THEMES[one][theme]), luminance(THEMES[other][theme])), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for role in ("ink", "dim", "true", "false", "open"):
        assert contrast(role, "paper") >= 4.5, role
    for role, ground in (("true", "in true"), ("false", "in false"), ("ink", "in true"), ("ink", "in false")):
        assert contrast(role, ground) >= 4.5, (role, ground)
    for role in ("anonymous", "file", "dirty", "locked"):
        assert contrast(role, "paper") >= 3, role


def test_no_more_than_three_courses_or_parts() -> None:
    from harness.reports.pictures import candidates

    assert len(candidates.PARTS) <= 3
    assert course.MOST <= 3


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(Made(status="skipped", reason="this kernel has no /proc/made_up"), id="skipped"),
        pytest.param(replace(trial(), status="broken", reason="guest lost"), id="broken"),
    ],
)
def test_nothing_to_draw(made: Made, tmp_path: Path) -> None:
    assert drawn(cell(tmp_path, [made])) == []


def test_what_was_not_read_is_said(tmp_path: Path) -> None:
    made = Made([event for event in trial().events if event[1].get("label") != "locked"])
    [found] = drawn(cell(tmp_path, [made]))
    said = texts(found.svg)
    assert "? UNDECIDED" in said
    assert "? not read" in said


def test_arms_have_pages_of_their_own(tmp_path: Path) -> None:
    file, locked = Pages("dropped", "file", arm="swap"), Pages("dropped", "locked", arm="no swap")
    expect = replace(
        EXPERIMENT.expects[0], quantity=file, reads_true=locked, reads_false=Counter("meminfo:Dirty", "dropped", "swap")
    )
    [found] = drawn(cell(tmp_path, [{"swap": trial(), "no swap": trial()}] * 2, asking(expect, arms=("swap", "no swap"))))
    assert "“dropped”: 64 in the cache" in texts(found.svg)


def test_derived_numbers_have_dots(tmp_path: Path) -> None:
    def number(title: str, value: int) -> Derived:
        return Derived(title, lambda _: value, "pages")

    expect = expecting(number("asked", 36_000), number("none", 0), number("many", 40_000))
    [found] = drawn(cell(tmp_path, [Made()] * 3, asking(expect)))
    said = texts(found.svg)
    assert {"36,000 pages (140.6 MiB)", "✘ not as claimed"} <= set(said)


def test_thinning_keeps_ends_and_peaks() -> None:
    seconds, values = np.arange(1000.0), np.array([float(index % 7) for index in range(1000)])
    values[501] = 99.0
    when, what = course.thin(seconds, values, 20)
    assert len(what) <= 42
    assert (when[0], when[-1]) == (0, 999)
    assert 99.0 in what
    assert [number.tolist() for number in course.thin(np.arange(6.0), np.array([1.0, 1, 1, 2, 2, 2]), 20)] == [
        [0, 2, 3, 5],
        [1, 1, 2, 2],
    ]


def test_long_series_stay_small(tmp_path: Path) -> None:
    """Noise in every sample of every trial: as large as it gets."""
    chance = random.Random(1)
    events = [series(10 * index, meminfo=meminfo(Cached=chance.randint(0, 20_000), Dirty=0)) for index in range(2000)]
    ends = [sample(name, at, meminfo=meminfo(Cached=at, Dirty=0)) for name, at in (("written", 0), ("dropped", 20_000))]
    moved = expecting(
        Change("meminfo:Cached", "written", "dropped"),
        Change("meminfo:Dirty", "written", "dropped"),
        Change("meminfo:Cached", "written", "dropped") * 2,
    )
    [found] = drawn(cell(tmp_path, [Made([*ends, *events])] * 3, asking(moved)))
    assert len(found.svg) < 40_000


def test_the_picture_of_the_readme_says_what_the_readme_says() -> None:
    """It is one that a run drew, of the claim whose answer stands above it; its verdict is that of the answer."""
    readme, svg = ((paths.ROOT / name).read_text("utf-8") for name in ("README.md", "docs/tmpfs-dropped.svg"))
    said = texts(svg)
    assert "](docs/tmpfs-dropped.svg)" in readme
    assert "✔ CONFIRMED" in said
    assert " ".join(said).startswith(catalogue.claims()["tmpfs-unreclaimable"][0].text)
    assert {"“dropped”: 8,192 in the cache", "“dropped”: 8,192 not in the cache"} <= set(said)
    assert set(re.findall(r'class="([fs])-[a-z-]+', svg)) == {"f", "s"}


def test_a_text_that_nobody_measures_is_drawn_as_matplotlib_draws_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = Canvas()
    for bold in (False, True):
        sheet.paragraph("“Pages” & <bounds>: é, −1", "true", bold=bold)
    for place in ("left", "center", "right"):
        sheet.text(200, 30, place, "dim", SMALL, ha=place)
    placed = sheet.svg("title", "description")
    monkeypatch.setattr(canvas, "_placed", lambda: Text)
    assert placed == sheet.svg("title", "description")
