"""The dates that logs put before a kernel's message, as seconds. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

# The first letters of the months, as glibc's locales abbreviate them; what begins alike in several languages stands once.
_MONTHS = (
    ("jan", "ene", "gen", "sty", "янв", "led", "oca"),
    ("feb", "fév", "fev", "lut", "фев", "úno", "şub"),
    ("mar", "mär", "mrt", "мар", "bře", "mrz"),
    ("apr", "avr", "abr", "kwi", "апр", "dub", "nis"),
    ("may", "mai", "mag", "mei", "maj", "май", "мая", "kvě"),
    ("jun", "juin", "giu", "cze", "июн", "čer", "haz"),
    ("jul", "juil", "lug", "lip", "июл", "tem"),
    ("aug", "aoû", "ago", "sie", "авг", "srp", "ağu"),
    ("sep", "set", "wrz", "сен", "zář", "eyl"),
    ("oct", "okt", "ott", "out", "paź", "окт", "říj", "eki"),
    ("nov", "lis", "ноя", "kas"),
    ("dec", "dez", "dic", "déc", "gru", "дек", "pro", "ara"),
)
_ISO = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[T ](?P<time>\d\d:\d\d:\d\d)(?:[.,](?P<part>\d{1,9}))?(?: ?(?P<zone>Z|[+-]\d\d:?\d\d))?"
)
_CLOCK = re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<part>\d{1,9}))?)?")
_YEAR = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)(?!\d)")
NO_YEAR = 1972  # of dates without one: a leap year, so that 29 February is a day


def seconds(text: str) -> float | None:
    """Turns a date of any of the forms into seconds since 1970; None where the month is not understood.

    A date without a zone is taken as UTC, one without a year as of NO_YEAR: differences within a log are right.
    """
    try:
        match = _ISO.search(text)
        return _iso(match) if match else _worded(text)
    except (ValueError, OverflowError):
        return None


def _iso(match: re.Match[str]) -> float:
    zone = (match["zone"] or "Z").replace("Z", "+0000").replace(":", "")
    at = datetime.strptime(f"{match['date']} {match['time']} {zone}", "%Y-%m-%d %H:%M:%S %z")
    return at.timestamp() + _part(match["part"])


def _worded(text: str) -> float | None:
    clock = _CLOCK.search(text)
    if not clock:
        return None
    year = _YEAR.search(text[: clock.start()] + " " + text[clock.end() :])
    rest = text[: clock.start()] + " " + (text[clock.end() :].replace(year["year"], " ", 1) if year else "")
    month, day = _month(rest), re.findall(r"(?<!\d)\d{1,2}(?!\d)(?!月)", rest)
    if month is None or not day:
        return None
    at = datetime(int(year["year"]) if year else NO_YEAR, month, int(day[-1]), tzinfo=timezone.utc)
    at += timedelta(hours=int(clock["hour"]), minutes=int(clock["minute"]), seconds=int(clock["second"] or 0))
    return at.timestamp() + _part(clock["part"])


def _month(text: str) -> int | None:
    """Finds the number of the last word that is a month: before it may stand a day of the week that begins like one."""
    if numbered := re.search(r"(\d{1,2}) ?[月월]", text):
        return int(numbered[1])
    for word in reversed(re.findall(r"[^\W\d_]+", text.lower())):
        for number, names in enumerate(_MONTHS, 1):
            if word.startswith(names):
                return number
    return None


def _part(digits: str | None) -> float:
    return float(f"0.{digits}") if digits else 0.0
