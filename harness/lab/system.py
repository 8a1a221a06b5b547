"""The machine under test as its operator sees it: files and settings, disks and mounts, the kernel's log."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.agent.constants import COLD, MS_NOATIME, TMPFS_MAGIC
from harness.agent.kernel_words import explained
from harness.agent.target import Target
from harness.claims.needs import Disk
from harness.errors import LabError
from harness.linux import counters
from harness.linux.sizes import KIB

if TYPE_CHECKING:
    from harness.machine.machine import Machine

PIECE = 512 * KIB  # of a module's content in one request, of which TEXT_LIMIT is the most
SWAP_FLAG_PREFER = 0x8000  # swapon(2)
# Without them ext4 reads bitmaps and initialises tables when it likes (measured: Cached +48, Buffers +28 KiB at
# random); noatime: a read would dirty the inode.
EXT4 = "noinit_itable,no_prefetch_block_bitmaps"
SHM = "/dev/shm"  # noqa: S108  shm_overview(7)


class System:
    """Reads and writes a machine's files through the hand, mounts its disks and switches swap on; until `undo`.

    page_size: bytes.
    """

    def __init__(self, machine: Machine, hand: Target, disks: Sequence[Disk] = ()) -> None:
        self.machine, self.hand = machine, hand
        self.kinds = {disk.name: disk.kind for disk in disks}
        self.page_size = machine.info.page_size
        self._mounted: list[str] = []
        self._swaps: list[str] = []

    # Files and settings ---------------------------------------------------------------------------------------------

    def read(self, path: str) -> str:
        """Reads a whole file of the machine's. Raises LabError if it can't be read."""
        return self.hand.slurp(path).text.decode(errors="replace")

    def find(self, path: str) -> str | None:
        """Reads a file's text, None if the machine has no such file."""
        reply = self.hand.attempt.slurp(path)
        return None if reply.error else reply.text.decode(errors="replace")

    def read_bytes(self, path: str) -> bytes:
        """Reads a whole file of any size."""
        found = b""
        while piece := self.hand.slurp(path, 0, 0, len(found)).text:
            found += piece
        return found

    def write(self, path: str, text: str) -> None:
        """Writes a text to a file that is there, as to one of the kernel's. Raises LabError if it is refused."""
        self.hand.put(path, text)

    def sysctl(self, name: str, value: object) -> None:
        """Sets one as sysctl(8) names it: sysctl("vm.drop_caches", 1)."""
        self.write("/proc/sys/" + name.replace(".", "/"), str(value))

    def drop_caches(self, what: int) -> None:
        """Writes to vm.drop_caches: 1 page cache, 2 dentries and inodes, 3 both."""
        self.sysctl("vm.drop_caches", what)

    def sync(self) -> None:
        """Writes all that is dirty to the disks, as sync(2)."""
        self.hand.sync()

    def kernel_log(self) -> str:
        """Reads what the kernel has logged so far, a record a line (Documentation/ABI/testing/dev-kmsg)."""
        return self.hand.slurp("/dev/kmsg", 0, os.O_NONBLOCK).text.decode(errors="replace")

    def counter(self, name: str) -> int:
        """Reads a counter of the machine's as it stands now, in bytes if it is an amount of memory. For the procedure's
        own decisions; what decides a claim is read from samples. Raises LabError if there is none of that name."""
        source, key = counters.source_and_key(name)
        value = counters.parse(source, self.read(counters.MACHINE[source])).get(key)
        if value is None:
            raise LabError(f"counter {name}", "this kernel has none of that name", "name another in the experiment")
        unit = {"KiB": 1024, "pages": self.page_size}.get(counters.unit_of(name), 1)
        return value * unit

    def drain_lru(self) -> None:
        """Empties the per-cpu batches on their way to the LRU lists (up to 31 pages a processor lag otherwise).

        Compaction does it on every processor, but what it isolated goes back through this processor's batch (5.10:
        Unevictable was 32 pages short). MADV_COLD empties that (mm/madvise.c, madvise_cold: lru_add_drain; v5.10 to v7.2),
        and before 5.4, which has none, taking a mapping down (mm/mmap.c, unmap_region; 7.2 does it there no more).
        """
        self.write("/proc/sys/vm/compact_memory", "1")
        address = self.hand.mmap(self.page_size).value
        self.hand.attempt.madvise(address, self.page_size, COLD)
        self.hand.munmap(address, self.page_size)

    def load_modules(self, *names: str) -> None:
        """Loads modules of the kernel's with all that they depend on. Skips where the kernel has none of a name."""
        for module in self.machine.modules(names):
            path = f"/modules/{module.name}.ko"
            fd = self.hand.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC).value
            for at in range(0, len(module.data), PIECE):
                self.hand.write_text(fd, module.data[at : at + PIECE], at)
            self.hand.close(fd)
            (self.hand.attempt if module.soft else self.hand).insmod(path)
            self.hand.unlink(path)

    def loopback(self) -> None:
        """Switches the loopback interface on, so that Probe.tcp_pair has a network."""
        self.hand.link_up("lo")

    # Disks and mounts -----------------------------------------------------------------------------------------------

    def device(self, name: str) -> str:
        """Gives the block device of a disk that the experiment needs."""
        return self.machine.device(name)

    def sectors(self, name: str) -> tuple[int, int]:
        """Counts the sectors of 512 bytes that a disk has read and written so far (Documentation/block/stat.rst)."""
        fields = self.read(f"/sys/block/{self.device(name).rsplit('/', 1)[-1]}/stat").split()
        return int(fields[2]), int(fields[6])

    def mount(self, source: str, target: str, kind: str, options: str = "", flags: int = 0) -> str:
        """Mounts a file system on a new directory, until the trial ends, and returns the directory."""
        self.hand.attempt.mkdir(target)
        explained(self.hand, lambda: self.hand.mount(source, target, kind, options, flags))
        self._mounted.append(target)
        return target

    def mount_tmpfs(self, name: str = "tmpfs", options: str = "huge=never") -> str:
        """Mounts a tmpfs on /mnt/NAME and returns that."""
        return self.mount("tmpfs", f"/mnt/{name}", "tmpfs", options)

    def mount_ramfs(self, name: str = "ramfs", options: str = "") -> str:
        """Mounts a ramfs on /mnt/NAME and returns that."""
        return self.mount("ramfs", f"/mnt/{name}", "ramfs", options)

    def mount_shm(self, size: int | None = None) -> str:
        """Returns where POSIX shared memory is (shm_overview(7)): mounted as systems do it, unless this one has done
        it; with a `size` in bytes, one that holds so much, over what is there."""
        if size is not None:
            self.mount("tmpfs", SHM, "tmpfs", f"huge=never,size={size}")
        elif self.hand.attempt.statfs(SHM).value != TMPFS_MAGIC:
            self.mount("tmpfs", SHM, "tmpfs", "huge=never")
        return SHM

    def mount_disk(self, name: str = "disk") -> str:
        """Mounts the disk of that name on /mnt/NAME and returns that; with its file system's module, if that is one."""
        kind, target, device = self.kinds.get(name, "ext4"), f"/mnt/{name}", self.device(name)
        self.hand.attempt.mkdir(target)
        if kind != "ext4":
            self.load_modules(kind)
            explained(self.hand, lambda: self.hand.mount(device, target, kind, "", MS_NOATIME))
        elif self.hand.attempt.mount(device, target, "ext4", EXT4, MS_NOATIME).error:
            # A kernel without those options, or none that mounts it at all.
            explained(self.hand, lambda: self.hand.mount(device, target, "ext4", "", MS_NOATIME))
        self._mounted.append(target)
        return target

    def mount_overlay(self, lower: str, upper: str, name: str = "overlay", options: str = "") -> str:
        """Mounts what is in `lower` with what is in `upper` over it, as containers have their images, on /mnt/NAME and returns
        that. upper: a directory of a file system that may be written to; a directory of its own is made in it for each."""
        self.load_modules("overlay")
        for directory in (f"{upper}/upper", f"{upper}/work"):
            self.hand.mkdir(directory)
        places = f"lowerdir={lower},upperdir={upper}/upper,workdir={upper}/work"
        return self.mount("overlay", f"/mnt/{name}", "overlay", f"{places},{options}".rstrip(","))

    def mount_fuse(self, server: Target, size: int, name: str = "fuse") -> str:
        """Mounts a file system in user space on /mnt/NAME and returns that. A thread of the probe `server` serves it: one file
        of `size` bytes, called "file"."""
        self.load_modules("fuse")
        target = f"/mnt/{name}"
        self.hand.attempt.mkdir(target)
        fd = server.open("/dev/fuse", os.O_RDWR).value
        server.mount("fuse", target, "fuse", f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other", 0)
        self._mounted.append(target)
        server.fuse_serve(fd, size)
        return target

    def swapon(self, name: str = "swap", size: int | None = None, priority: int | None = None) -> str:
        """Switches a swap disk on (only its first `size` bytes), until the trial ends, and returns its device. priority: as
        swapon(8) has it."""
        device = self.device(name)
        if size is not None:
            self.make_swap(device, size)
        return self.swapon_device(device, priority)

    def swapon_device(self, device: str, priority: int | None = None) -> str:
        """Switches on a swap area that lies on a device, until the trial ends, and returns the device."""
        flags = 0 if priority is None else SWAP_FLAG_PREFER | priority
        explained(self.hand, lambda: self.hand.swapon(device, flags))
        self._swaps.append(device)
        return device

    def swapon_zram(self, size: int, algorithm: str = "", priority: int | None = None) -> str:
        """Makes a compressed RAM disk of so many bytes and switches swap on there; returns the device. algorithm: as
        /sys/block/zram0/comp_algorithm has it, the kernel's own by default."""
        self.load_modules("zram")
        if algorithm:
            self.write("/sys/block/zram0/comp_algorithm", algorithm)
        self.write("/sys/block/zram0/disksize", str(size))
        self.make_swap("/dev/zram0", size)
        return self.swapon_device("/dev/zram0", priority)

    def make_swap(self, path: str, size: int) -> None:
        """Makes a swap area of `size` bytes in a file or on a device that is there, as mkswap does."""
        fields = struct.pack("III", 1, size // self.page_size - 1, 0)  # include/linux/swap.h, union swap_header
        header = bytes(1024) + fields
        fd = self.hand.open(path, os.O_RDWR).value
        self.hand.write_text(fd, header.ljust(self.page_size - 10, b"\0") + b"SWAPSPACE2")
        self.hand.fsync(fd)
        self.hand.close(fd)

    def marks(self) -> tuple[int, int]:
        """Gives how much is mounted and switched on so far, for `undo`."""
        return len(self._mounted), len(self._swaps)

    def undo(self, since: tuple[int, int] = (0, 0)) -> None:
        """Switches off the swap that was switched on since then, and unmounts what was mounted, the last first."""
        for device in self._swaps[since[1] :]:
            self.hand.attempt.swapoff(device)
        for target in reversed(self._mounted[since[0] :]):
            self.hand.attempt.umount(target, 2)
        del self._swaps[since[1] :], self._mounted[since[0] :]
