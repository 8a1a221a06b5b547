"""mlock-on-a-list: a count of mlocks beside the links, in struct folio alone."""

from harness.false_evidence.made import Made

LINKS = ["lru", "struct list_head"]
GOOD = Made(records={"page": [["flags", "unsigned long"], LINKS], "folio": [LINKS],
                     "path": [["mnt", "struct vfsmount *"], ["dentry", "struct dentry *"]]})

CONFIRMS = {"mlock-on-a-list": GOOD}
REFUTES = {"mlock-on-a-list": GOOD.but(records={"folio": [LINKS, ["mlock_count", "unsigned int"]]})}
