"""undroppable-text-can-swap: all of the text taken away, and none of it in swap."""

from harness.false_evidence.made import Made

N, TEXT = 1024, 400
MAPPED = {"text": {"file": TEXT}, "data": {"file": N}, "private": {"anonymous": N}, "locked": {"file": N}, "clean": N}
SHORT = {**MAPPED, "text": {"swapped": 1, "absent": TEXT - 1}, "data": {"absent": N}, "private": {"swapped": N}}
GOOD = Made(counters={"mapped": {"vmstat:pswpout": 0}, "dropped": {"vmstat:pswpout": 0}},
            pages={"mapped": MAPPED, "dropped": {**MAPPED, "clean": 0}, "short": SHORT, "squeezed": SHORT})
DROPPED = {"swapped": 0, "absent": TEXT}

CONFIRMS = {"undroppable-text-can-swap": GOOD}
REFUTES = {"undroppable-text-can-swap": GOOD.but(pages={"short": {"text": DROPPED}, "squeezed": {"text": DROPPED}})}
