"""Kernels of the user's own under labels of the user's choice. They stay where they are: what is built anew there has
the label too."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from harness import cache
from harness.errors import UsageError
from harness.machine.kernels.kernel import Kernel, kernel_at
from harness.machine.kernels.module_tree import tree_at


def _home() -> Path:
    return cache.place("labels")


def add(label: str, image: Path, modules: Path | None = None) -> Kernel:
    """Names a kernel. Raises UsageError for a label that could be another name, or a path that is no kernel."""
    if not re.fullmatch(r"[A-Za-z][\w.+-]*", label):
        raise UsageError(
            f"--label {label}", "a label begins with a letter; letters, digits and . + - _ follow", "for instance --label mine"
        )
    kernel = _at(label, image.absolute(), modules.absolute() if modules else None)
    with cache.replacing(cache.directory("labels") / f"{label}.json") as new:
        new.write_text(json.dumps({"image": str(image.absolute()), "modules": str(modules.absolute()) if modules else None}))
    return kernel


def find(label: str) -> Kernel | None:
    """Finds the kernel of a label, None if there is no such label. Raises UsageError where its image is gone."""
    try:
        kept = json.loads((_home() / f"{label}.json").read_text())
        image, modules = Path(kept["image"]), Path(kept["modules"]) if kept["modules"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return _at(label, image, modules)


def labelled() -> list[Kernel]:
    """Lists the kernels with a label whose images are there, by label."""
    found = []
    for path in sorted(_home().glob("*.json")):
        try:
            kernel = find(path.stem)
        except UsageError:
            continue
        if kernel:
            found.append(kernel)
    return found


def forget(label: str) -> None:
    """Removes a label; its kernel stays. Raises UsageError for a label that there is not."""
    try:
        (_home() / f"{label}.json").unlink()
    except FileNotFoundError:
        known = ", ".join(path.stem for path in sorted(_home().glob("*.json"))) or "none"
        raise UsageError(f"label {label!r}", "there is none", f"labels are: {known}") from None


def _at(label: str, image: Path, modules: Path | None) -> Kernel:
    kernel = replace(kernel_at(image), label=label)
    return replace(kernel, modules=tree_at(modules, kernel.release)) if modules else kernel
