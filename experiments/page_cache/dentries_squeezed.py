"""Are dentries reclaimed under pressure with vfs_cache_pressure 0?

In each of three groups a process makes 3,000 empty files on an ext4 disk, which are synced. Two of the groups are squeezed to
nothing, one with vfs_cache_pressure 0 and one with 100. Then the files are looked up by name, each once, and a kernel probe
counts for how many ext4 has to read the dentry anew.
"""

from experiments.sections import PAGE_CACHE
from harness.claims import CONFIRMED, AtMost, Claim, Document, Exactly, Expect, Experiment, Known, Needs, Quantity, Settings
from harness.lab import Lab
from harness.lab.helpers.files import look_up, still_held, watch_lookups

FILES = 3000
LEFT_ALONE, HELD, FREED = TREATMENTS = ("not squeezed", "squeezed, vfs_cache_pressure 0", "squeezed, vfs_cache_pressure 100")
MANUAL = "Documentation/admin-guide/sysctl/vm.rst, vfs_cache_pressure"

NEVER = Claim(
    "vfs-pressure-0-never", "With vfs_cache_pressure 0 dentries are not reclaimed under pressure.", PAGE_CACHE,
    known=(Known(CONFIRMED, f"{MANUAL}: “never reclaim dentries and inodes due to memory pressure” (v5.10 to v7.2); fs/super.c, "
                            "super_cache_count (v5.10 to v7.2)"),),
    document=Document(f"{MANUAL} (v5.10 to v7.2)"))


def procedure(lab: Lab) -> None:
    watch_lookups(lab)
    disk = lab.mount_disk()
    for number, name in enumerate(TREATMENTS):
        box, directory = lab.sandbox(f"box {number}"), f"{disk}/{number}"
        lab.hand.mkdir(directory)
        lab.probe(f"probe {number}", box).populate_dir(directory, FILES)
        lab.sync()
        lab.sysctl("vm.vfs_cache_pressure", 0 if name == HELD else 100)
        if name != LEFT_ALONE:
            box.set("memory.high", "0")
            box.set("memory.high", "max")
        lab.sysctl("vm.vfs_cache_pressure", 100)
        look_up(lab, directory, FILES, name)


def held(name: str) -> Quantity:
    return still_held("dentries", name, FILES, f"dentries of {FILES:,} closed files that were there, their group {name}")


EXPERIMENT = Experiment(
    procedure,
    settings=Settings(vfs_cache_pressure=100),
    writes=("vfs_cache_pressure",),
    needs=Needs(changes=("mount", "sysctl")),
    axes={"lru": ("classic", "mglru")},
    rate=0,
    expects=(Expect(
        NEVER, held(HELD), if_true=Exactly(FILES, "none is reclaimed"), if_false=AtMost(FILES - 1, "one that is, is enough"),
        reads_true=held(LEFT_ALONE), reads_false=held(FREED),
        says=f"With vfs_cache_pressure 0, {{value}} dentries of {FILES:,} files outlived the squeeze of their group."),),
)
