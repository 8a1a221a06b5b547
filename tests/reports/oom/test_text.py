"""OOMs told in sentences, and the claims beside them."""

from __future__ import annotations

import csv
import io
import json
import random

import pytest

from harness import catalogue
from harness.linux import oom_report
from harness.reports.oom import answer, proofs
from harness.reports.oom import text as sentences
from harness.reports.oom.text import Told
from harness.reports.pictures import candidates
from harness.reports.wording import listed
from tests.linux import oom_logs
from tests.reports.site import sites

NAMES = [path.name for path in sorted(oom_logs.INPUTS.iterdir()) if "jsonl" not in path.name]


def told(name: str) -> list[Told]:
    (path,) = oom_logs.INPUTS.glob(f"{name}*")
    return sentences.tell_all(oom_report.reports(oom_logs.read(path.name)))


def text(one: Told, heading: str) -> str:
    return " ".join(sentence.text for sentence in one.parts[heading])


def test_a_container() -> None:
    (one,) = told("02")
    assert text(one, "Who asked") == "“php-fpm” (pid 3923954) asked for a page (GFP_HIGHUSER_MOVABLE, order 0)."
    assert "29.8 GiB of a limit of 29.8 GiB (31,211,520 kB)" in text(one, "What was short")
    died = text(one, "Who died")
    assert "the highest score of the 72 tasks that may be chosen, 3,201,932 pages" in died
    assert "3,195,335 resident + 0 swapped + 6,597 of page tables" in died
    assert "The next would be “php-fpm” (pid 3589018) with 1,818,038 pages" in died
    assert "1 of 73 tasks at oom_score_adj -1000" in died
    assert "Anonymous memory: 29.0 GiB of 29.8 GiB (97 %)" in text(one, "What the memory was")
    assert "What is missing" not in one.parts
    claims = {claim for found in one.parts.values() for sentence in found for claim in sentence.claims}
    assert {"oom-allowed-memcg", "oom-factor-memory", "oom-score-adj-added", "oom-score-adj-min-disables"} <= claims


def test_the_machine() -> None:
    one = told("k")[-1]
    short = text(one, "What was short")
    assert "Zone node 0 DMA32: 788 KiB free, below its min watermark of 1.6 MiB" in short
    assert "Zone node 0 DMA: 772 KiB free, above its min watermark of 136 KiB" in short
    assert "There is no swap" in short
    assert "3 of 6 tasks at oom_score_adj -1000" in text(one, "Who died")
    assert "Kernel objects that cannot be reclaimed: 18.2 MiB (8 %)" in text(one, "What the memory was")


def test_shared_memory_that_no_process_shows() -> None:
    log = oom_logs.read("02_proxmox_5.15_dmesgT_german.txt").replace("shmem 687980544", "shmem 20000000000")
    (one,) = sentences.tell_all(oom_report.reports(log))
    (found,) = (one for one in one.parts["What the memory was"] if one.text.startswith("Shared memory and tmpfs"))
    assert "18.6 GiB (62 %)" in found.text
    assert "ipcs -m" in found.text
    assert "tmpfs-unreclaimable" in found.claims


def test_oom_score_adj_decided() -> None:
    found = [text(one, "Who died") for guest in oom_logs.guests() for one in sentences.tell_all(oom_report.reports(guest.log))]
    assert any("oom_score_adj decided: by memory alone it would be" in died for died in found)
    assert not any("has place" in died for died in found)


def test_only_claims_of_the_catalogue() -> None:
    known = catalogue.claims()
    for name in NAMES:
        for one in told(name):
            for found in one.parts.values():
                assert all(claim in known for sentence in found for claim in sentence.claims)


def test_verdicts_of_the_series_or_its_neighbours() -> None:
    published = proofs.published()
    assert published

    def verdict(release: str) -> str:
        return proofs.verdict("oom-allowed-memcg", release, published)

    assert verdict("6.12.118+deb13-cloud-amd64") == "confirmed on 6.12"
    assert verdict("5.15.158-2-pve") == "5.10 and 6.1: confirmed; 5.15 is not published"
    assert verdict("3.10.0-327") == "5.10: confirmed; 3.10 is not published"
    assert proofs.verdict("oom-report-three-fields", None, published) == f"{listed(sites.published_series())}: refuted"
    assert proofs.verdict("no-such-claim", "6.12.1", published) == "not published"


@pytest.mark.parametrize("name", NAMES)
def test_every_input_can_be_told(name: str) -> None:
    found = told(name)
    lines = list(answer.lines(found))
    assert lines[-1].startswith(answer.summary(found))
    document = json.loads(json.dumps(answer.document(found)))
    assert len(document["ooms"]) == len(found)
    rows = list(csv.DictReader(io.StringIO(answer.table(found))))
    assert [int(row["pid"]) for row in rows] == [victim["pid"] for oom in document["ooms"] for victim in oom["victims"]]
    markdown = answer.markdown(found)
    assert markdown.count("## OOM") == len(found)
    for one in found:
        if one.ranking:
            assert candidates.of_log(one.ranking, "title") == candidates.of_log(one.ranking, "title")
            break


def test_a_picture() -> None:
    (one,) = told("02")
    assert one.ranking
    svg = candidates.of_log(one.ranking, "OOM 1")
    assert "php-fpm 3902942" in svg
    assert ">killed, " in svg
    assert "page tables" in svg
    assert len(svg) < 100_000


def test_mangled_logs_end_in_no_traceback() -> None:
    """Characters replaced, lines dropped, two logs shuffled: the same ones each time."""
    chance = random.Random(19)
    texts = [oom_logs.read(name) for name in NAMES if not name.startswith("k")]
    texts += [form(oom_logs.parsed(chance.choice(oom_logs.guests()).log)) for form in oom_logs.FORMS.values()]
    for _ in range(60):
        text = list(chance.choice(texts))
        for _ in range(chance.randrange(40)):
            text[chance.randrange(len(text))] = chance.choice('0123456789\n ,:=()[]<>\x00\udcff;{}"\\-')
        lines = "".join(text).split("\n")
        for _ in range(min(chance.randrange(20), len(lines) - 1)):
            lines.pop(chance.randrange(len(lines)))
        if chance.random() < 0.3:
            lines += chance.choice(texts).split("\n")
            chance.shuffle(lines)
        found = sentences.tell_all(oom_report.reports("\n".join(lines)))
        assert list(answer.lines(found))
        assert answer.markdown(found)
        assert "ooms" in answer.document(found)
        oom_report.frames("\n".join(lines))
