"""memcg-oom-kills-one: one OOM of 150 that killed two, or three."""

from harness.false_evidence.made import Made


def ooms(*killed: int) -> list[list[int]]:
    """Fifty OOMs: so many killed by the last ones, one by the others."""
    return [[count, count] for count in (*([1] * (50 - len(killed))), *killed)]


GOOD = Made(records={"three candidates": ooms(), "alone": ooms(), "two together": [[2, 2]] * 50,
                     "three together": [[3, 4]] * 50})

CONFIRMS = {"memcg-oom-kills-one": GOOD}
REFUTES = {"memcg-oom-kills-one": GOOD.but(records={"three candidates": ooms(2)})}
