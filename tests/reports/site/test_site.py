"""What the pages say, read as files: without a browser."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from harness import catalogue
from harness.errors import LabError
from harness.evidence import run_directory
from harness.reports.comparison import rows
from harness.reports.comparison.page import page as page_of
from harness.reports.site import links, site
from harness.reports.site.claim_page import in_words, people
from harness.reports.site.strip import overall, strips
from harness.reports.site.subject import Asked, Subject
from harness.reports.wording import listed
from tests.commands import invoke, one_line
from tests.reports.site import sites

MOST = 1_000_000  # bytes of a first page, with all that it loads before anybody searches


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return site.files(sites.reference(tmp_path_factory.mktemp("site") / "reference"))


class Links(HTMLParser):
    """Collects where a page leads to, and its anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.to: list[str] = []
        self.anchors: set[str] = set()
        self.loads: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a":
            self.to.append(given.get("href") or "")
        elif address := given.get("src") or (given.get("href") if tag == "link" else None):
            self.loads.append(address)
        self.anchors |= {given["id"]} if given.get("id") else set()


def test_every_claim_has_a_page_whose_title_is_the_question(reference: dict[str, str]) -> None:
    page = reference["claims/oc0-excess-is-oom.html"]
    question = "What becomes of a request larger than RAM and swap in overcommit mode 0?"
    assert f"<h1>{question}</h1>" in page
    assert f"<title>{question}" in page
    for part in (
        "Refuted",
        f"on {listed(sites.published_series())}",
        "What to do instead",
        "./bootstrap run-experiment oc0-excess-is-oom",
    ):
        assert part in page
    there = {name for name in reference if name.startswith("claims/")}
    assert len(there) == len({name.lower() for name in there}) > 100


def test_the_reference_has_every_series_that_was_published() -> None:
    assert {"5.10", "6.1", "6.12", "6.16", "6.17", "6.18", "7.2", "7.3"} <= set(sites.published_series())


@pytest.mark.parametrize(
    ("names", "expected"),
    [([], ""), (["5.10"], "5.10"), (["5.10", "6.1"], "5.10 and 6.1"), (["5.10", "6.1", "6.12"], "5.10, 6.1 and 6.12")],
)
def test_a_list_is_said_as_people_do(names: list[str], expected: str) -> None:
    assert listed(names) == expected


def test_no_page_leads_nowhere(reference: dict[str, str], tmp_path: Path) -> None:
    """Links within the site lead to a page and an anchor of it that are there; nothing is loaded from elsewhere."""
    read = {name: Links(text) for name, text in reference.items() if name.endswith(".html")}
    wrong = []
    for name, page in read.items():
        for link in page.to:
            file, _, anchor = link.partition("#")
            if file.startswith(("https://", "../../", "../verdicts", "../README")) or not link:
                continue
            target = str((Path("/") / name).parent / file)[1:] if file else name
            target = re.sub(r"[^/]+/\.\./", "", target)
            if target not in reference or (anchor and anchor not in read[target].anchors):
                wrong.append((name, link))
        wrong += [(name, one) for one in page.loads if "://" in one]
    assert not wrong


def test_a_first_page_of_six_kernels_is_small(tmp_path: Path) -> None:
    found = site.files(sites.wide(tmp_path / "wide"))
    loaded = {"index.html", *(name for name in Links(found["index.html"]).loads if not name.startswith("data:"))}
    assert {"assets/style.css", "assets/script.js", "assets/data.js"} < loaded
    assert sum(len(found[name].encode()) for name in loaded) < MOST


