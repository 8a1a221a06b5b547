"""reclaim-batch-32: one step took 33 pages, whatever was asked for."""

from harness.false_evidence.made import Made


def trace(*taken: int, requested: int = 32) -> str:
    return "".join(f"  hand-70  [000] d..1.  4.{number:06d}: mm_vmscan_lru_isolate: isolate_mode=0 classzone=1 order=0 "
                   f"nr_requested={requested} nr_scanned={pages} nr_skipped=0 nr_taken={pages} lru=inactive_file\n"
                   for number, pages in enumerate(taken))


GOOD = Made(records={"squeeze": trace(*[32] * 10, 7, 0, requested=4096), "few": trace(0, 16), "huge": trace(512, 512)})

CONFIRMS = {"reclaim-batch-32": GOOD}
REFUTES = {"reclaim-batch-32": GOOD.but(records={"squeeze": trace(*[32] * 10, 33)})}
