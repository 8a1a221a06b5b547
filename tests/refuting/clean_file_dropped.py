"""clean-file-dropped: one block of 4 KiB that was read or written."""

from harness.false_evidence.made import Made

IDLE = {"vmstat:pgpgin": 7, "vmstat:pgpgout": 9}
GOOD = Made(counters={**dict.fromkeys(("reference", "advised", "looked at", "squeezed"), IDLE),
                      "anon squeezed": {"vmstat:pgpgin": 7, "vmstat:pgpgout": 24585}},
            pages={"start": {"clean": 4096}, "squeezed": {"clean": 1000}, "advised": {"dropped": 0}})

CONFIRMS = {"clean-file-dropped": GOOD}
REFUTES = {"clean-file-dropped": GOOD.but(counters={"squeezed": {"vmstat:pgpgout": 13}})}
