"""The lab installed by pip, outside of the checkout: its command, its answers, packages that bring more experiments."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.paths import ROOT
from tests.commands import one_line
from tests.installed import LEFT_OUT, Installed, install

EXAMPLE = ROOT / "tests" / "example_package"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The lab and the example package, in an environment whose path has spaces, a comma and letters that are no ASCII."""
    found = install(tmp_path_factory.mktemp("installed"))
    source = found.cwd.parent / "example"
    shutil.copytree(EXAMPLE, source, ignore=LEFT_OUT)
    made = found.run("python", "-m", "pip", "install", "-q", str(source))
    assert made.returncode == 0, made.stdout + made.stderr
    return found


def test_one_name_lies_in_site_packages(installed: Installed) -> None:
    names = {path.name for path in installed.site.iterdir()}
    assert {"folklab", "folklab_example"} <= names
    assert not {"harness", "probes", "experiments", "results", "tests"} & names


def test_the_answers_travel_with_it(installed: Installed) -> None:
    listed = installed.folklab("list", "--search", "tmpfs-unreclaimable")
    assert listed.returncode == 0, listed.stderr
    assert "Can what was written to tmpfs be freed by drop_caches?" in " ".join(listed.stdout.split())
    explained = installed.folklab("explain", "tmpfs-unreclaimable")
    assert "Measured on 6.12" in explained.stdout, explained.stderr


def test_it_speaks_of_itself(installed: Installed) -> None:
    one_line(installed.folklab("run-experiment", "tmpfs-unreclaimabel"), 1, "did you mean tmpfs-unreclaimable")
    one_line(installed.folklab("judge", "latest"), 1, "start with `folklab run-experiment`")
    assert "Usage: folklab" in installed.folklab("judge", "--help").stdout
    assert "testbed" not in installed.folklab("--list").stdout  # of the checkout only
    assert (installed.cwd / "results").exists() is False


def test_a_program_may_import_its_modules(installed: Installed) -> None:
    done = installed.run("python", "-c", "import folklab; from harness.claims import Pages; print(Pages('a', 'b').name)")
    assert done.stdout == "resident pages of b at “a”\n", done.stderr


def test_a_package_adds_its_claims_and_holds_to_the_rules(installed: Installed) -> None:
    listed = installed.folklab("list", "--search", "example-")
    assert not listed.stderr.replace("folklab: compiling its probes, once (agent, probe, handover, _native)", "").strip()
    claims = [line for line in listed.stdout.splitlines() if line.startswith("example-")]
    assert sorted(claims) == ["example-calloc-touches", "example-dontneed-keeps"]
    for name in ("example-calloc", "madvise-frees"):
        checked = installed.folklab("false-evidence", name)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert "it holds to every rule" in checked.stdout


def test_new_writes_what_holds_to_the_rules(installed: Installed) -> None:
    made = installed.folklab("new", "mine-is-true", "--claim", 'Memory "as such" is\\n taken.', "--to", "mine")
    assert made.returncode == 0, made.stderr
    assert "then: folklab run-experiment mine-is-true --experiments mine" in made.stdout
    checked = installed.folklab("false-evidence", "mine-is-true", "--experiments", "mine")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    tested = installed.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "mine")
    assert tested.returncode == 0, tested.stdout
    one_line(installed.folklab("new", "mine-is-true", "--claim", "x", "--to", "mine"), 1, "it exists")
    one_line(installed.folklab("new", "Mine", "--claim", "x"), 1, "small letters")
    one_line(installed.folklab("new", "other"), 1, "--claim")
    one_line(installed.folklab("new", "tmpfs-dropped", "--claim", "x"), 1, "the catalogue has one of that name")


@pytest.mark.guest
def test_a_packages_experiment_is_judged_where_it_is_not_installed(installed: Installed, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    ran = installed.folklab("run-experiment", "madvise-frees", "--trials", "1", "--jobs", "1", "--results", str(runs))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "” — REFUTED\n  example-dontneed-keeps on " in ran.stdout
    assert "Not of the catalogue: package folklab-example 1.0" in ran.stdout
    (run,) = runs.iterdir()
    assert (run / "sources/madvise-frees/_ranges.py").read_bytes() == (EXAMPLE / "folklab_example/_ranges.py").read_bytes()
    removed = installed.run("python", "-m", "pip", "uninstall", "-q", "-y", "folklab-example")
    assert removed.returncode == 0, removed.stderr
    judged = installed.folklab("judge", str(run))
    assert "” — REFUTED\n  example-dontneed-keeps on " in judged.stdout, judged.stderr
    assert "none of its code was executed" in judged.stdout
    rows = json.loads(installed.folklab("judge", str(run), "--json").stdout)["verdicts"]
    assert rows == json.loads((run / "verdicts.json").read_text())["verdicts"]
