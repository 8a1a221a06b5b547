"""Text from elsewhere, made harmless to show: what a guest, a kernel, a file or an archive says may hold anything."""

from __future__ import annotations

import re
import unicodedata

# What acts on a terminal or on the order of a line instead of standing in it: control characters, formats (the
# bidirectional ones among them), halves of surrogate pairs, private and unassigned characters, separators of lines.
_ACTING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_SUSPECT = re.compile(r"[^\x20-\x7e]")


def harmless(text: str, keep: str = "") -> str:
    r"""Gives a text in which every character that acts instead of being seen is written as its number: "\x1b", "\u202e".
    keep: characters of that kind that stay (a line's end, where lines are printed)."""

    def seen(match: re.Match[str]) -> str:
        letter = match[0]
        return written(letter) if letter not in keep and acts(letter) else letter

    return _SUSPECT.sub(seen, text)


def acts(letter: str) -> bool:
    """Says whether a character acts on what shows it."""
    return unicodedata.category(letter) in _ACTING


def written(letter: str) -> str:
    r"""Writes a character as its number, the shortest way: "\x1b", "\u202e", "\U000e0001"."""
    number = ord(letter)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
