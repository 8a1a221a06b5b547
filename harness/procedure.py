"""The types of what a procedure works with, for its annotations: a catalogue is printed without loading what drives
machines, so at run time they are no more than names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.agent.target import Pending as Pending
    from harness.lab.lab import Lab as Lab
    from harness.lab.probe import Probe as Probe
    from harness.lab.probe import Region as Region
    from harness.lab.probe import SystemCall as SystemCall
    from harness.lab.sandbox import Sandbox as Sandbox
else:
    Lab = Pending = Probe = Region = Sandbox = SystemCall = object
