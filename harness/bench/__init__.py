"""The lab measured itself: its speed beside its peers, and the noise of its counters (docs/bench.md)."""