def test_text_of_others_is_text(tmp_path: Path) -> None:
    """No page has a tag that a claim, a kernel, a setting or an error brought, nor a character that acts."""
    found = site.files(sites.hostile(tmp_path / "evil"))
    assert len([name for name in found if name.startswith("claims/")]) == 2
    assert not [name for name in found if ".." in name or "<" in name]
    for name, text in found.items():
        if name.endswith(".html"):
            assert "<script>window" not in text, name
            assert "<img src=x" not in text, name
            assert not re.search("[\x00\x1b\u202e\u2028]", text), name
            assert "&lt;script&gt;" in text or name == "article.html"
    assert "\u2028" not in found["assets/data.js"]


def test_what_an_older_version_measured_says_so(tmp_path: Path) -> None:
    claims = [claim.id for claim, experiment in catalogue.claims().values() if experiment.version > 1][:1]
    claims += [claim.id for claim, experiment in catalogue.claims().values() if experiment.version == 1][:1]
    found = site.files(sites.only(sites.wide(tmp_path / "wide"), *claims))
    old, new = (found[f"claims/{claim}.html"] for claim in claims)
    assert "Measured by an older version" in old
    assert "Measured by an older version" not in new
    assert found["index.html"].count('class="flag old"') == 1


def test_a_source_leads_to_what_it_cites() -> None:
    source = (
        "mm/util.c, __vm_enough_memory: OVERCOMMIT_GUESS (v6.12; since v5.2, commit 8c7829b04c52); ld.so(8); "
        "Documentation/admin-guide/sysctl/vm.rst (before v6.0)"
    )
    found = {part.text: part.address for part in links.parts(source, "7.2") if part.address}
    assert found == {
        "mm/util.c": "https://elixir.bootlin.com/linux/v6.12/source/mm/util.c",
        "__vm_enough_memory": "https://elixir.bootlin.com/linux/v6.12/A/ident/__vm_enough_memory",
        "OVERCOMMIT_GUESS": "https://elixir.bootlin.com/linux/v6.12/A/ident/OVERCOMMIT_GUESS",
        "8c7829b04c52": "https://git.kernel.org/linus/8c7829b04c52",
        "ld.so(8)": "https://manpages.debian.org/ld.so.8",
        "Documentation/admin-guide/sysctl/vm.rst": "https://www.kernel.org/doc/html/v5.19/admin-guide/sysctl/vm.html",
    }
    assert "".join(part.text for part in links.parts(source, "7.2")) == source


def test_every_source_of_the_catalogue_keeps_its_words() -> None:
    sources = [known.source for claim, _ in catalogue.claims().values() for known in claim.known]
    assert not [one for one in sources if "".join(part.text for part in links.parts(one, "7.2")) != " ".join(one.split())]


@pytest.mark.parametrize(
    ("bounds", "unit", "expected"),
    [
        ("= 8,192", "pages", "exactly 8,192 pages"),
        ("<= 8,191", "pages", "at most 8,191 pages"),
        (">= 1", "kills", "at least 1 kill"),
        ("3 to 5", "", "3 to 5"),
        ("not 3", "pages", "anything but 3 pages"),
    ],
)
def test_a_range_in_words(bounds: str, unit: str, expected: str) -> None:
    assert in_words(bounds, unit) == expected


def test_sizes_are_those_of_people() -> None:
    assert people("exactly 33,554,432 bytes") == "exactly 32 MiB"
    assert people("at most 4,096 bytes, 4,097 bytes, 0 bytes") == "at most 4 KiB, 4,097 bytes, 0 bytes"


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ("confirmed confirmed", "confirmed"),
        ("refuted skipped", "refuted"),
        ("confirmed refuted", "depends"),
        ("undecided skipped", "undecided"),
        ("confirmed undecided", "confirmed"),
        ("skipped", "skipped"),
    ],
)
def test_a_verdict_over_all_kernels(verdicts: str, expected: str) -> None:
    assert overall([sites.row("c", "e", "6.1.1", "6.1", verdict, {}) for verdict in verdicts.split()]) == expected


