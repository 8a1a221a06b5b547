"""What commands load: no more than they use, since every one of them, and every completion of a word, waits for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.paths import ROOT

# What the catalogue, decoders, evidence, tables and plots stand on: a command line is read without any of it.
HEAVY = (
    *("_cffi_backend", "cffi", "experiments", "jinja2", "matplotlib", "msgspec", "numpy", "pandas", "probes", "pyarrow", "rich"),
    *("scipy", "zstandard", "harness.catalogue", "harness.claims", "harness.lab", "harness.machine", "harness.reports"),
    *("harness.evidence.schema", "harness.verdicts", "harness.finding", "harness.run.run", "harness.testbed", "harness.bench"),
)


COMMAND = """
from invoke.main import program
try:
    program.run(["invoke", *sys.argv[1:]], exit=False)
except SystemExit:
    pass
"""


def loaded(code: str, *words: str, **environment: str) -> set[str]:
    """Runs code in a process of its own: the modules that it has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint('loaded', *sys.modules)", *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("loaded ")]
    return set(line.split()[1:])


def heavy(modules: set[str]) -> set[str]:
    return {name for name in HEAVY if name in modules}


@pytest.mark.parametrize(
    "words", [("--complete", "--", "invoke ru"), ("explain", "--help"), ("--list",)], ids=["completion", "help", "overview"]
)
def test_a_command_line_is_read_without_the_catalogue(words: tuple[str, ...]) -> None:
    assert heavy(loaded(COMMAND, *words)) == set()


def own(modules: set[str]) -> set[str]:
    return {name for name in modules if name.split(".")[0] in {"harness", "experiments", "probes"}}


def test_a_word_is_completed_without_a_command() -> None:
    """Every module costs a fiftieth of what may be taken in all: none is loaded that only a command uses."""
    found = own(loaded(COMMAND, "--complete", "--", "invoke ru"))
    assert "harness.cli.collection" in found
    assert {name for name in found if name.startswith("harness.cli.")} == {
        f"harness.cli.{name}" for name in ("base", "collection", "command_line", "startup")
    }
    assert len(found) <= 10, found


def test_the_list_of_all_claims_loads_no_experiment(tmp_path: Path) -> None:
    """It tells what is kept in the cache; the first one makes that, of experiments, which load their language and decoders,
    but no tables, plots and machines."""
    made = loaded(COMMAND, "list", FOLKLAB_CACHE=str(tmp_path))
    assert heavy(made) <= {
        *("_cffi_backend", "cffi", "experiments", "probes", "zstandard", "harness.catalogue", "harness.claims", "harness.lab"),
        *("harness.machine", "harness.evidence.schema"),
    }
    assert "experiments.shared_memory.tmpfs_dropped" in made
    found = loaded(COMMAND, "list", FOLKLAB_CACHE=str(tmp_path))
    assert heavy(found) == {"harness.catalogue", "harness.machine"}
    assert len(own(found)) <= 20, own(found)
    searched = loaded(COMMAND, "list", "--search", "tmpfs", FOLKLAB_CACHE=str(tmp_path))
    assert "experiments.shared_memory.tmpfs_dropped" in searched, "what words find is made where it is asked for"
    searched = loaded(COMMAND, "list", "--search", "tmpfs", FOLKLAB_CACHE=str(tmp_path))
    asked = loaded(COMMAND, "ask", "tmpfs", FOLKLAB_CACHE=str(tmp_path))
    assert "experiments" not in searched | asked


def test_a_run_begins_without_what_its_report_takes() -> None:
    """Tables, plots and templates are loaded while the guests work (`report.preload`), the rest where it is used."""
    found = loaded("import harness.run.run, harness.run.progress, harness.cli.answer, harness.reports.report")
    assert found & {"distributed", "jinja2", "matplotlib", "msgspec", "numpy", "pandas", "pyarrow", "scipy", "Stemmer"} == set()
