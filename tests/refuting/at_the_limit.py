"""At the limit of a group: another errno, a process that is killed or lives, a page more than the limit."""

import errno

from harness.false_evidence.made import Made, cases

PAGE, LIMIT = 4096, 4096
NULL, TMPFS, FREES, MLOCK = ("memcg-malloc-null-at-limit", "memcg-tmpfs-write-enospc-at-limit", "memcg-oom-kill-frees-tmpfs",
                             "memcg-mlock-past-max-enomem")
SWITCH, FAULT, PARENT, CHILDREN = ("memcg-v2-oom-disable", "memcg-fault-only-oom", "memcg-parent-limit-wins",
                                   "memcg-children-sum-refused")
KILLED = {"ended": 9}


def errnos(claim: str, asked: object, true: object, false: object, touched: bool = False) -> Made:
    outcomes = cases(claim, asked, true, false)
    return Made(outcomes={**outcomes, **({f"{claim}.asked: touched": KILLED} if touched else {})})


def records(claim: str, asked: int, true: int, false: int) -> Made:
    return Made(records=cases(claim, asked, true, false))


def holds(pages: int) -> Made:
    held = cases(FREES, pages, 0, LIMIT * 3 // 4)
    return Made(counters={at: {f"{at}/memory.stat:shmem": value * PAGE} for at, value in held.items()})


CONFIRMS = {
    NULL: errnos(NULL, errno.ENOMEM, errno.ENOMEM, 0),
    TMPFS: errnos(TMPFS, errno.ENOMEM, errno.ENOSPC, 0),
    FREES: holds(64),
    MLOCK: errnos(MLOCK, errno.ENOMEM, errno.ENOMEM, 0),
    SWITCH: records(SWITCH, 1, 1, 0),
    FAULT: errnos(FAULT, errno.ENOMEM, errno.ENOMEM, KILLED),
    PARENT: records(PARENT, LIMIT, LIMIT, 2 * LIMIT),
    CHILDREN: errnos(CHILDREN, errno.EBUSY, errno.EINVAL, 0),
}
REFUTES = {
    NULL: errnos(NULL, 0, errno.ENOMEM, 0, touched=True),
    TMPFS: errnos(TMPFS, KILLED, errno.ENOSPC, 0),
    FREES: holds(65),
    MLOCK: errnos(MLOCK, KILLED, errno.ENOMEM, 0),
    SWITCH: records(SWITCH, 0, 1, 0),
    FAULT: errnos(FAULT, KILLED, errno.ENOMEM, KILLED),
    PARENT: records(PARENT, LIMIT + 1, LIMIT, 2 * LIMIT),
    CHILDREN: errnos(CHILDREN, 0, errno.EINVAL, 0),
}
