"""Sub-page write-back: whole pages, and one block more for each page, with a commit of the journal beside it."""

from harness.false_evidence.made import Made

N = 256
GOOD = Made(
    records={"disk: changed": N, "disk: direct": N, "disk: rewritten": 8 * N,
             "small: changed": 2 * N, "small: direct": 2 * N, "small: rewritten": 8 * N},
    pages={"disk": {"changed": N}, "small": {"changed": N}})

CONFIRMS = {"subpage-writeback-default": GOOD, "subpage-writeback-small-blocks": GOOD}
REFUTES = {"subpage-writeback-default": GOOD.but(records={"disk: changed": N + 129}),
           "subpage-writeback-small-blocks": GOOD.but(records={"small: changed": 2 * N + 129})}
