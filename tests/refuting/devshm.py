"""devshm-is-tmpfs: a /dev/shm that is a directory of the devtmpfs on /dev, whose magic is that of ramfs."""

from tests.refuting.made import Made

TMPFS, RAMFS = 0x01021994, 0x858458F6
GOOD = Made(records={"file system of /dev/shm": TMPFS, "file system of /mnt/tmpfs": TMPFS,
                     "file system of /mnt/ramfs": RAMFS})

CONFIRMS = {"devshm-is-tmpfs": GOOD}
REFUTES = {"devshm-is-tmpfs": GOOD.but(records={"file system of /dev/shm": RAMFS})}
