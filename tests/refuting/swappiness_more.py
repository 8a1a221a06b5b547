"""swappiness-higher-swaps-more: at 100 as many pages as at 60, but for chance."""

from tests.refuting.made import Made


def arm(swapped: int, squeezed: int) -> Made:
    moments = {"filled": 0, "read": swapped, "reference filled": swapped, "reference squeezed": swapped + squeezed}
    return Made(counters={moment: {"vmstat:pswpout": value} for moment, value in moments.items()},
                pages={"filled": {"idle": {"anonymous": 24576}}})


GOOD = Made(arms={"0": arm(0, 0), "60": arm(4000, 8000), "60 again": arm(4300, 8000), "100": arm(9000, 12000)})

CONFIRMS = {"swappiness-higher-swaps-more": GOOD}
REFUTES = {"swappiness-higher-swaps-more": Made(arms={**GOOD.arms, "100": arm(4300, 12000)})}
