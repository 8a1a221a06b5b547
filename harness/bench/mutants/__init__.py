"""The instrument mutated: experiments and decoders that are broken on purpose, and who notices (docs/bench.md)."""
