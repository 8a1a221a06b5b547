"""vma-tree-and-list: the tree without the list."""

from harness.false_evidence.made import Made

GOOD = Made(records={
    "mm_struct": [["mm_rb", "struct rb_root"], ["mmap", "struct vm_area_struct *"]],
    "vm_area_struct": [["vm_rb", "struct rb_node"], ["vm_next", "struct vm_area_struct *"]],
    "eventpoll": [["rbr", "struct rb_root_cached"], ["rdllist", "struct list_head"]],
    "epitem": [["rbn", "struct rb_node"], ["rdllink", "struct list_head"]],
    "path": [["mnt", "struct vfsmount *"], ["dentry", "struct dentry *"]]})

CONFIRMS = {"vma-tree-and-list": GOOD}
REFUTES = {"vma-tree-and-list": GOOD.but(records={"vm_area_struct": [["vm_rb", "struct rb_node"]]})}
