"""malloc-small-few-syscalls: no call at all, and one."""

from harness.false_evidence.made import Made, cases

NONE, ONE = (Made(records=cases("malloc-small-few-syscalls", value, 0, 500)) for value in (0, 1))

CONFIRMS = {"malloc-small-few-syscalls": NONE}
REFUTES = {"malloc-small-few-syscalls": ONE}
