"""Colours by their role, in a light and a dark theme, and how an SVG gets both.

Okabe and Ito, Color Universal Design (2008): told apart with every kind of colour vision; no picture says anything by colour
alone. A picture is drawn in the light colours; `themed` gives each element a class instead, whose colour follows the
reader's theme, also where the file stands in an <img> of a page.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from xml.sax.saxutils import escape

from harness.printable import harmless

# Role → light, dark. Each light colour is there once, since it is found again by it.
THEMES = {
    "paper": ("#ffffff", "#0d1117"),
    "ink": ("#1f2328", "#e6edf3"),
    "dim": ("#57606a", "#9da7b1"),
    "line": ("#c9d1d9", "#3d444d"),
    "true": ("#0060a0", "#6cb6ff"),
    "false": ("#a84300", "#f0a060"),
    "open": ("#6e5494", "#c9a8ff"),
    "in true": ("#d6e8f7", "#12304d"),
    "in false": ("#fbe6cf", "#4a2c0c"),
    "absent": ("#f6f8fa", "#161b22"),
    "anonymous": ("#0072b2", "#3b95d3"),
    "shmem": ("#cc79a7", "#d689b4"),
    "file": ("#009e73", "#1fae84"),
    "dirty": ("#d55e00", "#e8823a"),
    "zero": ("#b6bec7", "#7d8791"),
    "swapped": ("#e69f00", "#f0b33c"),
    "locked": ("#5b4b00", "#d8c65a"),
    "other": ("#56b4e9", "#a5dcff"),
}
_ROLES = {light: role.replace(" ", "-") for role, (light, _) in THEMES.items()}
_COLOURED = re.compile(r' style="([^"]*)"')
_DATE = re.compile(r"\s*<metadata>.*?</metadata>", re.S)


def light(role: str) -> str:
    """Gives the colour that an element of a role is drawn in."""
    return THEMES[role][0]


def rules(theme: int, roles: Collection[str] = tuple(_ROLES.values())) -> str:
    """Gives the style sheet of a theme: 0 is light, 1 is dark. roles: those that occur, as their classes have them."""
    return "".join(
        f".f-{name}{{fill:{colours[theme]}}}.s-{name}{{stroke:{colours[theme]}}}"
        for name, colours in zip(_ROLES.values(), THEMES.values(), strict=True)
        if name in roles
    )


def themed(svg: str, title: str, description: str) -> str:
    """Gives an SVG that was drawn in the light colours both themes, and what a screen reader says of it."""

    occurring: set[str] = set()

    def classes(found: re.Match[str]) -> str:
        kept, roles = [], []
        for part in found[1].split(";"):
            name, _, value = part.strip().partition(":")
            role = _ROLES.get(value.strip())
            if role and name in {"fill", "stroke"}:
                roles.append(f"{name[0]}-{role}")
                occurring.add(role)
            elif name:
                kept.append(f"{name}:{value.strip()}")
        return (f' class="{" ".join(roles)}"' if roles else "") + (f' style="{";".join(kept)}"' if kept else "")

    def rounded(attribute: re.Match[str]) -> str:
        return re.sub(r"-?\d+\.\d{2,}", lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), attribute[0])

    svg = _DATE.sub("", harmless(svg, keep="\n"))
    svg = re.sub(r' (?:d|x|y|transform)="[^"]*"', rounded, _COLOURED.sub(classes, svg))
    svg = svg.replace("'DejaVu Sans'", "'DejaVu Sans',Verdana,sans-serif")
    style = f"<style>{rules(0, occurring)}@media (prefers-color-scheme:dark){{{rules(1, occurring)}}}</style>"
    said = f"<title>{escape(harmless(title))}</title>\n<desc>{escape(harmless(description))}</desc>\n{style}\n"
    head, end, rest = svg.partition(">\n <defs>")
    return head.replace("<svg ", '<svg role="img" ', 1) + ">\n" + said + end.removeprefix(">\n") + rest
