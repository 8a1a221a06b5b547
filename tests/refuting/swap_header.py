"""swap-needs-signature: both are refused, and a file that is taken."""

import errno

from harness.false_evidence.made import Made, cases

ID = "swap-needs-signature"
REFUSED = Made(outcomes={name: error for place in ("partition", "file")
                         for name, error in cases(f"{ID}.{place}", errno.EINVAL, errno.EINVAL, 0).items()})

CONFIRMS = {ID: REFUSED}
REFUTES = {ID: REFUSED.but(outcomes={f"{ID}.file.asked": 0})}
