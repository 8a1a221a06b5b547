"""One experiment on one kernel under one setting: the cell, and the cell as data."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from harness import catalogue
from harness.claims import as_data
from harness.claims.claim import Experiment
from harness.claims.needs import Needs
from harness.claims.settings import BOOTED, Settings
from harness.evidence.run_directory import SCHEMA
from harness.evidence.schema import AttemptRow, CellRecord, KernelRow
from harness.linux import architecture
from harness.linux.architecture import Architecture
from harness.linux.sizes import KIB, MIB
from harness.machine import allocators, programs
from harness.machine.guest.qemu import Shape
from harness.machine.host import local
from harness.machine.host.permissions import Permissions
from harness.machine.kernels.kernel import Kernel
from harness.run.options import RunOptions
from harness.verdicts import noise


@cache
def describe_kernel(kernel: Kernel) -> KernelRow:
    config = kernel.config.read_bytes() if kernel.config else None
    return {
        "release": kernel.release,
        "series": kernel.series,
        "source": kernel.source,
        "digest": kernel.digest,
        "arch": kernel.architecture.machine,
        "config": f"sha256:{hashlib.sha256(config).hexdigest()}" if config else None,
    }


def describe(cell: Cell) -> CellRecord:
    """Gives a cell as data, complete: kernel by name and digest, experiment by name, version and source, settings."""
    row = describe_cell(cell.experiment, dict(cell.axis), cell.trials, describe_kernel(cell.kernel), cell.accelerator)
    sets = {name: value for name, value in vars(cell.settings).items() if value is not None}
    needs = cell.experiment.needs
    own = catalogue.get(cell.experiment.name) or cell.experiment
    now = replace(cell.experiment, settings=cell.settings).conditions()
    asked = {name: (now[name],) for name, value in own.conditions().items() if now[name] != value}
    return {
        **row,
        "sets": {**sets, "memory": needs.memory, "cpus": needs.cpus, **disks_asked_for(own, needs)},
        "append": cell.append,
        "fresh": cell.fresh,
        "machine": "local" if cell.permissions else "vm",
        "overridden": own.overridden(asked),
        "earlier": list(cell.earlier),
    }


def disks_asked_for(own: Experiment, needs: Needs) -> dict[str, int]:
    """Gives size and rate of the disks in bytes and bytes a second, where they are others than the experiment's own."""
    found: dict[str, int | None] = {}
    for had, has in zip(own.needs.disks, needs.disks, strict=True):
        found |= {"disk_size": has.size} if has.size != had.size else {}
        found |= {"disk_rate": has.rate} if has.rate not in {had.rate, None} else {}
    return {name: value for name, value in found.items() if value is not None}


def describe_cell(experiment: Experiment, axis: dict[str, str], trials: int, kernel: KernelRow, accelerator: str) -> CellRecord:
    """Gives cell.json as it stands before the trials: what was planned, on what (by digest, so that it can be told from
    another)."""
    found: CellRecord = {
        "schema": SCHEMA,
        "experiment": experiment.name,
        "version": experiment.version,
        "source": catalogue.source_digest(experiment),
        "axis": axis,
        "trials": trials,
        "kernel": kernel["release"],
        "series": kernel["series"],
        "config": kernel["config"],
        "image": kernel.get("digest"),
        "package": kernel.get("source"),
        "accelerator": accelerator,
        "seconds": None,
        "failures": [],
        "bounds": [],
        "noise": noise.published(kernel["series"], arch=kernel.get("arch", architecture.AMD64.machine)),
    }
    if experiment.origin:
        found["origin"] = experiment.origin
        found["question"] = as_data.digest(as_data.text_of(experiment))
    return found


@dataclass(frozen=True)
class Cell:
    """One experiment on one kernel under one setting. axis: what distinguishes it ({"lru": "mglru"}).
    permissions: what it may do to this host, if that is the machine; None for a guest. earlier: what the attempts came to
    that it repeats."""

    experiment: Experiment
    kernel: Kernel
    settings: Settings
    axis: tuple[tuple[str, str], ...]
    trials: int
    accelerator: str
    append: str = ""
    fresh: bool = False
    gdb: str = ""
    permissions: Permissions | None = None
    earlier: tuple[AttemptRow, ...] = ()

    @property
    def name(self) -> str:
        """Names its directory, and no other cell of a run: "tmpfs-swap@lru=mglru@6.12.117". What can't stand in a file's
        name (of kernel arguments) becomes a digest."""
        axis = (f"{key}={value if PLAIN.fullmatch(value) else mark(value)}" for key, value in self.axis)
        return "@".join([self.experiment.name, *axis, self.kernel.release])

    @property
    def architecture(self) -> Architecture:
        """Tells what its machine is."""
        return architecture.of_host() if self.permissions else self.kernel.architecture

    @property
    def can_answer(self) -> bool:
        """Says whether its machine is one of those that the experiment can be asked on."""
        wanted = self.experiment.needs.architectures
        return not wanted or self.architecture.machine in wanted

    @property
    def page_size(self) -> int:
        """Tells the size of its machine's pages, in bytes."""
        return os.sysconf("SC_PAGE_SIZE") if self.permissions else self.kernel.page_size

    @property
    def has_pages(self) -> bool:
        """Says whether its machine's pages are of a size that the experiment is reasoned for."""
        return not self.experiment.needs.page_sizes or self.page_size in self.experiment.needs.page_sizes

    @property
    def host(self) -> local.Host:
        needs = self.experiment.needs
        return local.Host(
            programs=programs_of(self.experiment, self.settings, self.architecture),
            disks=needs.disks,
            thp=self.settings.thp,
            system=needs.system,
            permissions=self.permissions or Permissions(),
            cpus=needs.cpus,
        )

    @property
    def shape(self) -> Shape:
        needs = self.experiment.needs
        append = f"{needs.append} {self.append}".strip()
        return Shape(
            memory=needs.memory + (KERNELS_OWN if self.page_size > 4 * KIB else 0),
            cpus=needs.cpus,
            disks=needs.disks,
            nodes=needs.nodes,
            thp=self.settings.thp,
            append=append,
            programs=programs_of(self.experiment, self.settings, self.architecture),
            gdb=self.gdb,
        )


