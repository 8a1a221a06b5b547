"""`invoke ask` and `invoke list --search`: what is published, found by a question, and nothing is run."""

from __future__ import annotations

import json

import pytest

from harness.cli import asking, yours
from harness.errors import UsageError
from tests.commands import invoke, one_line

QUESTION = "swappiness=0 disable swap?"
CLASSIC = tuple(f"  With the classic LRU lists: REFUTED on 5.10{more}" for more in (",", " and "))


@pytest.fixture(autouse=True)
def mglru_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yours, "here", {"lru": "mglru"}.get)
    monkeypatch.setattr(yours, "release", lambda: "6.5.1-generic")


def nearest() -> str:
    """Names the series nearest to 6.5 for which the claim is published with MGLRU, which 5.10 has not."""
    found = {row["series"] for row in asking.published() if row["claim"] == "swappiness-0-never-swaps"}
    return "6.1" if "6.1" in found else "6.12"


def test_the_published_verdicts_and_which_is_this_machine_s() -> None:
    lines = list(asking.lines(QUESTION))
    at = next(number for number, line in enumerate(lines) if line.startswith("“With swappiness 0 reclaim for want"))
    told = lines[at + 1 : at + 5]
    mglru = f"  With MGLRU: CONFIRMED on {nearest()}"
    assert any(line.startswith(mglru) and line.endswith("← yours: MGLRU") for line in told), told
    assert any(line.startswith(CLASSIC) and "yours" not in line for line in told), told
    assert any(line.startswith(f"  On {nearest()} (nearest to your 6.5.1-generic): ") for line in told), told


def test_as_json() -> None:
    found = asking.document(QUESTION)
    first = next(one for one in found["claims"] if one["claim"] == "swappiness-0-never-swaps")
    ours = [one for one in first["answers"] if one["yours"]]
    assert {one["settings"]["lru"] for one in ours} == {"mglru"}
    assert [one["series"] for one in ours if one["nearest"]] == [nearest()]
    assert json.loads(json.dumps(found)) == found


def test_at_most_three_claims_are_told() -> None:
    assert 1 <= len(asking.asked("tmpfs swap")[1]) <= asking.MOST


def test_what_is_not_published_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "published", list)
    assert "  Not published yet; known answer: confirmed" in list(asking.lines(QUESTION))


@pytest.mark.parametrize("text", ["<zzzz>", "\x1b[31m", "\u202e\n\r", "?" * 99_999, "quantum gravity"])
def test_what_nothing_answers_is_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="no claim is about it") as raised:
        list(asking.lines(text))
    assert len(str(raised.value).splitlines()) == 1


def test_the_commands() -> None:
    told = invoke("ask", "does tmpfs count as cahce?")
    assert told.returncode == 0, told.stderr
    assert "“cahce” is read as “cache”" in told.stderr
    assert "Writing N bytes to a tmpfs file grows Cached" in told.stdout
    assert json.loads(invoke("ask", "tmpfs cache", "--json").stdout)["claims"]
    listed = invoke("list", "--search", "overcommit=2 refuses")
    assert listed.stdout.splitlines()[0] in {"oc2-hard-limit", "oc2-refuses-everything"}
    one_line(invoke("ask", "quantum gravity"), 1, "no claim is about it")
