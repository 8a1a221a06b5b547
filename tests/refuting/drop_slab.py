"""drop_caches and what lies in slab: one inode lost to 1; one dentry of 3,000 left by 2."""

from harness.false_evidence.made import Made

FILES = 3000


def read_anew(dentries: int, inodes: int) -> str:
    """So many of the files' dentries and inodes were not in memory when they were looked up."""
    line = "  agent-1  [000] ...1.  4.000001: {}_read: (ext4+0x0/0x10)\n"
    return line.format("dentry") * dentries + line.format("inode") * inodes


GOOD = Made(records={"nothing written": read_anew(0, 0), "1 written": read_anew(0, 0), "2 written": read_anew(FILES, FILES),
                     "mounted again": read_anew(FILES, FILES)})

CONFIRMS = dict.fromkeys(("drop1-keeps-dentries", "drop2-frees-dentries-inodes"), GOOD)
REFUTES = {"drop1-keeps-dentries": GOOD.but(records={"1 written": read_anew(0, 1)}),
           "drop2-frees-dentries-inodes": GOOD.but(records={"2 written": read_anew(FILES - 1, FILES)})}
