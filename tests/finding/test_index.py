"""What a search finds: questions as they are typed, in other spellings, mistyped, of subjects that no claim is about."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import catalogue, finding
from harness.finding.index import Found
from tests.finding.questions import ASKED, GIVEN

SCRIPT = Path(str(finding.__file__)).with_name("search.js")


def search(text: str) -> Found:
    return catalogue.index().search(text)


def best(text: str) -> list[str]:
    return [hit.document.claim for hit in search(text).hits]


@pytest.mark.parametrize(("asked", "claims"), [*GIVEN.items(), *ASKED.items()])
def test_a_question_finds_its_claim_first_or_second(asked: str, claims: str) -> None:
    wanted = claims.split()
    assert set(wanted) <= set(catalogue.claims())
    assert set(best(asked)[:2]) & set(wanted), best(asked)[:5]


@pytest.mark.parametrize(
    "spellings",
    [
        ["vm.swappiness=0", "swappiness = 0", "/proc/sys/vm/swappiness 0", "sysctl -w vm.swappiness=0", "swapiness=0"],
        ["overcommit=2", "overcommit_memory=2", "vm.overcommit_memory = 2", "echo 2 > /proc/sys/vm/overcommit_memory"],
        ["drop_caches=3", "drop caches 3", "dropcaches 3", "echo 3 | sudo tee /proc/sys/vm/drop_caches"],
        ["oom_score_adj -1000", "oom-score-adj=-1000", "/proc/self/oom_score_adj -1000", "OOM_SCORE_ADJ -1000"],
        ["memory.max rounds up", "/sys/fs/cgroup/memory.max rounded up", "memory max rounding up"],
    ],
)
def test_spellings_of_one_thing_find_one_claim(spellings: list[str]) -> None:
    assert len({best(one)[0] for one in spellings}) == 1, [best(one)[:2] for one in spellings]


def test_the_order_of_words_and_their_inflections_do_not_matter() -> None:
    assert best("mlocked pages swapped")[0] == best("page swap mlock")[0] == "mlock-never-swapped"


def test_what_is_mistyped_is_read_as_what_is_nearest_and_told() -> None:
    found = search("kswpad waeks periodicaly")
    assert found.read_as == {"kswpad": "kswapd", "waeks": "wakes", "periodicaly": "periodically"}
    assert found.hits[0].document.claim == "kswapd-periodic"


def test_what_no_claim_is_about_does_not_fit() -> None:
    for text in ("quantum gravity", "how do I bake bread in a wood-fired oven", "", "?!", "\x1b[31m", "‮‭"):
        assert not any(hit.fits for hit in search(text).hits[:1]), text


def test_a_name_finds_itself_and_the_beginning_of_names_all_of_them() -> None:
    assert best("oc2-noreserve")[0] == "oc2-noreserve"
    assert set(best("oom-adj-")[:5]) <= {one for one in catalogue.claims() if one.startswith("oom-adj-")} | {"oom-adj-changes"}


def test_hostile_texts() -> None:
    for text in ("<script>alert(1)</script>", "a" * 100_000, "\n".join("x" * 9), "\x00", "%s %d {0}", "-" * 5000, "(" * 999):
        search(text)


def test_a_page_searches_in_the_same_way() -> None:
    """The script has the tables only; where it has no stem for a word, its second claim may be another."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here: the page's script is not compared")
    asked = [*GIVEN, *ASKED, "kswpad waeks periodicaly", "oom-adj-", "a" * 3000]
    reads = "const {tables, asked} = JSON.parse(require('fs').readFileSync(0));"
    says = "console.log(JSON.stringify(asked.map((one) => searchIndex(tables, one).hits.map((hit) => hit.document.claim))));"
    given = json.dumps({"tables": catalogue.index().exported(), "asked": asked})
    done = subprocess.run(
        [node, "-e", SCRIPT.read_text() + reads + says], input=given, capture_output=True, text=True, check=True
    )
    # Its weights are rounded: of claims whose scores are nearly alike it may have another first.
    alike = {
        one: [hit.document.claim for hit in hits if hit.score > hits[0].score - 0.05]
        for one in asked
        if (hits := search(one).hits)
    }
    found = dict(zip(asked, json.loads(done.stdout), strict=True))
    assert not [one for one in asked if found[one][:1] and found[one][0] not in alike.get(one, [])]
    assert {one for one in asked if found[one]} == set(alike)
    assert len(given) < 1_000_000
