"""Reading after a drop, and what becomes of tmpfs files: a sector, a dentry."""

from harness.false_evidence.made import Made, cases

COSTS, STAY, TAKES = "drop-costs-reads", "tmpfs-dentries-undroppable", "tmpfs-file-has-inode-dentry"
ALL, FILES = 40_960, 3000
READ = Made(records={**cases(f"{COSTS}.after", ALL, ALL, 0), **cases(f"{COSTS}.before", 0, 0, ALL)})


def of_files(claim: str, asked: int, true: int, inodes: int | None = None) -> Made:
    return Made(records={**cases(f"{claim}.dentries", asked, true, 1),
                         **cases(f"{claim}.inodes", asked if inodes is None else inodes, true, 0)})


CONFIRMS = {COSTS: READ, STAY: of_files(STAY, FILES, FILES + 4), TAKES: of_files(TAKES, FILES, FILES)}
REFUTES = {COSTS: READ.but(records={f"{COSTS}.before.asked": 8}), STAY: of_files(STAY, FILES, FILES + 4, FILES - 1),
           TAKES: of_files(TAKES, FILES, FILES, FILES - 1)}
