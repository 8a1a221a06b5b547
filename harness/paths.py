"""Where the checkout is, and what lies in it that the harness reads or writes."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Rows, medians and noise floors of `invoke bench`, in git.
BENCH = ROOT / "results" / "bench"
