"""Python's end of probes/wire.h: the channel to the agent, and all that it carries out."""
