"""mlock-unevictable: one page of 4,096 that is not; unevictable-only-mlock: nothing but what was locked, or more."""

from tests.refuting.made import Made

N, KIB = 4096, 16384
ALL = {"unevictable": N}
NOBODY = {"plain": {"resident": N}, "again": {"resident": N}}
SAMPLES = ("before", "anon locked", "file locked", "ramfs filled")

TRUE = Made(
    counters={**{name: {"meminfo:Unevictable": 100 + step * KIB, "vmstat:pswpout": 0}
                 for step, name in enumerate(SAMPLES)},
              "plain filled": {"meminfo:Unevictable": 100 + 3 * KIB}, "all": {"vmstat:pswpout": 0}},
    pages={"all": {"anon": ALL, "file": ALL, "ramfs": ALL, "segment": ALL, **NOBODY}})
NOT = {"unevictable": 0, "resident": N}
ONLY = TRUE.but(pages={"all": {"ramfs": NOT, "segment": NOT}})

CONFIRMS = {"mlock-unevictable": TRUE, "unevictable-only-mlock": ONLY}
REFUTES = {"mlock-unevictable": TRUE.but(pages={"all": {"file": {"unevictable": N - 1, "resident": 1}}}),
           "unevictable-only-mlock": ONLY.but(pages={"all": {"segment": {"unevictable": 1, "resident": N - 1}}})}