# What a kernel with larger pages takes more for itself than one with 4 KiB: an idle guest of arm64 with pages of 16 KiB has
# 37 MiB less free, 28 of them slabs (6.12; with 256 and with 512 MiB of memory), and takes more with each process. The workload
# is to have as much.
KERNELS_OWN = 64 * MIB
PLAIN = re.compile(r"[\w.,:+=-]{0,40}")


def mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def programs_of(experiment: Experiment, settings: Settings, wanted_by: Architecture) -> tuple[tuple[str, str], ...]:
    """Maps name in a guest of an architecture → path on this host, of the real tools and allocators that go along, if any have
    to: then all that any experiment needs and this host has, so that their guests are of one shape (and one set of snapshots)."""
    wanted = {Path(path).name: str(programs.on(wanted_by, Path(path))) for path in experiment.needs.programs}
    if settings.malloc in allocators.ALLOCATORS:
        wanted[allocators.ALLOCATORS[settings.malloc].name] = str(allocators.find(settings.malloc))
    return tuple(sorted({**programs_here(wanted_by), **wanted}.items())) if wanted else ()


@cache
def programs_here(wanted_by: Architecture) -> dict[str, str]:
    """Maps name in the guest → path on this host, of the tools and allocators of the whole catalogue that this host has for an
    architecture."""
    tools = {Path(path).name: path for one in catalogue.entries().values() for path in one["data"]["needs"]["programs"]}
    tools |= {one.name: str(allocators.find(name)) for name, one in allocators.ALLOCATORS.items()}
    paths = {name: programs.on(wanted_by, Path(path)) for name, path in tools.items()}
    return {name: str(path) for name, path in paths.items() if programs.why_not(wanted_by, path) is None}


def cells(experiment: Experiment, kernel: Kernel, options: RunOptions, accelerator: str) -> list[Cell]:
    """Makes the cells of an experiment on a kernel: one for each combination of its axes' values.

    Of a setting that the user asked for, one value is pinned, several are an axis, and both narrow an axis that the
    experiment has; several kernel arguments are an axis too. accelerator: "tcg", "kvm", or "host" for this host.
    """
    several = {name: values for name, values in options.sets.items() if len(values) > 1 or name in experiment.axes}
    axes = {**experiment.axes, **several}
    axes |= {"append": options.append} if len(options.append) > 1 else {}
    asked = {**options.sets, "append": options.append or ("",)}
    fixed = {name: values[0] for name, values in asked.items() if name not in axes}
    combinations: list[dict[str, str]] = [{}]
    for axis, values in axes.items():
        combinations = [{**one, axis: value} for one in combinations for value in values]
    return [
        Cell(
            experiment=on_machine(experiment, wanted),
            kernel=kernel,
            settings=pinned(experiment.settings, wanted),
            axis=tuple(sorted(axis.items())),
            trials=options.trials or experiment.trials,
            accelerator=accelerator,
            append=wanted["append"],
            fresh=options.fresh_boot or bool(options.gdb),
            gdb=options.gdb,
            permissions=options.permissions,
        )
        for axis in combinations
        for wanted in [{**fixed, **axis}]
    ]


def cell_of(experiment: Experiment, kernel: Kernel, ordered: CellRecord, accelerator: str) -> Cell:
    """Makes the cell that cell.json describes; a setting that it does not name is left as the kernel has it."""
    sets = ordered["sets"]
    left: dict[str, Any] = {item.name: sets.get(item.name) for item in fields(Settings)}
    disks = {name.removeprefix("disk_"): int(value) for name, value in sets.items() if name.startswith("disk_")}
    needs = replace(experiment.needs, memory=int(sets["memory"]), cpus=int(sets["cpus"])).with_disks(**disks)
    sized = replace(experiment, needs=needs)
    return Cell(
        experiment=sized,
        kernel=kernel,
        settings=Settings(**left),
        axis=tuple(sorted(ordered["axis"].items())),
        trials=ordered["trials"],
        accelerator=accelerator,
        append=ordered["append"],
        fresh=ordered["fresh"],
        earlier=tuple(ordered.get("earlier", [])),
    )


def on_machine(experiment: Experiment, wanted: Mapping[str, str]) -> Experiment:
    """Gives the experiment with the machine's size that the user asked for: memory in MiB, processors; its disks' size and
    rate in MiB and MiB/s."""
    sizes: dict[str, Any] = {"memory": int(wanted["memory"]) * MIB} if "memory" in wanted else {}
    sizes |= {"cpus": int(wanted["cpus"])} if "cpus" in wanted else {}
    disks = {name: int(wanted[f"disk_{name}"]) * MIB for name in ("size", "rate") if f"disk_{name}" in wanted}
    needs = replace(experiment.needs, **sizes).with_disks(**disks)
    return replace(experiment, needs=needs) if needs != experiment.needs else experiment


def pinned(settings: Settings, wanted: Mapping[str, str]) -> Settings:
    """Gives the experiment's settings with those that the user asked for."""
    chosen: dict[str, Any] = {name: value for name, value in wanted.items() if name not in BOOTED}
    return replace(settings, **chosen)
