"""reclaim-batch-32: one step asked for 33 pages."""

from harness.false_evidence.made import Made


def trace(*requested: int) -> str:
    return "".join(f"  hand-70  [000] d..1.  4.{number:06d}: mm_vmscan_lru_isolate: isolate_mode=0 classzone=1 order=0 "
                   f"nr_requested={pages} nr_scanned={pages} nr_skipped=0 nr_taken={pages} lru=inactive_file\n"
                   for number, pages in enumerate(requested))


def wrote(pages: int) -> str:
    return ("  hand-70  [000] ...1.  5.000001: writeback_single_inode: bdi 254:0: ino=12 state=I_DIRTY_PAGES "
            f"dirtied_when=1 age=0 index=0 to_write=9 wrote={pages} cgroup_ino=1\n")


GOOD = Made(records={"squeeze": trace(32, 7, 32), "few": wrote(16), "many": wrote(512)})

CONFIRMS = {"reclaim-batch-32": GOOD}
REFUTES = {"reclaim-batch-32": GOOD.but(records={"squeeze": trace(32, 33, 32)})}