def test_a_strip_breaks_where_the_verdict_changes(tmp_path: Path) -> None:
    found = sites.only(sites.wide(tmp_path / "wide"), "oc0-excess-is-oom")
    asked: Asked = found.claims[0]
    classic, mglru = strips(asked.lines, found.kernels, found.names)
    assert [(one.verdict, one.kernels) for one in classic.pieces] == [
        ("confirmed", ("5.10", "5.15", "6.1", "6.6", "6.12", "7.2"))
    ]
    assert [(one.verdict, one.kernels) for one in mglru.pieces] == [
        ("confirmed", ("5.10", "5.15", "6.1")),
        ("refuted", ("6.6", "6.12", "7.2")),
    ]
    assert all(piece.surprise for piece in mglru.pieces[1:])


def test_a_site_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = sites.only(sites.wide(tmp_path / "wide"), "oc0-excess-is-oom")
    first = site.write(found).read_text()

    def fails(path: Path, *arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fails)
    with pytest.raises(LabError, match="No space left"):
        site.write(found)
    assert (tmp_path / "wide/site/index.html").read_text() == first
    assert [path.name for path in (tmp_path / "wide").iterdir()] == ["site"]


def test_the_site_of_a_run_that_is_not_there(tmp_path: Path) -> None:
    one_line(invoke("report", "nowhere", "--html", "--results", str(tmp_path)), 1, "nowhere")


def test_documents_are_told_with_what_contradicts_them_first(reference: dict[str, str]) -> None:
    page = reference["documents.html"]
    otherwise, _, written = page.partition("The kernel does as it is written")
    refuted = {row["claim"] for row in run_directory.read_verdicts(rows.REFERENCE)["verdicts"] if row["verdict"] == "refuted"}
    assert "memcg-limit-rounds-up" in refuted
    for claim in (one for one, _ in catalogue.claims().values() if one.document):
        there = otherwise if claim.id in refuted else written
        if f"claims/{claim.id}.html" in reference:
            assert f'href="claims/{claim.id}.html"' in there
    assert "sentences of documents put to the test" in page


def test_a_discovery_is_told_with_its_line_and_its_command(tmp_path: Path) -> None:
    found = sites.wide(tmp_path / "wide")
    claim, experiment = found.experiments["tmpfs-swaps"]
    told = replace(claim, discovery="It is remarkable: mm/shmem.c, shmem_writepage (v6.12) does it.")
    asked = replace(experiment, expects=tuple(replace(one, claim=told) for one in experiment.expects if one.claim == claim))
    page = site.files(replace(found, experiments={**found.experiments, claim.id: (told, asked)}))["discoveries.html"]
    assert "It is remarkable" in page
    assert "elixir" in page or "mm/shmem.c" in page
    assert "run-experiment tmpfs-swaps --kernel " in page


@pytest.mark.parametrize(
    ("classic", "mglru", "expected"),
    [
        ("CCCC", "", "7.2"),
        ("CRRC", "", "6.12"),  # mended since: the newest kernel would show nothing
        ("RRRR", "-RCR", "6.12"),
        ("CRRR", "-CCC", "7.2"),
        ("CCRU", "", "6.12"),
        ("CCCU", "", "6.12"),
        ("UUUU", "", ""),
    ],
)
def test_it_is_repeated_where_it_shows(classic: str, mglru: str, expected: str, tmp_path: Path) -> None:
    said = {"C": "confirmed", "R": "refuted", "U": "undecided"}
    found = tuple(
        sites.row("tmpfs-swaps", "tmpfs-in-swap", f"{series}.1", series, said[verdict], {"lru": lru})
        for lru, verdicts in (("classic", classic), ("mglru", mglru))
        for series, verdict in zip(("5.10", "6.1", "6.12", "7.2"), verdicts, strict=False)
        if verdict in said
    )
    (asked,) = sites.only(Subject(tmp_path, "made", False, found, catalogue.claims()), "tmpfs-swaps").claims
    assert page_of(asked.claim, asked.experiment, asked.lines).repeated_on == expected
