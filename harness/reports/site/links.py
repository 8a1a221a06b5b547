"""What a text cites, as links: files and functions of the kernel, its documentation, commits, manual pages.

Nothing is looked up: an address follows from what is cited and from the version that the citation names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from harness.claims.citations import TOKEN, Citation, citations

SOURCE = "https://elixir.bootlin.com/linux/{version}/source/{path}"
NAME = "https://elixir.bootlin.com/linux/{version}/A/ident/{name}"
DOCUMENT = "https://www.kernel.org/doc/html/{version}/{page}.html"
COMMIT = "https://git.kernel.org/linus/{digest}"
PAGE = "https://manpages.debian.org/{name}.{section}"
# The last series before a first one of a major version.
LAST = {"4.0": "3.19", "5.0": "4.20", "6.0": "5.19", "7.0": "6.19"}
MANUAL = re.compile(r"(?<![\w.-])([A-Za-z_][\w.+-]*)\((\d[a-z]*)\)")
DIGEST = re.compile(r"(?<![\w:.,-])[0-9a-f]{12,40}(?![\w.-])")


@dataclass(frozen=True)
class Part:
    """A piece of a text, and the address that it leads to, "" for none."""

    text: str
    address: str = ""


def parts(text: str, newest: str) -> list[Part]:
    """Splits a text into pieces that lead somewhere and pieces that don't. newest: the series for a citation without one."""
    plain = " ".join(text.split())
    found, at = [], 0
    for begin, end, address in sorted(addresses(plain, newest)):
        if begin >= at:
            found += [Part(plain[at:begin])] if begin > at else []
            found.append(Part(plain[begin:end], address))
            at = end
    return [*found, Part(plain[at:])] if at < len(plain) else found


def addresses(text: str, newest: str) -> Iterator[tuple[int, int, str]]:
    """Yields where in a text something is cited, from and to, and its address."""
    cited = citations(text)
    files = {one.file: one for one in reversed(cited)}
    code = [one for one in reversed(cited) if one.name and one.file.endswith((".c", ".h", ".S"))]
    names = {one.name: one for one in code} | {(one.file, one.name): one for one in code}
    last = ""
    for token in TOKEN.finditer(text):
        if token["file"] and token["file"] in files:
            last = token["file"]
            yield *token.span("file"), of_file(files[last], newest)
        elif token["name"] and (named := names.get((last, token["name"])) or names.get(token["name"])):
            yield *token.span("name"), NAME.format(version=version(named, newest), name=quote(token["name"]))
    for page in MANUAL.finditer(text):
        yield *page.span(), PAGE.format(name=quote(page[1]), section=page[2])
    for digest in DIGEST.finditer(text):
        if re.search("[a-f]", digest[0]) and re.search(r"\d", digest[0]):
            yield *digest.span(), COMMIT.format(digest=digest[0])


def of_file(citation: Citation, newest: str) -> str:
    """Gives the address of a file: a document as it is read, all else as it is written."""
    path, at = citation.file, version(citation, newest)
    if path.startswith("Documentation/") and path.endswith(".rst"):
        return DOCUMENT.format(version=at, page=quote(path.removeprefix("Documentation/").removesuffix(".rst")))
    return SOURCE.format(version=at, path=quote(path))


def version(citation: Citation, newest: str) -> str:
    """Names the newest version that a citation speaks of: "v6.12"."""
    if not citation.spans:
        return f"v{newest}"
    _, before = citation.spans[-1]
    return f"v{newest if before is None else last_before(before)}"


def last_before(series: str) -> str:
    major, minor = series.split(".")
    return LAST.get(series, f"{int(major) - 1}.0") if minor == "0" else f"{major}.{int(minor) - 1}"
