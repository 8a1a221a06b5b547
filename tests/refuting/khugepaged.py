"""khugepaged leaves a hole of one page, or none."""

from harness.false_evidence.made import Made, cases

ID, ALL, KIB_OF_HUGE = "thp-khugepaged-fills-holes", 512, 2048


def resident(freed: int) -> Made:
    return Made(pages={at: {"memory": {"anonymous": there, "absent": ALL - there}}
                       for key, asked in (("single", ALL), ("freed", freed))
                       for at, there in cases(f"{ID}.{key}", asked, ALL, 1).items()},
                smaps={f"{ID}.freed.asked": {"memory": {"AnonHugePages": KIB_OF_HUGE if freed == ALL else 0}}})


CONFIRMS = {ID: resident(ALL)}
REFUTES = {ID: resident(ALL - 1)}
