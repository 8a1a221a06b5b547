"""Dentries and inodes of tmpfs files: all of them, and all but one inode."""

from harness.false_evidence.made import Made, cases

STAY, TAKES, FILES = "tmpfs-dentries-undroppable", "tmpfs-file-has-inode-dentry", 3000


def of_files(claim: str, dentries: int, inodes: int) -> Made:
    return Made(records={**cases(f"{claim}.dentries", dentries, FILES + 4, 1), **cases(f"{claim}.inodes", inodes, FILES + 4, 0)})


CONFIRMS = {claim: of_files(claim, FILES, FILES) for claim in (STAY, TAKES)}
REFUTES = {claim: of_files(claim, FILES, FILES - 1) for claim in (STAY, TAKES)}
