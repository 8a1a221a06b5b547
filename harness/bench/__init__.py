"""The lab's own speed: measured beside its peers, in turn, on one machine (docs/bench.md explains every row)."""
