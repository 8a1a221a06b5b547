"""devshm-is-tmpfs: a /dev/shm that is a directory of the devtmpfs on /dev."""

from harness.false_evidence.made import Made

GOOD = Made(records={"type of /dev/shm": "tmpfs", "/dev/shm is a tmpfs": 1, "/mnt/tmpfs is a tmpfs": 1,
                     "/mnt/ramfs is a tmpfs": 0})

CONFIRMS = {"devshm-is-tmpfs": GOOD}
REFUTES = {"devshm-is-tmpfs": GOOD.but(records={"type of /dev/shm": "devtmpfs", "/dev/shm is a tmpfs": 0})}
