"""The commands that run experiments of the catalogue: one, a section, a matrix over kernels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness import errors
from harness.cli.options import running
from harness.cli.running import chosen, execute
from harness.errors import UsageError
from harness.run.options import CLUSTER, DEBUGGER, HOST, RunOptions

KERNELS = "5.10,6.1,6.12,7.2"
SECTION = "only the experiments whose section or folder has this in its name"


@running(
    DEBUGGER,
    HOST,
    name="an experiment, or the id of a claim; several separated by commas, all for all of them, -NAME leaves one out",
)
def run_experiment(context: Any, name: str, *, options: RunOptions) -> int:
    """Run an experiment (all its claims), or the one that decides a claim, and print the answer."""
    experiments, asked = chosen(name)
    what = experiments[0].name if len(experiments) == 1 else "several"
    return execute(experiments, what, asked, options).status(asked)


@running(CLUSTER, HOST, section=SECTION)
def run_all(context: Any, section: str = "", *, options: RunOptions) -> int:
    """Run every experiment, or those of a section, and print each answer as it comes."""
    from harness import catalogue

    return whole(execute(catalogue.of_section(section), section or "all", None, options).status())


@running(
    CLUSTER,
    without=("kernel", "modules"),
    kernels="series, exact versions, digests or paths, separated by commas",
    again="run finished cells too, anew",
    undecided="run the undecided cells of the newest such run again; their rows say so",
    section=SECTION,
)
def matrix(
    context: Any,
    kernels: str = KERNELS,
    section: str = "",
    again: bool = False,
    undecided: bool = False,
    *,
    options: RunOptions,
) -> int:
    """Run every experiment on several kernels; goes on where an interrupted one stood."""
    from harness import catalogue

    if again and undecided:
        raise UsageError("--again", "it starts a new run, where --undecided repeats cells of an old one", "choose one")
    names = tuple(dict.fromkeys(name.strip() for name in kernels.split(",") if name.strip()))
    if not names:
        raise UsageError("--kernels", "it names none", f"for instance --kernels {KERNELS}")
    if options.machine == "local":
        raise UsageError("--machine local", "this host has one kernel", "type: invoke run-all --machine local")
    from harness.run.progress import Progress

    chosen, what = catalogue.of_section(section), f"matrix-{section}" if section else "matrix"
    return whole(execute(chosen, what, None, replace(options, kernels=names), Progress(), not again, undecided).status())


def whole(status: int) -> int:
    """Gives the exit status of a command that was to run all: wrong usage, where all is well but for own files that can't be
    used."""
    from harness import catalogue

    return errors.USAGE if status == errors.AS_KNOWN and catalogue.problems() else status
