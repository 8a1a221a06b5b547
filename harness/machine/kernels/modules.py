"""Kernel modules for a guest: which files it needs, and in which order they can be inserted."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from harness.errors import UsageError
from harness.machine.kernels.kernel import Kernel
from harness.machine.kernels.modinfo import normal
from harness.machine.kernels.module_tree import Tree

# What a guest needs of its kernel, and the option that provides it, built in or as a module. `virtio` and
# `virtio_ring` are dependencies of these (modules in Debian's 5.10 and 6.1, built in since 6.12).
REQUIRED = {
    "virtio_mmio": "CONFIG_VIRTIO_MMIO",
    "virtio_blk": "CONFIG_VIRTIO_BLK",
    "virtio_console": "CONFIG_VIRTIO_CONSOLE",
    "ext4": "CONFIG_EXT4_FS",
}


@dataclass(frozen=True)
class Module:
    """A module as the kernel wants it: data is the whole ELF image, unpacked. soft: only a soft dependency asks for it, so it
    may refuse to load (a processor lacks what it needs, say)."""

    name: str
    data: bytes
    soft: bool = False


def load_order(kernel: Kernel, wanted: Sequence[str]) -> list[Module]:
    """Reads the wanted modules and all that they depend on, as modprobe does: each after its dependencies and after what its
    soft dependencies want before it; names may be aliases.

    A module that the tree lacks is left out: it is built in (see missing()). Raises UsageError for a module that is damaged,
    or whose dependency the tree lacks.
    """
    if kernel.modules is None:
        return []
    tree = Tree(kernel.modules)
    order: dict[str, Module] = {}
    begun: set[str] = set()

    def add_soft(names: Sequence[str]) -> None:
        for one in names:
            for module in tree.named(one) or ():
                with suppress(UsageError):  # modprobe goes on without it, too
                    add(module, soft=True)

    def add(name: str, *, soft: bool = False, needed_by: str = "") -> None:
        if name in order or name in begun or name in tree.builtin():
            if name in order and not soft:
                order[name] = Module(name, order[name].data)
            return
        if name not in tree.files():
            raise UsageError(
                f"module {needed_by}",
                f"needs {name}, which {tree.place} lacks",
                "give the whole module tree of this kernel with --modules",
            )
        begun.add(name)  # soft dependencies may go round in circles
        data, told = tree.read(name)
        before, after = tree.softdeps(name, told)
        add_soft(before)
        for dependency in filter(None, ",".join(told.get("depends", [])).split(",")):
            add(normal(dependency), soft=soft, needed_by=name)
        order[name] = Module(name, data, soft)
        add_soft(after)

    for name in wanted:
        for module in tree.named(name) or ():
            add(module)
    return list(order.values())


def missing(kernel: Kernel, wanted: Sequence[str]) -> list[str]:
    """Names those of the wanted modules that the kernel surely has neither as a file nor built in.

    What is built in is told by modules.builtin, or by the configuration for the modules of REQUIRED; where
    neither came along nothing is known, and nothing is reported.
    """
    tree = Tree(kernel.modules) if kernel.modules else None
    absent = [normal(name) for name in wanted if not (tree and tree.named(name) is not None)]
    if tree and tree.tells_builtin:
        return absent
    if kernel.config:
        options = set(kernel.config.read_text(errors="replace").splitlines())
        return [name for name in absent if name in REQUIRED and f"{REQUIRED[name]}=y" not in options]
    return []
