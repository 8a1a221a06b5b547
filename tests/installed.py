"""The lab as a wheel in an environment of its own, for tests: installed by pip, with the dependencies that this one has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from harness.paths import ROOT

# What a wheel is made of. The checkout itself is left alone: pip would build in it.
MADE_OF = (
    *("pyproject.toml", "setup.py", "README.md", "LICENSE"),
    *("harness", "probes", "experiments", "results/reference", "results/bench"),
)
LEFT_OUT = shutil.ignore_patterns("__pycache__", "build", "_native*")
# pip asks no index: dependencies, and what builds the wheel, are this environment's.
LENT = f"import sys; sys.path.insert(0, {sysconfig.get_paths()['purelib']!r})"
PIP = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def copy_sources(to: Path) -> Path:
    """Copies what a wheel is made of."""
    for name in MADE_OF:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, to / name, ignore=LEFT_OUT)
        else:
            to.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name)
    return to


def lend(venv: Path) -> None:
    """Lets a new environment import what this one has installed, first: its setuptools makes wheels, and pip's copy of old may
    not. The lab itself is not among it: an editable installation is not followed through a path that is lent."""
    (site,) = (venv / "lib").glob("python3*/site-packages")
    (site / "lent.pth").write_text(LENT + "\n")


@dataclass(frozen=True)
class Installed:
    """An environment with the lab in it. cwd: where commands run, outside of any checkout."""

    venv: Path
    cwd: Path

    @property
    def site(self) -> Path:
        (found,) = (self.venv / "lib").glob("python3*/site-packages")
        return found

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
        return {**kept, **PIP, "PATH": f"{self.venv}/bin:{os.environ['PATH']}"}

    def run(self, *words: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Runs a program of the environment."""
        return subprocess.run(words, cwd=self.cwd, env=self.environment, capture_output=True, text=True, timeout=timeout)

    def folklab(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs the lab's command."""
        return self.run("folklab", *words)


def install(directory: Path) -> Installed:
    """Makes an environment and installs the lab in it."""
    venv, cwd = directory / "a venv, größer", directory / "elsewhere, ü"
    cwd.mkdir(parents=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    lend(venv)
    found = Installed(venv, cwd)
    made = found.run("python", "-m", "pip", "install", "-q", str(copy_sources(directory / "sources")))
    assert made.returncode == 0, made.stdout + made.stderr
    return found
