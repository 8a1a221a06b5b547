"""2 that takes a page along; 3 that leaves one."""

from harness.false_evidence.made import Made
from tests.refuting.drop_slab import FILES, read_anew

N = 2048

GOOD = Made(records={"nothing written": read_anew(0, 0), "3 written": read_anew(FILES, FILES),
                     "mounted again": read_anew(FILES, FILES)},
            pages={"before": {"tmpfs": N, "disk": N, "truncated": 0},
                   "dropped 2": {"tmpfs": N, "disk": N, "truncated": 0},
                   "dropped 3": {"tmpfs": N, "disk": 0, "truncated": 0}})

CONFIRMS = dict.fromkeys(("drop2-keeps-pagecache", "drop3-frees-both"), GOOD)
REFUTES = {"drop2-keeps-pagecache": GOOD.but(pages={"dropped 2": {"disk": N - 1}}),
           "drop3-frees-both": GOOD.but(pages={"dropped 3": {"disk": 1}})}
