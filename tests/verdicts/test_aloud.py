"""Sentences with numbers in them, as they are read aloud; and how `says` of an experiment names a number."""

from __future__ import annotations

import errno

import pytest

from harness.claims.said import fill
from harness.evidence.recording import Number
from harness.verdicts.aloud import aloud, amounts
from harness.verdicts.wording import begun, merged


@pytest.mark.parametrize(
    ("filled", "said"),
    [
        ("Of 8,192 pages written to tmpfs 8,192 were still there.", "All 8,192 pages written to tmpfs were still there."),
        ("Of 8,192 pages only read 0 were still there.", "None of 8,192 pages only read were still there."),
        ("Of 8,192 pages only read 12 were still there.", "Of 8,192 pages only read 12 were still there."),
        ("Of 64 MiB 64 pages were there.", "Of 64 MiB 64 pages were there."),
        ("2,048 of 2,048 pages of a file were left.", "All 2,048 pages of a file were left."),
        ("0 of 2,048 clean pages were left.", "None of 2,048 clean pages were left."),
        ("10 of 2,048 pages were left.", "10 of 2,048 pages were left."),
        ("0 pages were left. 0 dentries went.", "No pages were left. No dentries went."),
        ("1 pages were left, by 1 processes.", "1 page was left, by 1 process."),
        ("OOMs killed task 1 the process.", "OOMs killed task 1 the process."),
        ("It cost 1 page faults.", "It cost 1 page fault."),
        ("Reading it grew Cached by 0 pages.", "Reading it grew Cached by nothing."),
        ("Cached grew by 0 pages.", "Cached did not grow."),
        ("It grew by 0 pages, and it grew by 0 pages.", "It did not grow, and it did not grow."),
        ("It took 1 of the 1 block there.", "It took the only block there."),
        ("1 dentries, 1 libraries and 1 children stayed.", "1 dentry, 1 library and 1 child stayed."),
        ("The disk moved 0 KiB; oom_score rose by 0 points.", "The disk moved 0 KiB; oom_score rose by 0 points."),
        ("In mode 0 a mapping past the limit was granted.", "In mode 0 a mapping past the limit was granted."),
        ("At -1000 the share is 0.5, at -17 10 of 100.", "At -1000 the share is 0.5, at -17 10 of 100."),
        ("drop_caches=0 and size=0 pages stay.", "drop_caches=0 and size=0 pages stay."),
    ],
)
def test_aloud(filled: str, said: str) -> None:
    assert aloud(filled) == said


def test_amounts_are_told_in_units_of_people_and_once_in_pages() -> None:
    assert amounts("8,192 pages, 8,192 pages and 255 pages", 4096) == "32 MiB (8,192 pages), 32 MiB and 255 pages"
    assert amounts("12,312 to 12,313 pages", 4096) == "48.1 MiB (12,312 to 12,313 pages)"
    assert amounts("8,192 to 12,288 pages and 0 to 255 pages", 4096) == "32 to 48 MiB (8,192 to 12,288 pages) and 0 to 255 pages"
    assert amounts("16 pages and 999.8 pages", 65536) == "1 MiB (16 pages) and 62.5 MiB (999.8 pages)"
    assert amounts("16 pages (of 3) and 32 pages", 65536) == "1 MiB (16 pages) (of 3) and 2 MiB (32 pages)"
    assert amounts("1,048,576 pages (at most 1,048,577 pages)", 4096) == "4 GiB (1,048,576 pages) (at most 4 GiB)"


@pytest.mark.parametrize(
    ("says", "numbers", "said"),
    [
        ("was {value:answer}", [0, 0], "was granted"),
        ("was {value:answer}", [errno.ENOMEM], "was refused with ENOMEM"),
        ("was {value:answer}", [-9], "was ended by SIGKILL"),
        ("gave {value:errno}", [0], "gave no error"),
        ("gave {value:errno}", [errno.ENOSPC, errno.ENOMEM], "gave ENOMEM or ENOSPC"),
        ("gave {value:errno}", [4095], "gave errno 4095"),
        ("{value:times} chosen", [0], "never chosen"),
        ("{value:times} chosen", [3], "3 times chosen"),
        ("it {value:is|is not} so", [1], "it is so"),
        ("it {value:is|is not} so", [0, 1], "it is not or is so"),
        ("{value:±pages more|pages less} than that", [-640], "640 pages less than that"),
        ("{value:±pages above|pages below|exactly} that", [0], "exactly that"),
        ("rose to {value:hundredths} %", [8175], "rose to 81.8 %"),
        ("it is {value:filesystem}", [0x01021994], "it is tmpfs"),
        ("it is {value:filesystem}", [1], "it is one of magic number 0x1"),
        ("it was {value:times}", [None], "it was as it is"),
    ],
)
def test_a_number_reads_as_its_sentence_wants(says: str, numbers: list[Number | None], said: str) -> None:
    assert fill(says, numbers, "as it is", "") == said


def test_an_unknown_way_to_read_is_refused() -> None:
    with pytest.raises(ValueError, match="'loudly' is none of"):
        fill("{value:loudly}", [1], "1", "")


def test_sentences_begin_with_capitals_where_a_sentence_begins() -> None:
    assert begun("after it", "It was so.") == "After it"
    for first in ("All", "None", "No"):
        assert begun(f"{first} of it", "It was so,") == f"{first.lower()} of it"
    assert begun("Cached grew", "It was so,") == "Cached grew"
    assert begun("kswapd woke", "It was so.") == "kswapd woke"
    assert begun("/proc/PID exists", ".") == "/proc/PID exists"


def test_what_is_said_of_several_things_is_said_once() -> None:
    assert merged(["Of a clean file: all stayed.", "Of a dirty one: all stayed.", "Nothing went."]) == [
        "Of a clean file; of a dirty one: all stayed.",
        "Nothing went.",
    ]
