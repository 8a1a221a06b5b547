"""Where the checkout is (or the installed package), and what lies in it that the harness reads or writes."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKOUT = (ROOT / "pyproject.toml").exists()  # else it is installed, and nobody's to write to
# Where run directories are made, if nothing else is said: below the current directory.
RUNS = Path("results/runs")
# Rows, medians and noise floors of `invoke bench`, in git.
BENCH = ROOT / "results" / "bench"
