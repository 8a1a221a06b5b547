"""Each number that drop_caches takes: one dentry or page lost, one more left than the lab's own."""

from tests.refuting.made import Made

N, FILES, BASE = 4096, 3000, 600
COUNTS = {"before": BASE, "made": BASE + FILES, "of files": BASE + FILES, "dropped 1": BASE + FILES, "dropped 2": BASE,
          "dropped 3": BASE, "looked up": BASE + FILES, "before tmpfs": BASE, "of tmpfs files": BASE + FILES,
          "tmpfs dropped": BASE + FILES, "unmounted": BASE}

GOOD = Made(records={f"{kind} {moment}": value for kind in ("dentries", "inodes") for moment, value in COUNTS.items()},
            pages={"before": {"tmpfs": N, "disk": N, "truncated": 0},
                   "dropped 2": {"tmpfs": N, "disk": N, "truncated": 0},
                   "dropped 3": {"tmpfs": N, "disk": 0, "truncated": 0}})

CONFIRMS = dict.fromkeys(("drop1-keeps-dentries", "drop2-frees-dentries-inodes", "drop2-keeps-pagecache",
                          "drop3-frees-both"), GOOD)
REFUTES = {"drop1-keeps-dentries": GOOD.but(records={"inodes dropped 1": BASE + FILES - 1}),
           "drop2-frees-dentries-inodes": GOOD.but(records={"dentries dropped 2": BASE + 17,
                                                                "dentries looked up": BASE + 17 + FILES}),
           "drop2-keeps-pagecache": GOOD.but(pages={"dropped 2": {"disk": N - 1}}),
           "drop3-frees-both": GOOD.but(pages={"dropped 3": {"disk": 1}})}
