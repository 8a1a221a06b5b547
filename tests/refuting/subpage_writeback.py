"""Sub-page write-back: whole pages, with a commit of the journal beside them; a sector less than whole pages by a mapping."""

from harness.false_evidence.made import Made

N = 256
GOOD = Made(
    records={"disk: changed": N, "disk: direct": N, "disk: rewritten": 8 * N,
             "small: changed": 2 * N, "small: direct": 2 * N, "small: rewritten": 8 * N, "small: stored": 8 * N},
    pages={"disk": {"changed": N}, "small": {"changed": N}})

CONFIRMS = {"subpage-writeback-default": GOOD, "subpage-writeback-small-blocks": GOOD}
REFUTES = {"subpage-writeback-default": GOOD.but(records={"disk: changed": N + 129}),
           "subpage-writeback-small-blocks": GOOD.but(records={"small: stored": 8 * N - 1})}
