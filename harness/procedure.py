"""The types of what a procedure works with, for its annotations: a catalogue is printed without loading what drives
machines, so at run time they are no more than names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.lab import Lab as Lab
    from harness.probe import Pending as Pending
    from harness.probe import Probe as Probe
    from harness.probe import Region as Region
    from harness.probe import SystemCall as SystemCall
    from harness.sandbox import Sandbox as Sandbox
else:
    Lab = Pending = Probe = Region = Sandbox = SystemCall = object
