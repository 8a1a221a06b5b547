"""swappiness-default-60 and swappiness-max-100: another number by one."""

from harness.false_evidence.made import Made

GOOD = Made(records={"default": 60, "after writing 60": 60, "after writing 10": 10, "largest swappiness": 100,
                     "largest dirty_background_ratio": 100, "largest vfs_cache_pressure": 300})

CONFIRMS = {"swappiness-default-60": GOOD, "swappiness-max-100": GOOD}
REFUTES = {"swappiness-default-60": GOOD.but(records={"default": 59}),
           "swappiness-max-100": GOOD.but(records={"largest swappiness": 101})}
