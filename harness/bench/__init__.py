"""The lab measured itself: its speed beside its peers, in turn, on one machine (docs/bench.md explains every row), and the
noise of its counters."""
