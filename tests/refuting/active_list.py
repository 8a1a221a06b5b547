"""Where pages that were read are: all of a file on the active list or none, all on the inactive one or none."""

from harness.false_evidence.made import Made, cases

ALL, FULL, KIB_A_PAGE = 2048, 100_000, 4
TWICE, INACTIVE = "cache-second-read-activates", "mglru-active-inactive-same"


def grown(name: str, counter: str, asked: int, true: int = ALL, false: int = 0) -> Made:
    found = {}
    for at, growth in cases(name, asked, true, false).items():
        found[f"{at} before"] = {"meminfo:Active(file)": FULL, "meminfo:Inactive(file)": FULL}
        found[f"{at} after"] = {"meminfo:Active(file)": FULL, "meminfo:Inactive(file)": FULL,
                                counter: FULL + KIB_A_PAGE * growth}
    return Made(counters=found)


ACTIVE, INACTIVE_FILE = "meminfo:Active(file)", "meminfo:Inactive(file)"
CONFIRMS = {TWICE: grown(TWICE, ACTIVE, ALL), INACTIVE: grown(INACTIVE, INACTIVE_FILE, ALL)}
REFUTES = {TWICE: grown(TWICE, ACTIVE, 0), INACTIVE: grown(INACTIVE, INACTIVE_FILE, 0)}
