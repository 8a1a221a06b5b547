"""posix-mq-rbtree: a queue's inode without the root of a tree."""

from harness.false_evidence.made import Made

LIST, NODE, ROOT, INODE = ([name, f"struct {name}"] for name in ("list_head", "rb_node", "rb_root", "inode"))

GOOD = Made(records={
    "mqueue_inode_info": [INODE, ROOT], "posix_msg_tree_node": [NODE, LIST], "msg_msg": [LIST],
    "shmem_inode_info": [INODE, ["policy", "struct shared_policy"]], "shared_policy": [ROOT],
    "sp_node": [NODE, ["policy", "struct mempolicy *"]], "msg_queue": [LIST]})

CONFIRMS = {"posix-mq-rbtree": GOOD}
REFUTES = {"posix-mq-rbtree": GOOD.but(records={"mqueue_inode_info": [INODE, LIST]})}
