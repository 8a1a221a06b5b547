"""What malloc hands out: a second resident page of a large block, one absent page of chunks, or none."""

from harness.false_evidence.made import Made

PAGES, BASE = 4096, 1 << 30


def blocks(size: int, count: int = 1) -> dict[str, object]:
    return {"size": size, "start": BASE, "blocks": [BASE + number * size for number in range(count)]}


ALL, NONE = {"anonymous": PAGES}, {"absent": PAGES}
ONE = {"anonymous": 1, "absent": PAGES - 1}
GOOD = Made(
    records={"100 KiB": blocks(102_400, 160), "88 bytes": blocks(88, 23_831), "large": blocks(16 << 20),
             "large, filled": blocks(16 << 20), "brk": blocks(16 << 20), "brk, filled": blocks(16 << 20)},
    pages={"handed out": {"100 KiB": ALL, "88 bytes": ALL, "large": ONE, "large, filled": ALL, "brk": NONE,
                          "brk, filled": ALL}},
    texts={"handed out": {"large/maps": "00001000-00002000 rw-p 00000000 00:00 0                      [heap]\n"}})


def but(**labels: dict[str, int]) -> Made:
    """The same with other pages of a label (a state that is not named there is gone)."""
    moment = {**GOOD.pages["handed out"], **{label.replace("_", " "): states for label, states in labels.items()}}
    return Made(records=GOOD.records, pages={"handed out": moment}, texts=GOOD.texts)


SMALL_ABSENT = {**GOOD.pages["handed out"], "88 bytes": {"anonymous": 3, "absent": 1, "thp": PAGES - 4}}
LARGE_ABSENT = {**GOOD.pages["handed out"], "100 KiB": {"anonymous": 3, "absent": 1, "thp": PAGES - 4}}

CONFIRMS = dict.fromkeys(("malloc-large-lazy", "malloc-slicing-touches-all", "malloc-slicing-touches-small"), GOOD)
REFUTES = {"malloc-large-lazy": but(large={"anonymous": 2, "absent": PAGES - 2}),
           "malloc-slicing-touches-all": Made(pages={"handed out": LARGE_ABSENT}, records=GOOD.records, texts=GOOD.texts),
           "malloc-slicing-touches-small": Made(pages={"handed out": SMALL_ABSENT}, records=GOOD.records, texts=GOOD.texts)}
