"""The site as people meet it: in a headless Chromium, from the file system, without a network."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness import catalogue
from harness.finding import index
from harness.reports.site import site
from harness.reports.wording import listed
from tests.reports.site import sites

playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install '.[test]'")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core: pip install '.[test]'")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium")

PAGES = ("index.html", "article.html", "claims/oc0-excess-is-oom.html", "claims/swappiness-0-never-swaps.html")
AXE = {"preload": False}  # it would read the style sheet anew, which no page of the file system may
QUESTIONS = (
    "does tmpfs count as cache?",
    "overcommit=2 refuses",
    "swappiness=0 disable swap?",
    "why is RSS not going down after free()",
    "echo 3 > /proc/sys/vm/drop_caches data loss",
    "oom_score_adj -1000",
    "swappines",
)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Writes the site of the published reference once: its directory."""
    return site.write(sites.reference(tmp_path_factory.mktemp("site") / "reference")).parent


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        # The pages are our own, and root has no sandbox of Chromium's.
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield found
        found.close()


@contextmanager
def page_of(browser: Any, forgiven: str = "\0", **options: Any) -> Iterator[Any]:
    """Opens a page, and asserts in the end that nothing went wrong on it and nothing was asked of any network.

    forgiven: a part of the messages on its console that are no fault of the page's.
    """
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "offline": True, **options})
    context.set_default_timeout(60_000)  # the machine may have other work
    page = context.new_page()
    wrong: list[str] = []
    page.on(
        "console",
        lambda told: wrong.append(told.text) if told.type in {"error", "warning"} and forgiven not in told.text else None,
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: (wrong.append("a dialog"), dialog.dismiss()))
    page.on("request", lambda request: wrong.append(request.url) if not request.url.startswith(("file:", "data:")) else None)
    yield page
    assert not wrong
    context.close()


def visible(page: Any) -> list[str]:
    """Lists the claims that are to be seen on the first page, in their order."""
    hrefs = page.locator("#results li.claim .said a, #all li.claim .said a").filter(visible=True)
    return [
        href.removeprefix("claims/").removesuffix(".html")
        for href in hrefs.evaluate_all("all => all.map(a => a.getAttribute('href'))")
    ]


def search(page: Any, words: str) -> None:
    """Types words into the field, and waits for the index, which comes when somebody searches."""
    page.fill("#q", words)
    page.locator("#results:not([hidden])").wait_for(state="attached")


def test_the_index_comes_when_somebody_searches(browser: Any, reference: Path) -> None:
    with page_of(browser) as page:
        page.goto((reference / "index.html").as_uri())
        assert page.evaluate("window.folklabIndex === undefined")
        search(page, "swappiness")
        assert visible(page)
        assert page.evaluate("window.folklabIndex !== undefined")


def test_a_search_without_its_index_says_so(browser: Any, reference: Path, tmp_path: Path) -> None:
    alone = tmp_path / "site"
    shutil.copytree(reference, alone, ignore=shutil.ignore_patterns("index.js"))
    with page_of(browser, forgiven="ERR_FILE_NOT_FOUND") as page:
        page.goto((alone / "index.html").as_uri())
        page.fill("#q", "swappiness")
        page.locator("#count", has_text="was not found").wait_for()


def test_the_search_finds_as_the_terminal_does(browser: Any, reference: Path) -> None:
    published = {path.stem for path in (reference / "claims").iterdir()}
    built = index.build([pair for claim, pair in catalogue.claims().items() if claim in published])
    with page_of(browser) as page:
        page.goto((reference / "index.html").as_uri())
        for question in QUESTIONS:
            search(page, question)
            hits = built.search(question)
            scores = {hit.document.claim: hit.score for hit in hits.hits if hit.fits}
            found = visible(page)
            assert set(found) == set(scores), question
            # The best first, as there; the weights of the page are rounded to hundredths.
            assert [scores[claim] for claim in found[:5]] == pytest.approx(sorted(scores.values(), reverse=True)[:5], abs=0.1)
        assert "was read as" in page.inner_text("#count")
        page.fill("#q", "")
        assert len(visible(page)) == len(published)


def test_a_search_of_nothing_known(browser: Any, reference: Path) -> None:
    with page_of(browser) as page:
        page.goto((reference / "index.html").as_uri())
        search(page, "qqqzzzxxxy")
        assert visible(page) == []
        assert "Nothing fits" in page.inner_text("#count")


def test_filters_choose_and_are_remembered(browser: Any, reference: Path) -> None:
    with page_of(browser) as page:
        page.goto((reference / "index.html").as_uri())
        everything = len(visible(page))
        page.check("input[name=verdict][value=refuted]", force=True)
        refuted = visible(page)
        assert "oc0-excess-is-oom" in refuted
        assert "oc0-excess-is-refused" not in refuted
        page.select_option("[name=section]", "Overcommit")
        assert set(visible(page)) < set(refuted)
        assert f"of {everything} claims" in page.inner_text("#count")
        page.select_option("[name=section]", "")
        page.select_option("[name=kernel]", "5.10")
        page.check("input[name=verdict][value=confirmed]", force=True)
        assert "vma-tree-and-list" in visible(page)
        page.select_option("[name=kernel]", "7.2")
        assert "vma-tree-and-list" not in visible(page)
        page.check("input[name=verdict][value='']", force=True)
        page.select_option("[name=kernel]", "")
        page.select_option("[name=only]", "changed")
        assert "vma-tree-and-list" in (changed := visible(page))
        search(page, "red-black tree of mappings")
        page.click(".claim:not([hidden]) .said a >> visible=true")
        page.go_back()
        assert page.input_value("#q") == "red-black tree of mappings"
        page.click("button[type=reset]")
        assert page.locator("#all").is_visible()
        assert len(visible(page)) == everything > len(changed)


