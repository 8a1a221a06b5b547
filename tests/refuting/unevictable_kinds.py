"""unevictable-only-mlock: nothing but what was mlocked, or one page more."""

from harness.false_evidence.made import Made

N = 2048
ONLY = Made(pages={"filled": {"mlocked": {"unevictable": N}, "plain": {"resident": N}, "ramfs": {"resident": N},
                              "segment": {"resident": N}}})

CONFIRMS = {"unevictable-only-mlock": ONLY}
REFUTES = {"unevictable-only-mlock": ONLY.but(pages={"filled": {"segment": {"unevictable": 1, "resident": N - 1}}})}
