"""posix-mq-own-fs: a queue that is a file of tmpfs."""

from harness.false_evidence.made import Made


def file(system: int, device: int, inode: int) -> dict[str, int]:
    return {"file system": system, "device": device, "inode": inode, "links": 1}


QUEUE, AS_FILE, OTHER = file(0x19800202, 20, 5), file(0x19800202, 20, 4), file(0x01021994, 30, 5)

GOOD = Made(records={"queue: file": QUEUE, "mqueue: queue: file": QUEUE, "queue made as a file: file": AS_FILE,
                     "mqueue: made-as-file: file": AS_FILE, "tmpfs file: file": OTHER})

CONFIRMS = {"posix-mq-own-fs": GOOD}
REFUTES = {"posix-mq-own-fs": GOOD.but(records={"queue: file": OTHER})}
