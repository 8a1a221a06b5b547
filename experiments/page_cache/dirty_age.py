"""Is dirty data written without sync, once it is old enough?

A process writes a new file of 1 MiB, with dirty_expire_centisecs and dirty_writeback_centisecs set: old enough after a second or
an hour, looked for five times a second or never. The sectors that the disk has written 4 s later tell whether the file is among
them. The same file right after it was written, and after sync, shows how the answers read.
"""

from experiments.sections import PAGE_CACHE
from harness.claims import (
    CONFIRMED, MIB, AtLeast, AtMost, Case, Claim, Disk, Document, Known, Needs, Settings, Small, table,
)
from harness.lab import Lab

SIZE, WAIT = MIB, 4_000_000_000         # bytes; ns
SECTORS = SIZE // 512
SECOND, HOUR, OFTEN, OFF = 100, 360_000, 20, 0          # hundredths of a second
MANUAL = "Documentation/admin-guide/sysctl/vm.rst"

EXPIRES = Claim(
    "dirty-expire-writes", "A file that has been dirty for dirty_expire_centisecs is written without sync; one that has been for "
    "less is not, as long as little is dirty.", PAGE_CACHE,
    known=(Known(CONFIRMED, f"{MANUAL}, dirty_expire_centisecs (v5.10 to v7.2); fs/fs-writeback.c, move_expired_inodes goes by "
                            "when an inode became dirty, and all of its dirty pages go with it (v5.10 to v7.2)"),),
    document=Document(f"{MANUAL}, dirty_expire_centisecs (v5.10 to v7.2)"))
STOPS = Claim(
    "dirty-writeback-0-off", "dirty_writeback_centisecs 0 stops periodic write-back.", PAGE_CACHE,
    known=(Known(CONFIRMED, f"{MANUAL}, dirty_writeback_centisecs: “Setting this to zero disables periodic writeback altogether” "
                            "(v5.10 to v7.2)"),),
    document=Document(f"{MANUAL}, dirty_writeback_centisecs (v5.10 to v7.2)"))


def waited(words: str, expire: int = HOUR, period: int = OFF, *, wait: int = WAIT, sync: bool = False) -> Case:
    """Records the sectors that the disk has written since a file was, so many ns after that."""
    def do(lab: Lab, at: str) -> None:
        path, probe = f"{lab.mount_disk()}/file", lab.probe(at)
        lab.hand.attempt.unlink(path)           # ext4 writes a file that was cut off when it is closed
        lab.sync()
        lab.sysctl("vm.dirty_expire_centisecs", expire)
        lab.sysctl("vm.dirty_writeback_centisecs", period)
        before = lab.sectors("disk")[1]
        probe.create_file(path, SIZE)
        if wait:
            lab.sleep(wait)
        if sync:
            lab.sync()
        lab.record(at, lab.sectors("disk")[1] - before)
    return Case(words, do)


WRITTEN = AtLeast(SECTORS, "all of the file")
NOT = AtMost(SECTORS // 4, "no more than the file system writes of its own: its journal, inodes and directories")
AT_ONCE, SYNCED = waited("at once", wait=0), waited("after sync", wait=0, sync=True)
EXPERIMENT = table(
    Small(EXPIRES, "sectors written", waited("4 s later, when it is old after 1 s", SECOND, OFTEN), SYNCED, AT_ONCE, WRITTEN, NOT,
          unit="sectors", key="older", says="4 s later the disk had {value} sectors more, where 1 s is old enough,"),
    Small(EXPIRES, "sectors written", waited("4 s later, when it is old after 1 h", HOUR, OFTEN), AT_ONCE, SYNCED, NOT, WRITTEN,
          unit="sectors", key="younger", says="and {value} where it is 1 h."),
    Small(STOPS, "sectors written", waited("4 s later, with dirty_writeback_centisecs 0", SECOND, OFF), AT_ONCE, SYNCED, NOT,
          WRITTEN, unit="sectors", says="4 s later the disk had {value} sectors more, though 1 s is old enough."),
    settings=Settings(dirty_expire_centisecs=HOUR, dirty_writeback_centisecs=OFF),
    writes=("dirty_expire_centisecs", "dirty_writeback_centisecs"),
    needs=Needs(disks=(Disk("disk", "ext4", 64 * MIB),), changes=("mount", "sysctl")),
)
