"""posix-mq-own-fs: a queue that is a file of tmpfs."""

from tests.refuting.made import Made

MQUEUE, TMPFS = 0x19800202, 0x01021994

GOOD = Made(records={"queue: magic": MQUEUE, "queue made as a file: magic": MQUEUE, "tmpfs file: magic": TMPFS,
                     "queue: in mqueue": 1, "queue made as a file: in mqueue": 1, "tmpfs file: in mqueue": 0})

CONFIRMS = {"posix-mq-own-fs": GOOD}
REFUTES = {"posix-mq-own-fs": GOOD.but(records={"queue: magic": TMPFS})}
