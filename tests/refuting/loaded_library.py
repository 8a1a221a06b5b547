"""ldso-loads-library-whole: all of its pages are there, and all but one."""

from harness.false_evidence.made import Made

SIZE = 5120
GOOD = Made(pages={"dropped": {"loaded": 0, "read": 0, "left alone": 0}, "main": {"loaded": SIZE, "read": SIZE, "left alone": 0}},
            texts={"main": {"program/maps": "7f0000000000-7f0001400000 r-xp 00000000 fe:00 14    /mnt/disk/loaded\n"}})

CONFIRMS = {"ldso-loads-library-whole": GOOD}
REFUTES = {"ldso-loads-library-whole": GOOD.but(pages={"main": {"loaded": SIZE - 1}})}
