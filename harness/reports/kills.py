"""Who was killed in a cell's OOMs: the rows of its recorded kernel logs, with the probes' names and wait statuses."""

from __future__ import annotations

import os
import signal
from typing import Any

from harness.evidence.recording import Recording
from harness.linux import oom_report


def rows(recording: Recording) -> list[dict[str, Any]]:
    """Lists the victims: the columns of oom_report.rows, `what` (the record's name), `probe` (or the process's own name) and
    `signal`, by which it ended."""
    found = []
    for what, record in recording.records.items():
        if not isinstance(record, dict) or not {"log", "pids", "ended"} <= set(record):
            continue
        names = {pid: name for name, pid in record["pids"].items()}
        ended = {pid: record["ended"].get(name) for pid, name in names.items()}
        for row in oom_report.rows(record["log"], ended):
            found.append({**row, "what": what, "probe": names.get(row["pid"], row["name"]), "signal": ended_by(row["ended"])})
    return found


def ended_by(status: int | None) -> str:
    if status is None:
        return "not watched"
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"status {os.WEXITSTATUS(status)}"
