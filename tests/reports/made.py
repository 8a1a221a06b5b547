"""Cells made by hand: recordings in the files that a trial writes, judged as `invoke judge` judges them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.claims.claim import CONFIRMED, AtMost, Claim, Exactly, Expect, Experiment, Guard, Known
from harness.claims.quantities import Change, Counter, Pages, pages
from harness.evidence import recording, run_directory
from harness.lab.lab import Lab
from harness.run.cell import describe_cell
from harness.verdicts import judged
from harness.verdicts.judged import Judged

PAGE_SIZE, PAGES = 4096, 64
MACHINE = {
    "name": "vm",
    "release": "6.12.117-made",
    "version": "#1 SMP",
    "arch": "x86_64",
    "page_size": PAGE_SIZE,
    "cpus": 1,
    "accelerator": "tcg",
    "boots": 1,
    "restored": False,
    "command_line": "quiet thp=never|always",
    "memory": 1 << 30,
}
CLAIM = Claim(
    "made-up",
    "What was written to a *made-up* file cannot be freed.",
    "made up",
    known=(
        Known(CONFIRMED, "mm/made_up.c, __free_nothing (v6.12)", since="6.1"),
        Known("refuted", "it was otherwise", until="6.1"),
    ),
)


def nothing(lab: Lab) -> None:
    """The recordings are made by hand."""


EXPERIMENT = Experiment(
    nothing,
    name="made-up",
    question="Can what was made up be freed?",
    guards=(Guard(Change("vmstat:pswpout", "written", "dropped"), Exactly(0), "a swapped page is not freed"),),
    expects=(
        Expect(
            CLAIM,
            Pages("dropped", "file").called("pages of the file kept"),
            if_true=Exactly(pages(PAGES * PAGE_SIZE), "every page"),
            if_false=AtMost(pages(PAGES * PAGE_SIZE) - 1, "one is enough"),
            reads_true=Pages("dropped", "locked"),
            reads_false=Counter("meminfo:Dirty", "dropped"),
            says="Of {bound} pages {value} were kept.",
        ),
    ),
)


@dataclass(frozen=True)
class Made:
    """One recording: events between its start and its end, as `Recorder.event` takes them."""

    events: Sequence[tuple[str, Mapping[str, Any]]] = ()
    status: str = "ok"
    reason: str = ""
    settings: Mapping[str, str | None] = field(default_factory=lambda: {"lru": "mglru", "zswap": None, "cpus": "1"})
    machine: Mapping[str, Any] = field(default_factory=dict)  # what differs from MACHINE

    def write(self, path: Path, experiment: Experiment, number: int, arm: str) -> None:
        recorder = recording.Recorder(path)
        recorder.event(
            "start",
            machine={**MACHINE, "boot": f"boot-{number}", **self.machine},
            experiment=experiment.name,
            version=experiment.version,
            settings=self.settings,
            arm=arm,
        )
        for event, fields in self.events:
            recorder.event(event, **fields)
        recorder.event("end", status=self.status, reason=self.reason)
        recorder.close()


def meminfo(**kib: int) -> str:
    return "".join(f"{name}:{value:>15} kB\n" for name, value in kib.items())


def sample(name: str, milliseconds: int, **files: str | None) -> tuple[str, Mapping[str, Any]]:
    """A named moment; a file's name in it is written with __ for / and . ("worker__statm")."""
    return "sample", {
        "name": name,
        "began": milliseconds * 1_000_000,
        "ended": milliseconds * 1_000_000 + 1,
        "files": {key.replace("__", "/"): text for key, text in files.items()},
    }


def series(milliseconds: int, **files: str | None) -> tuple[str, Mapping[str, Any]]:
    fields = dict(sample("", milliseconds, **files)[1])
    fields.pop("name")
    return "series", fields


def resident(moment: str, label: str, count: int) -> tuple[str, Mapping[str, Any]]:
    data = b"\x01" * count + b"\x00" * (PAGES - count)
    return "pages", {"sample": moment, "label": label, "kind": "mincore", "data": recording.encode(data)}


def trial(kept: int = PAGES, swapped: int = 0, cached: int = 40_000, step: int = 10) -> Made:
    """A trial of EXPERIMENT: 100 samples in which a file grows to 39 MiB, and two named moments."""

    def files(index: int, pswpout: int = 0) -> dict[str, str]:
        size = cached * index // 100
        return {
            "meminfo": meminfo(MemTotal=1 << 20, MemFree=900_000 - 2 * size, Cached=size, Inactive=size, Dirty=0),
            "vmstat": f"nr_file_pages {size // 4}\npswpout {pswpout}\npgfault {100 + index}\n",
        }

    return Made(
        [
            *(series(5_000 + index * step, **files(index)) for index in range(100)),
            sample("written", 5_000 + 50 * step, **files(50)),
            sample("dropped", 5_000 + 100 * step, **files(100, swapped)),
            resident("written", "file", PAGES),
            resident("dropped", "file", kept),
            resident("dropped", "locked", PAGES),
        ]
    )


def cell(
    run: Path,
    made: Sequence[Made | Mapping[str, Made]],
    experiment: Experiment = EXPERIMENT,
    axis: Mapping[str, str] | None = None,
    failures: Sequence[str] = (),
    name: str = "",
) -> Judged:
    """A cell of a run, written and judged. made: a recording a trial, or one for each arm. failures: what broke. name:
    of its directory."""
    axis = dict(axis or {})
    name = name or "@".join([experiment.name, *(f"{setting}={value}" for setting, value in axis.items())])
    directory = run_directory.cell_directory(run, name)
    directory.mkdir(parents=True)
    kernel = {"release": MACHINE["release"], "series": "6.12", "config": None}
    described = {**describe_cell(experiment, axis, len(made), kernel, "tcg"), "seconds": 4.1, "failures": list(failures)}
    for number, arms in enumerate(made, 1):
        for arm, one in ({"": arms} if isinstance(arms, Made) else arms).items():
            under = replace(one, settings={**one.settings, **axis})
            under.write(directory / recording.name_of(number, arm), experiment, number, arm)
    return judged.judge_trials(directory, described, experiment)
