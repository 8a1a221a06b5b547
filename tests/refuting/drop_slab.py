"""drop_caches and what lies in slab: one inode lost to 1; one dentry more left by 2 than the lab's own."""

from harness.false_evidence.made import Made

FILES, BASE = 3000, 600
COUNTS = {"before": BASE, "made": BASE + FILES, "of files": BASE + FILES, "dropped 1": BASE + FILES, "dropped 2": BASE,
          "before tmpfs": BASE, "of tmpfs files": BASE + FILES, "tmpfs dropped": BASE + FILES, "unmounted": BASE}

GOOD = Made(records={f"{kind} {moment}": value for kind in ("dentries", "inodes") for moment, value in COUNTS.items()})

CONFIRMS = dict.fromkeys(("drop1-keeps-dentries", "drop2-frees-dentries-inodes"), GOOD)
REFUTES = {"drop1-keeps-dentries": GOOD.but(records={"inodes dropped 1": BASE + FILES - 1}),
           "drop2-frees-dentries-inodes": GOOD.but(records={"dentries dropped 2": BASE + 17})}
