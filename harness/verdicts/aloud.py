"""Sentences as they are read aloud: "no pages" for "0 pages", "all 8 MiB (2,048 pages)" for "2,048 of 2,048 pages"."""

from __future__ import annotations

import re

from harness.linux.sizes import GIB, MIB

# A number that stands by itself: none within a range, a fraction or a name.
ALONE = r"(?<![\w.,/=+±-])"
NUMBER = rf"{ALONE}(\d[\d,]*(?:\.\d+)?)"
ZERO = rf"{ALONE}0"
VERB = "(were|was|are|is|had|have|held|stood|stayed|saw|grew)"
SUBJECT = r"((?:(?!\bOf\b)[^.;:])*?)"
# What is counted, and not measured: of it there are none.
COUNTED = (
    "page "
    "faults?|pages?|process(?:es)?|kills?|signals?|library|libraries|mappings?|sectors?|bytes?|dentries|inodes|blocks?|zones?|names?|"
    "faults?|times|segments?|runs?|children|instructions?|ways|kinds|values|members|lists?|lines?"
)
NO_ADJECTIVE = "(?:a|an|the|of|or|and|in|to|its|one|another|times|more|less)"
UNITS = ((GIB, "GiB"), (MIB, "MiB"))


def aloud(text: str) -> str:
    """Rewrites a sentence in which numbers were filled in."""
    text = re.sub(rf"\bOf (?:the |its )?{NUMBER} {SUBJECT},? ?\1(?: of them)? {VERB}\b", r"all \1 \2 \3", text)
    text = re.sub(rf"\bOf (?:the |its )?{NUMBER} {SUBJECT},? ?{ZERO}(?: of them)? {VERB}\b", r"none of \1 \2 \3", text)
    text = re.sub(
        rf"{NUMBER} of (?:the |its )?\1 (?=[a-z])", lambda found: f"all {found[1]} " if found[1] != "1" else "the only ", text
    )
    text = re.sub(rf"{ZERO} of (?:the )?(?=\d|them\b|those\b|these\b|that\b|the\b)", "none of ", text)
    text = re.sub(rf"\bgrew (\w[\w' ]*? )?by {ZERO} pages", lambda found: f"grew {found[1] or ''}by nothing", text)
    text = re.sub(r"\b([Ii]t|Cached|Shmem|AnonPages|Buffers) grew by nothing", r"\1 did not grow", text)
    text = re.sub(rf"{ZERO} ((?:(?!{NO_ADJECTIVE}\b)[a-z]+ ){{0,2}}?)(?={COUNTED}\b)", r"no \1", text)
    text = re.sub(rf"{ALONE}1 ((?:[A-Za-z]+ ){{0,2}}?)({COUNTED})\b( were\b)?", one_of, text)
    return re.sub(r"(^|[.!?] )(all|none|no)\b", lambda found: found[1] + found[2].capitalize(), text)


def one_of(found: re.Match[str]) -> str:
    """Writes "1 pages were" as "1 page was"."""
    return f"1 {found[1]}{singular(found[2])}{' was' if found[3] else ''}"


def singular(word: str) -> str:
    """Gives the singular of a plural."""
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word == "children":
        return "child"
    if word.endswith("ss"):
        return word
    return word[:-2] if word.endswith("sses") else word.removesuffix("s")


def amounts(text: str, page_size: int) -> str:
    """Tells pages in MiB or GiB, from 1 MiB up, and at their first mention as pages too. page_size: of the machine, in bytes."""
    told: set[str] = set()

    def amount(found: re.Match[str]) -> str:
        low, high = (float(one.replace(",", "")) * page_size for one in (found[1] or found[2], found[2]))
        for least, unit in UNITS:
            if high >= least:
                ends = dict.fromkeys(f"{size / least:,.1f}".removesuffix(".0") for size in (low, high))
                memory = f"{' to '.join(ends)} {unit}"
                before = text[: found.start()]
                again = found[0] in told or before.count("(") > before.count(")")
                told.add(found[0])
                return memory if again else f"{memory} ({found[0]})"
        return found[0]

    return re.sub(rf"(?:{NUMBER} to )?{NUMBER} pages\b", amount, text)
