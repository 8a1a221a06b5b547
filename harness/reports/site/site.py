"""Writes a site: its pages from templates, its style, its script and the script's data, whole or not at all."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from harness.claims.claim import Range
from harness.errors import LabError
from harness.finding import index
from harness.printable import harmless
from harness.reports.site import article, links, pictures
from harness.reports.site.article_page import ArticlePage
from harness.reports.site.claim_page import WORDS, ClaimPage, people
from harness.reports.site.front import FLAGS, TALLY, Front, anchor
from harness.reports.site.notable_pages import NotablePages
from harness.reports.site.strip import ABSENT, SIGNS
from harness.reports.site.subject import Asked, Subject
from harness.reports.wording import aloud

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).parent
FOLDER = "site"
LONGEST = 100  # letters of a file's name


def write(subject: Subject) -> Path:
    """Writes the site of a subject into its directory: the path of the first page. Raises LabError where it can't."""
    to = subject.root / FOLDER
    fresh, old = to.with_name(f".{FOLDER}.new"), to.with_name(f".{FOLDER}.old")
    try:
        for path in (fresh, old):
            shutil.rmtree(path, ignore_errors=True)
        (fresh / "claims").mkdir(parents=True)
        for name, text in files(subject).items():
            (fresh / name).parent.mkdir(exist_ok=True)
            (fresh / name).write_text(text, "utf-8")
        if to.exists():
            to.rename(old)
        fresh.rename(to)
    except OSError as error:
        raise LabError(f"site {to}", error.strerror or "can't be written", "free some room, then write it again") from error
    finally:
        for path in (fresh, old):
            shutil.rmtree(path, ignore_errors=True)
    return to / "index.html"


def files(subject: Subject) -> dict[str, str]:
    """Makes every file of a site: its path → its text."""
    asked = subject.claims
    pages = [ClaimPage(subject, one, tuple(other.claim for other in asked if beside(one, other))) for one in asked]
    names = file_names([page.claim.id for page in pages])
    front = Front(subject, pages, names)
    found = {path.relative_to(HERE).as_posix(): path.read_text("utf-8") for path in sorted((HERE / "assets").iterdir())}
    found["assets/data.js"] = script("folklab", front.data())
    found["assets/index.js"] = script("folklabIndex", index.build(subject.experiments.values()).exported())
    found["assets/search.js"] = (Path(index.__file__).parent / "search.js").read_text("utf-8")
    found["index.html"] = filled(
        "index.html.j2",
        subject,
        up="",
        here="index",
        heading=front.heading,
        lead=front.lead,
        claims=pages,
        tally=front.tally,
        sections=front.sections,
        kernels=front.kernels,
        settings=front.settings,
        marks=front.counted_marks,
        notable=front.notable,
        errors=subject.errors,
    )
    by_claim = {page.claim.id: page for page in pages}
    told = ArticlePage(article.article(), by_claim, names)
    found["article.html"] = filled("article.html.j2", subject, up="", here="article", **of_article(told))
    notable = NotablePages(pages, names)
    for name in ("documents", "discoveries"):
        found[f"{name}.html"] = filled(f"{name}.html.j2", subject, up="", here=name, notable=notable)
    for at, page in enumerate(pages):
        around = {
            "before": neighbour(pages[at - 1], names) if at else None,
            "after": neighbour(pages[at + 1], names) if at + 1 < len(pages) else None,
        }
        others = [(one, names[one.id], by_claim[one.id].verdict, by_claim[one.id].word) for one in page.others]
        found[f"claims/{names[page.claim.id]}"] = filled(
            "claim.html.j2",
            subject,
            up="../",
            here="claim",
            page=page,
            anchor=anchor(page.claim.section),
            pictures=pictures.of(page),
            releases=[kernel for kernel in subject.kernels if any(row["kernel"] == kernel for row in page.asked.rows)],
            others=others,
            **around,
        )
    return found


def script(name: str, data: object) -> str:
    """Gives a script that holds data: a page of the file system may load one, and no JSON."""
    return f"window.{name} = {json.dumps(data, separators=(',', ':'))};\n"


def beside(one: Asked, other: Asked) -> bool:
    """Says whether two claims are of one experiment."""
    return one.experiment.name == other.experiment.name and one.claim.id != other.claim.id


def of_article(told: ArticlePage) -> dict[str, Any]:
    return {
        "total": told.total,
        "counts": told.counts,
        "decided_line": told.decided_line,
        "past_line": told.past_line,
        "chapters": told.chapters,
    }


def neighbour(page: ClaimPage, names: Mapping[str, str]) -> dict[str, str]:
    return {"file": names[page.claim.id], "text": page.claim.text}


def file_names(ids: list[str]) -> dict[str, str]:
    """Maps claim → the file of its page: its id, as a file may be called, and no two alike."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for one in ids:
        stem = re.sub(r"[^\w-]+", ".", one, flags=re.ASCII).strip(".")[:LONGEST] or "claim"
        name, number = stem, 2
        while name.lower() in taken:
            name, number = f"{stem}.{number}", number + 1
        taken.add(name.lower())
        found[one] = f"{name}.html"
    return found


def filled(template: str, subject: Subject, **values: Any) -> str:
    newest = subject.rows[-1]["series"] if subject.rows else ""
    report = next((name for name in ("README.md", "report.md") if (subject.root / name).exists()), "")
    return templates().get_template(template).render(subject=subject, newest=newest, report=report, **values)


@cache
def templates() -> Environment:
    """Loads the templates and what they may call."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    found.filters |= {"shown": shown, "visible": harmless, "path": path, "cited": links.parts, "aloud": said, "anchor": stem}
    found.globals |= {
        "SIGNS": SIGNS,
        "FLAGS": FLAGS,
        "TALLY": TALLY,
        "WORDS_OF": {**{verdict: verdict for verdict in WORDS}, ABSENT: "not asked"},
    }
    return found


def said(bounds: Range) -> str:
    """Says a range as it was declared."""
    return people(aloud(bounds))


def shown(text: object) -> str:
    """Gives text of others in one line, what acts instead of being seen written as its number; the template escapes it."""
    return harmless(" ".join(str(text).split()))


def stem(file: str) -> str:
    """Gives the anchor of a claim on a page that lists several: the name of its own page's file."""
    return file.removesuffix(".html")


def path(text: str) -> str:
    """Gives a path as an address has it."""
    return quote(text, safe="/")
