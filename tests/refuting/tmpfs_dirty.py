"""tmpfs-written-pages-dirty: every page of tmpfs stays dirty; after sync one does not."""

from harness.false_evidence.made import Made

SIZE = 4096
ALL, NONE = {"dirty": SIZE}, {"file": SIZE}
GOOD = Made(pages={"written": {"tmpfs": ALL, "disk": ALL}, "synced": {"tmpfs": ALL, "disk": NONE}})

CONFIRMS = {"tmpfs-written-pages-dirty": GOOD}
REFUTES = {"tmpfs-written-pages-dirty": GOOD.but(pages={"synced": {"tmpfs": {"dirty": SIZE - 1, "file": 1}}})}
