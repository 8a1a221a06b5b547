"""2 that takes a page along; 3 that leaves one."""

from harness.false_evidence.made import Made

N, FILES, BASE = 2048, 3000, 600
COUNTS = {"before": BASE, "of files": BASE + FILES, "dropped 3": BASE, "before tmpfs": BASE,
          "of tmpfs files": BASE + FILES, "tmpfs dropped": BASE + FILES, "unmounted": BASE}

GOOD = Made(records={f"{kind} {moment}": value for kind in ("dentries", "inodes") for moment, value in COUNTS.items()},
            pages={"before": {"tmpfs": N, "disk": N, "truncated": 0},
                   "dropped 2": {"tmpfs": N, "disk": N, "truncated": 0},
                   "dropped 3": {"tmpfs": N, "disk": 0, "truncated": 0}})

CONFIRMS = dict.fromkeys(("drop2-keeps-pagecache", "drop3-frees-both"), GOOD)
REFUTES = {"drop2-keeps-pagecache": GOOD.but(pages={"dropped 2": {"disk": N - 1}}),
           "drop3-frees-both": GOOD.but(pages={"dropped 3": {"disk": 1}})}
