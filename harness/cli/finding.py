"""What `invoke doctor` has looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing looked at. vital: without it no experiment runs. remedy: what to type, if anything helps."""

    what: str
    good: bool
    said: str
    remedy: str = ""
    vital: bool = True
