"""exec-loads-file: one page of 5,120 that was not read."""

from harness.false_evidence.made import Made

PAGES, FILES = 5120, ("program", "read", "left alone")
WHOLE = Made(pages={"dropped": dict.fromkeys(FILES, 0),
                    "before its first instruction": {"program": PAGES, "read": PAGES, "left alone": 0}})

CONFIRMS = {"exec-loads-file": WHOLE}
REFUTES = {"exec-loads-file": WHOLE.but(pages={"before its first instruction": {"program": PAGES - 1}})}
