"""private-anon-zeroed and private-anon-read-allocates: one page of 2,048 with a byte; one that is the zero page."""

from harness.false_evidence.made import Made

ALL = 2048

TRUE = Made(
    pages={"accessed": {"read": {"anonymous": ALL}, "written": {"anonymous": ALL}, "untouched": {"absent": ALL},
                        "device": {"zero": ALL}}},
    records={"recycled": ALL, "read: not zero": 0, "written: not zero": 0, "filled: not zero": ALL,
             "hole: not zero": 0})

CONFIRMS = {"private-anon-zeroed": TRUE, "private-anon-read-allocates": TRUE}
REFUTES = {
    "private-anon-zeroed": TRUE.but(records={"written: not zero": 1}),
    "private-anon-read-allocates": TRUE.but(pages={"accessed": {"read": {"anonymous": ALL - 1, "zero": 1}}})}
