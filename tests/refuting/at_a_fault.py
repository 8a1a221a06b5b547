"""Huge pages: a page that is not resident, not copied, one huge page or none, a charge that falls by just what it may be off."""

from harness.false_evidence.made import Made, cases

ALL, COUNT, HALF, OFF, FULL, PAGE, KIB_A_PAGE = 512, 8, 2048, 128, 10_000, 4096, 4
ONE_BYTE, COPIES, PART, ZERO = ("thp-one-byte-resident-2m", "thp-cow-copies-2m", "thp-dontneed-part-frees", "thp-read-zero-page")
ADVICE = "thp-madvise-needs-advice"
COUNTED = ("thp-collapse-ignores-never", "thp-anonhuge-is-hugetlb")
NONE = ("thp-never-beats-madvise", "thp-heap-never", "thp-map-stack-nohuge")


def resident(asked: int) -> Made:
    return Made(pages={at: {"memory": {"anonymous": there, "absent": ALL - there}}
                       for at, there in cases(ONE_BYTE, asked, ALL, 1).items()})


def copied(asked: int) -> Made:
    return Made(pages={at: {"parent": {"anonymous": ALL}, "child": {"anonymous": ALL - own, "anonymous elsewhere": own}}
                       for at, own in cases(COPIES, asked, ALL, 0).items()},
                smaps={f"{COPIES}.asked before": {"memory": {"AnonHugePages": KIB_A_PAGE * ALL}}})


def charged(asked: int) -> Made:
    found = {}
    for at, fall in cases(PART, asked, HALF, 0).items():
        found[f"{at} before"] = {f"{at}/memory.current": FULL * PAGE}
        found[f"{at} after"] = {f"{at}/memory.current": (FULL - fall) * PAGE}
    return Made(counters=found, smaps={
        f"{PART}.asked before": {"memory": {"AnonHugePages": KIB_A_PAGE * ALL * COUNT, "Rss": KIB_A_PAGE * ALL * COUNT}},
        f"{PART}.asked after": {"memory": {"Rss": KIB_A_PAGE * HALF}}})


def in_smaps(name: str, key: str, asked: int, true: int, false: int) -> Made:
    return Made(smaps={at: {"memory": {key: KIB_A_PAGE * number}} for at, number in cases(name, asked, true, false).items()})


def advised(without: int) -> Made:
    with_it = in_smaps(f"{ADVICE}.with", "AnonHugePages", ALL, ALL, 0)
    return with_it.but(smaps=in_smaps(f"{ADVICE}.without", "AnonHugePages", without, 0, ALL).smaps)


CONFIRMS = {ONE_BYTE: resident(ALL), COPIES: copied(ALL), PART: charged(HALF - OFF), ZERO: in_smaps(ZERO, "Rss", ALL, ALL, 0),
            ADVICE: advised(0), **{claim: in_smaps(claim, "AnonHugePages", ALL, ALL, 0) for claim in COUNTED},
            **{claim: in_smaps(claim, "AnonHugePages", 0, 0, ALL) for claim in NONE}}
REFUTES = {ONE_BYTE: resident(ALL - 1), COPIES: copied(ALL - 1), PART: charged(OFF), ZERO: in_smaps(ZERO, "Rss", ALL - 1, ALL, 0),
           ADVICE: advised(ALL), **{claim: in_smaps(claim, "AnonHugePages", 0, ALL, 0) for claim in COUNTED},
           **{claim: in_smaps(claim, "AnonHugePages", ALL, 0, ALL) for claim in NONE}}