def test_a_keyboard_is_enough(browser: Any, reference: Path) -> None:
    focused = "document.activeElement.matches(%r)"
    with page_of(browser) as page:
        page.goto((reference / "index.html").as_uri())
        page.keyboard.press("Tab")
        assert page.evaluate(focused % ".skip")
        assert page.locator(".skip").evaluate("one => one.getBoundingClientRect().top >= 0")
        page.keyboard.press("Enter")
        assert page.evaluate(focused % "main")
        page.keyboard.press("/")
        assert page.evaluate(focused % "#q")
        assert page.locator("#q").evaluate("one => getComputedStyle(one).outlineStyle") != "none"
        page.keyboard.type("far beyond physical memory")
        page.keyboard.press("ArrowDown")
        assert page.evaluate(focused % ".said a")
        page.keyboard.press("ArrowUp")
        assert page.evaluate(focused % "#q")
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        page.wait_for_url("**/claims/*.html")
        assert page.inner_text("h1").endswith("?")
        assert page.title().startswith(page.inner_text("h1"))


def test_two_clicks_to_why_and_where(browser: Any, reference: Path) -> None:
    with page_of(browser) as page:
        page.goto((reference / "index.html").as_uri())
        page.click("a[href='#in-overcommit']")
        page.click("a[href='claims/oc0-excess-is-oom.html']")
        answer = page.inner_text(".answer")
        for part in ("Refuted", f"on {listed(sites.published_series())}", "a request far beyond physical memory"):
            assert part in answer
        assert "at least 1" in page.inner_text("section[aria-labelledby=why]")
        assert page.locator(".wide .strip li").count() == 1
        assert "elixir.bootlin.com" in page.locator(".sources a").first.get_attribute("href")


def test_a_search_of_any_page_leads_to_the_first(browser: Any, reference: Path) -> None:
    with page_of(browser) as page:
        page.goto((reference / "claims/oc0-excess-is-oom.html").as_uri())
        page.fill("#q", "does tmpfs count as cache?")
        page.press("#q", "Enter")
        page.wait_for_url(re.compile(r"/index\.html#\?q="))
        assert "tmpfs-file-is-cache" in visible(page)[:2]
        page.click("button[type=reset]")
        page.wait_for_function("!location.hash.includes('q=')")  # which it does once the form is empty
        page.reload()
        assert page.input_value("#q") == ""


def test_verdicts_are_read_without_script(browser: Any, reference: Path) -> None:
    with page_of(browser, java_script_enabled=False) as page:
        page.goto((reference / "index.html").as_uri())
        assert not page.locator("#find").is_visible()
        claim = page.locator("li.claim:has(a[href='claims/oc0-excess-is-oom.html'])")
        assert "refuted" in claim.inner_text()
        assert "6.12" in claim.inner_text()
        claim.locator("a").click()
        assert "Refuted" in page.inner_text(".answer")


def test_the_article_counts_what_holds(browser: Any, reference: Path) -> None:
    with page_of(browser) as page:
        page.goto((reference / "article.html").as_uri())
        counts = [int(text) for text in page.locator(".meter b").all_inner_texts()]
        shown = [page.locator(f".statements > .{style}").count() for style in ("confirmed", "depends", "refuted", "absent")]
        assert counts == shown
        assert sum(counts) == page.locator(".statements > li").count() == 257
        oom = page.locator("#s-3\\.8\\.3")
        assert "Does not hold" in oom.inner_text()
        oom.locator("a").first.click()
        assert page.url.endswith("oc0-excess-is-oom.html")


@pytest.mark.parametrize("width", [320, 360, 1280])
def test_nothing_is_wider_than_the_window(browser: Any, reference: Path, width: int) -> None:
    with page_of(browser, viewport={"width": width, "height": 700}) as page:
        for name in PAGES:
            page.goto((reference / name).as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_dark_is_dark(browser: Any, reference: Path) -> None:
    luminance = "one => getComputedStyle(one).%s.match(/[\\d.]+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3"
    for scheme, is_dark in (("light", False), ("dark", True)):
        with page_of(browser, color_scheme=scheme) as page:
            page.goto((reference / PAGES[2]).as_uri())
            paper, ink = (page.locator("body").evaluate(luminance % name) for name in ("backgroundColor", "color"))
            assert (paper < 60 and ink > 180) if is_dark else (paper > 200 and ink < 60)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_serious(browser: Any, reference: Path, scheme: str, width: int) -> None:
    with page_of(browser, color_scheme=scheme, viewport={"width": width, "height": 800}) as page:
        for name in PAGES:
            page.goto((reference / name).as_uri())
            found = [
                one for one in axe.Axe().run(page, options=AXE).response["violations"] if one["impact"] in {"serious", "critical"}
            ]
            assert not [(one["id"], [node["target"] for node in one["nodes"]][:5]) for one in found], name


def test_text_of_others_does_nothing(browser: Any, tmp_path: Path) -> None:
    first = site.write(sites.hostile(tmp_path / "evil"))
    for name in ("index.html", "article.html", *(f"claims/{path.name}" for path in (first.parent / "claims").iterdir())):
        with page_of(browser, viewport={"width": 320, "height": 700}) as page:
            page.goto((first.parent / name).as_uri())
            assert page.evaluate("window.struck") is None
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
            if name == "index.html":
                search(page, "evil script")
                assert page.evaluate("window.struck") is None
                assert len(visible(page)) == 2
