"""A file system that is epoll's own, and one that is not; an inode within a queue's structure, and none."""

from harness.false_evidence.made import Made, cases

OWN, SHARED = (Made(records=cases("epoll-own-fs", value, 1, 0)) for value in (1, 0))
WITHOUT, WITHIN = (Made(records=cases("posix-mq-info-in-i-private", value, 0, 1)) for value in (0, 1))

CONFIRMS = {"epoll-own-fs": OWN, "posix-mq-info-in-i-private": WITHOUT}
REFUTES = {"epoll-own-fs": SHARED, "posix-mq-info-in-i-private": WITHIN}
