"""What commands load: no more than they use, since every one of them, and every completion of a word, waits for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.paths import ROOT

# What the catalogue, decoders, evidence, tables and plots stand on: a command line is read without any of it.
HEAVY = (
    *("_cffi_backend", "cffi", "experiments", "jinja2", "matplotlib", "msgspec", "numpy", "pandas", "probes", "pyarrow", "rich"),
    *("scipy", "zstandard", "harness.catalogue", "harness.claims", "harness.lab", "harness.machine", "harness.reports"),
    *("harness.evidence.schema", "harness.verdicts", "harness.finding", "harness.run.run", "harness.testbed", "harness.bench"),
)


def loaded(code: str, *words: str) -> set[str]:
    """Runs code in a process of its own: the modules that it has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint('loaded', *sys.modules)", *words],
        cwd=ROOT,
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
    code = """
from invoke.main import program
try:
    program.run(["invoke", *sys.argv[1:]], exit=False)
except SystemExit:
    pass
"""
    assert heavy(loaded(code, *words)) == set()


def test_the_list_of_all_claims_loads_neither_tables_nor_plots_nor_machines() -> None:
    code = """
from invoke.main import program
try:
    program.run(["invoke", "list"], exit=False)
except SystemExit:
    pass
"""
    assert heavy(loaded(code)) <= {
        *("_cffi_backend", "cffi", "experiments", "probes", "zstandard", "harness.catalogue", "harness.claims", "harness.lab"),
        *("harness.machine", "harness.reports", "harness.evidence.schema", "harness.verdicts", "harness.finding"),
    }


def test_a_run_begins_without_what_its_report_takes() -> None:
    """Tables, plots and templates are loaded while the guests work (`report.preload`), the rest where it is used."""
    found = loaded("import harness.run.run, harness.run.progress, harness.cli.answer, harness.reports.report")
    assert found & {"distributed", "jinja2", "matplotlib", "msgspec", "numpy", "pandas", "pyarrow", "scipy", "Stemmer"} == set()
