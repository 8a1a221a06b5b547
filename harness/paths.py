"""Where the checkout is (or the installed package), and what lies in it that the harness reads or writes."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHECKOUT = (ROOT / "pyproject.toml").exists()  # else it is installed, and nobody's to write to
# Rows, medians and noise floors of `invoke bench`, in git.
BENCH = ROOT / "results" / "bench"
