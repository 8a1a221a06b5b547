"""Where pages that were read are: all of a file on a list, but for what lags, or no more than that."""

from harness.false_evidence.made import Made, cases

ALL, LAG, FULL, KIB_A_PAGE = 2048, 32, 100_000, 4
TWICE, INACTIVE = "cache-second-read-activates", "mglru-active-inactive-same"


def grown(name: str, counter: str, asked: int, true: int = ALL, false: int = 0) -> Made:
    found = {}
    for at, growth in cases(name, asked, true, false).items():
        found[f"{at} before"] = {"meminfo:Active(file)": FULL, "meminfo:Inactive(file)": FULL}
        found[f"{at} after"] = {"meminfo:Active(file)": FULL, "meminfo:Inactive(file)": FULL,
                                counter: FULL + KIB_A_PAGE * growth}
    return Made(counters=found)


ACTIVE, INACTIVE_FILE = "meminfo:Active(file)", "meminfo:Inactive(file)"
CONFIRMS = {TWICE: grown(TWICE, ACTIVE, ALL - LAG), INACTIVE: grown(INACTIVE, INACTIVE_FILE, ALL - LAG)}
REFUTES = {TWICE: grown(TWICE, ACTIVE, LAG), INACTIVE: grown(INACTIVE, INACTIVE_FILE, LAG)}
